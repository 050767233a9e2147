import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { Link } from "../../../protocol/link.ts";
import { Channel, TEXT_WAS_STREAMED } from "../../../protocol/original/channel.ts";
import { EaxKey } from "../../../protocol/original/eax.ts";
import { PLATFORM_ENTROPY } from "../../../protocol/original/entropy.ts";
import { encodeJsonObject } from "../../../protocol/original/json_text.ts";
import {
  aesKey,
  answer,
  checkPassed,
  done,
  keySent,
  type Members,
  readAesKey,
  readAnswer,
  readKeySent,
  readNodeWork,
  request,
  requestLineBytes,
  startPassed,
  startTest,
  unknownCommand,
} from "../../../protocol/original/messages.ts";
import { decodePublicKeyPem } from "../../../protocol/rsa_key.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { recordWrites } from "../../support/duplex_cuts.ts";
import { sampleBytes } from "../../support/site.ts";
import vectors from "../../vectors/original/vectors.json" with { type: "json" };

const PEM = vectors.rsa_oaep.public_pem;
const FILL = "00112233445566778899aabbccddeeff";
const OTHER_FILL = FILL.replace("0", "1");
const WRAPPED_BYTES = 256;
const WRAPPED = {
  wrappedSecret: sampleBytes(WRAPPED_BYTES, 1),
  nonce: sampleBytes(16, 2),
  tag: sampleBytes(16, 3),
  ciphertext: sampleBytes(32, 4),
};
const REQUEST = { name: "db.password", checksum: 909_783_072, fill: FILL };

function malformed(run: () => unknown): void {
  assertThrows(run, ProtocolError, "message-malformed");
}

function unexpected(run: () => unknown): void {
  assertThrows(run, ProtocolError, "message-unexpected");
}

/** The same message without a member. */
function without(members: Members, name: string): Members {
  const copy = new Map(members);
  assert(copy.delete(name));
  return copy;
}

/** The same message with another value, in the place of the old one. */
function having(members: Members, name: string, value: unknown): Members {
  return new Map(members).set(name, value);
}

/** What is neither absent nor of the type that was asked for. */
const NO_TEXTS = [null, 1, true, [], {}];

Deno.test("keySent writes the original's members in its order", () => {
  assertEquals([...keySent(PEM)], [["State", "KEYSENT"], ["PublicKey", PEM]]);
});

Deno.test("readKeySent reads what keySent writes", () => {
  assertEquals(readKeySent(keySent(PEM)), {
    publicKeyDer: decodePublicKeyPem(PEM),
    isNewer: false,
  });
});

Deno.test("readKeySent needs no State and takes one newline behind the key", () => {
  const { publicKeyDer } = readKeySent(new Map([["PublicKey", `${PEM}\n`]]));
  assertEquals(publicKeyDer, decodePublicKeyPem(PEM));
  assertThrows(() => readKeySent(keySent(`${PEM}\n\n`)), ProtocolError, "key-malformed");
});

Deno.test("readKeySent tells a node that speaks a later protocol too", () => {
  for (const version of [2, null, "x"]) {
    assert(readKeySent(having(keySent(PEM), "Version", version)).isNewer);
  }
});

Deno.test("readKeySent refuses a key that is absent, no text or no key", () => {
  malformed(() => readKeySent(without(keySent(PEM), "PublicKey")));
  for (const value of NO_TEXTS) {
    malformed(() => readKeySent(having(keySent(PEM), "PublicKey", value)));
  }
  for (const pem of ["", "\n", PEM.slice(1), PEM.replace("M", "N")]) {
    assertThrows(() => readKeySent(keySent(pem)), ProtocolError, "key-malformed");
  }
});

Deno.test("aesKey writes the original's members in its order", () => {
  assertEquals([...aesKey(WRAPPED).keys()], ["enc_session_key", "nonce", "tag", "cipher", "State"]);
  assertEquals(aesKey(WRAPPED).get("State"), "AESKEY");
  // So long is the original's own line, newline included.
  assertEquals(encodeJsonObject(aesKey(WRAPPED)).length + 1, 721);
});

Deno.test("readAesKey reads what aesKey writes, in either case and without its State", () => {
  assertEquals(readAesKey(aesKey(WRAPPED), WRAPPED_BYTES), WRAPPED);
  const upper = new Map([...aesKey(WRAPPED)].map(([name, value]) => [
    name,
    String(value).toUpperCase(),
  ]));
  assertEquals(readAesKey(without(upper, "State"), WRAPPED_BYTES), WRAPPED);
});

const AES_KEY_LENGTHS: readonly (readonly [name: string, good: number[], bad: number[]])[] = [
  ["enc_session_key", [256], [0, 255, 257, 512]],
  ["nonce", [1, 12, 16, 64], [0, 65]],
  ["tag", [16], [0, 4, 12, 15, 17]],
  ["cipher", [16, 24, 32], [0, 15, 33]],
];

for (const [name, good, bad] of AES_KEY_LENGTHS) {
  Deno.test(`readAesKey refuses a ${name} of another length, or that is no hex`, () => {
    const message = aesKey(WRAPPED);
    for (const length of good) {
      readAesKey(having(message, name, "0a".repeat(length)), WRAPPED_BYTES);
    }
    const length = good[0] ?? 0;
    const values = [
      ...bad.map((bytes) => "0a".repeat(bytes)),
      "0a".repeat(good.at(-2) ?? length) + "0",
      "0a".repeat(length - 1) + "0g",
      "\u00e9".repeat(length),
      ...NO_TEXTS,
    ];
    for (const value of values) {
      malformed(() => readAesKey(having(message, name, value), WRAPPED_BYTES));
    }
    malformed(() => readAesKey(without(message, name), WRAPPED_BYTES));
  });
}

Deno.test("startTest writes the original's members in its order", () => {
  const expected =
    '{"State": "STARTAES", "Text": "Test", "fill": "00112233445566778899aabbccddeeff"}';
  assertEquals(encodeJsonObject(startTest(FILL)), expected);
});

Deno.test("startPassed answers with all of the test, in its order", () => {
  const test = having(startTest(FILL), "Extra", { a: [1] });
  assertEquals([...startPassed(test)], [
    ["State", "STARTAES"],
    ["Text", "Passed"],
    ["fill", FILL],
    ["Extra", { a: [1] }],
  ]);
  assertEquals(test.get("Text"), "Test");
});

Deno.test("startPassed refuses what is no test", () => {
  for (const state of ["REQUEST", "startaes", null]) {
    unexpected(() => startPassed(having(startTest(FILL), "State", state)));
  }
  unexpected(() => startPassed(without(startTest(FILL), "State")));
  for (const text of ["Passed", "", null]) {
    malformed(() => startPassed(having(startTest(FILL), "Text", text)));
  }
});

Deno.test("checkPassed accepts the answer to our test, also without its fill", () => {
  const passed = startPassed(startTest(FILL));
  checkPassed(passed, FILL);
  checkPassed(without(passed, "fill"), FILL);
});

Deno.test("checkPassed refuses our own test, another's answer and another message", () => {
  const passed = startPassed(startTest(FILL));
  malformed(() => checkPassed(startTest(FILL), FILL));
  unexpected(() => checkPassed(passed, OTHER_FILL));
  for (const fill of NO_TEXTS) unexpected(() => checkPassed(having(passed, "fill", fill), FILL));
  unexpected(() => checkPassed(having(passed, "State", "DATA"), FILL));
});

Deno.test("request writes the original's members in its order", () => {
  assertEquals(
    encodeJsonObject(request(REQUEST)),
    `{"State": "REQUEST", "FILE": "db.password", "crc32": 909783072, "fill": "${FILL}"}`,
  );
});

Deno.test("readNodeWork reads what request writes", () => {
  const { name, checksum } = REQUEST;
  assertEquals(readNodeWork(request(REQUEST)), { kind: "request", name, checksum });
});

Deno.test("readNodeWork takes the digits of a checksum as a text", () => {
  for (const [value, checksum] of [["0", 0], ["4294967295", 4_294_967_295], [0.0, 0]] as const) {
    const work = readNodeWork(having(request(REQUEST), "crc32", value));
    assertEquals(work, { kind: "request", name: REQUEST.name, checksum });
  }
});

Deno.test("readNodeWork refuses a request without a checksum or without a name", () => {
  const bad = [null, "", "0xff", "-1", " 1", "1.0", "12345678901", 1.5, Infinity, true, []];
  for (const value of bad) malformed(() => readNodeWork(having(request(REQUEST), "crc32", value)));
  for (const name of ["crc32", "FILE"]) {
    malformed(() => readNodeWork(without(request(REQUEST), name)));
  }
  for (const value of NO_TEXTS) {
    malformed(() => readNodeWork(having(request(REQUEST), "FILE", value)));
  }
});

Deno.test("readNodeWork reads what done writes", () => {
  assertEquals([...done(FILL)], [["State", "DONE"], ["fill", FILL]]);
  assertEquals(readNodeWork(done(FILL)), { kind: "done" });
});

Deno.test("readNodeWork tells what it does not know, and what has no State", () => {
  for (const state of ["HELLO", "request", null, 1]) {
    assertEquals(readNodeWork(having(request(REQUEST), "State", state)), { kind: "unknown" });
  }
  assertEquals(readNodeWork(new Map()), { kind: "unknown" });
});

Deno.test("unknownCommand answers with all that came, unchanged", () => {
  const received = new Map<string, unknown>([["State", "HELLO"], ["x", [1]]]);
  assertEquals([...unknownCommand(received)], [
    ["State", "HELLO"],
    ["x", [1]],
    ["Body", ""],
    ["Status", "Unknown Command"],
  ]);
});

Deno.test("answer repeats the request and ends in the original's two orders", () => {
  const requested = having(request(REQUEST), "Extra", null);
  const echo = [
    ["State", "DATA"],
    ["FILE", "db.password"],
    ["crc32", 909_783_072],
    ["fill", FILL],
    ["Extra", null],
  ];
  assertEquals<unknown>([...answer(requested, { status: "Success", body: "x" })], [
    ...echo,
    ["Body", "x"],
    ["Status", "Success"],
  ]);
  assertEquals<unknown>([...answer(requested, { status: "FileNotFound" })], [
    ...echo,
    ["Body", ""],
    ["Status", "FileNotFound"],
  ]);
  assertEquals<unknown>([...answer(requested, { status: "Match" })], [
    ...echo,
    ["Status", "Match"],
    ["Body", ""],
  ]);
});

Deno.test("answer puts its own Body and Status last where the request has members of these names", () => {
  const requested = new Map<string, unknown>([["Status", 1], ["Body", "old"], ...request(REQUEST)]);
  for (const status of ["Success", "Match", "FileNotFound"] as const) {
    assertEquals([...answer(requested, { status })], [...answer(request(REQUEST), { status })]);
  }
});

/** An answer as a node sees it, once its text was handed on. */
function answered(status: "Success" | "Match" | "FileNotFound"): Members {
  return having(answer(request(REQUEST), { status }), "Body", TEXT_WAS_STREAMED);
}

for (const status of ["Success", "Match", "FileNotFound"] as const) {
  Deno.test(`readAnswer reads the answer ${status}`, () => {
    assertEquals(readAnswer(answered(status), REQUEST), status);
  });
}

Deno.test("readAnswer needs no echo, and no text where none was sent", () => {
  assertEquals(
    readAnswer(without(without(answered("Success"), "FILE"), "fill"), REQUEST),
    "Success",
  );
  assertEquals(readAnswer(without(answered("Match"), "Body"), REQUEST), "Match");
  assertEquals(readAnswer(without(answered("FileNotFound"), "Body"), REQUEST), "FileNotFound");
});

Deno.test("readAnswer refuses the answer to another request", () => {
  for (const status of ["Success", "Match", "FileNotFound"] as const) {
    unexpected(() => readAnswer(having(answered(status), "fill", OTHER_FILL), REQUEST));
    unexpected(() => readAnswer(having(answered(status), "FILE", "other"), REQUEST));
    unexpected(() => readAnswer(having(answered(status), "FILE", null), REQUEST));
  }
});

Deno.test("readAnswer refuses another message, another status, and success without a text", () => {
  unexpected(() => readAnswer(request(REQUEST), REQUEST));
  unexpected(() => readAnswer(without(answered("Success"), "State"), REQUEST));
  for (const status of ["", "success", "Unknown Command", ...NO_TEXTS]) {
    malformed(() => readAnswer(having(answered("Success"), "Status", status), REQUEST));
  }
  malformed(() => readAnswer(without(answered("Success"), "Status"), REQUEST));
  malformed(() => readAnswer(without(answered("Success"), "Body"), REQUEST));
  for (const body of NO_TEXTS) {
    malformed(() => readAnswer(having(answered("Success"), "Body", body), REQUEST));
  }
});

for (const name of ["a", "db.password", "caf\u00e9/\u{1f511}", 'quo"te\\', "x".repeat(3_000)]) {
  Deno.test(`requestLineBytes is the length of the longest line for ${name.slice(0, 12)}`, async () => {
    const writes: Uint8Array[] = [];
    const [near, far] = duplexPair();
    const channel = new Channel(new Link(recordWrites(near, writes)), PLATFORM_ENTROPY);
    channel.key = await EaxKey.import(sampleBytes(32));
    const reading = far.readable.getReader().read();
    const longest = request({ name, checksum: 4_294_967_295, fill: PLATFORM_ENTROPY.fill() });
    await channel.writeSealed(longest, { newline: true });
    await reading;
    assertEquals(writes.map(({ length }) => length), [requestLineBytes(name)]);
    const plaintextBytes = encodeUtf8(encodeJsonObject(longest)).length;
    assertEquals(requestLineBytes(name), 106 + 2 * plaintextBytes + 1);
  });
}
