import fc from "fast-check";
import { copyBytes, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import {
  ConnectionError,
  FluxVaultError,
  OriginalPeerError,
  ProtocolError,
} from "../../protocol/errors.ts";
import { handshakeAsAgent, handshakeAsKeeper } from "../../protocol/handshake.ts";
import {
  decodeAgentOpening,
  decodeKeeperOpening,
  encodeAgentOpening,
  encodeKeeperOpening,
  SUITE_RSA_OAEP,
} from "../../protocol/opening.ts";
import { decodePublicKeyPem } from "../../protocol/rsa_key.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { deafDuplex, flipBit, streamOf } from "../support/duplex_cuts.ts";
import { agentOptions, fixedRsaKeyPair, keeperOptions } from "../support/session_pair.ts";

const { publicKeyPem } = await fixedRsaKeyPair();
const LINE_1 = encodeAgentOpening({
  publicKeyPem,
  suites: ["FUTURE+1", SUITE_RSA_OAEP],
  nonce: new Uint8Array(32).fill(1),
});
const LINE_2 = encodeKeeperOpening({
  suite: SUITE_RSA_OAEP,
  nonce: new Uint8Array(32).fill(2),
  wrappedSecret: new Uint8Array(256).fill(3),
});

/** Writes a line with some members changed; `undefined` leaves one out. */
function bend(line: Uint8Array, change: Record<string, unknown>) {
  const members = JSON.parse(new TextDecoder().decode(line));
  return encodeUtf8(JSON.stringify({ ...members, ...change }) + "\n");
}

Deno.test("decodeAgentOpening reads what encodeAgentOpening writes", () => {
  assertEquals(decodeAgentOpening(LINE_1), {
    publicKeyPem,
    publicKeyDer: decodePublicKeyPem(publicKeyPem),
    suites: ["FUTURE+1", SUITE_RSA_OAEP],
    nonce: new Uint8Array(32).fill(1),
  });
});

Deno.test("decodeKeeperOpening reads what encodeKeeperOpening writes", () => {
  assertEquals(decodeKeeperOpening(LINE_2, 256), {
    suite: SUITE_RSA_OAEP,
    nonce: new Uint8Array(32).fill(2),
    wrappedSecret: new Uint8Array(256).fill(3),
  });
});

Deno.test("decodeKeeperOpening knows a client of the original by its one member", () => {
  const line = encodeUtf8('{"State":"AESKEY","enc_session_key":"x"}\n');
  assertEquals(decodeKeeperOpening(line, 256), { isOriginal: true });
  for (const text of ['{"enc_session_key":1}\n', '{"State":"AESKEY"}\n']) {
    const run = () => decodeKeeperOpening(encodeUtf8(text), 256);
    assertThrows(run, ProtocolError, "message-malformed");
  }
  // With a Version it is protocol 2 or nothing.
  const both = bend(LINE_2, { enc_session_key: "x", Version: 1 });
  assertThrows(() => decodeKeeperOpening(both, 256), ProtocolError, "version-unsupported");
});

Deno.test("decodeAgentOpening knows a node of the original by a key without a version", () => {
  for (
    const text of [
      JSON.stringify({ State: "KEYSENT", PublicKey: publicKeyPem }),
      '{"PublicKey":""}',
    ]
  ) {
    const run = () => decodeAgentOpening(encodeUtf8(`${text}\n`));
    const error = assertThrows(run, OriginalPeerError, "version-unsupported");
    assert(error instanceof ProtocolError && error.name === "ProtocolError");
  }
  const others = [
    bend(LINE_1, { Version: undefined, PublicKey: 5 }),
    bend(LINE_1, { Version: undefined, PublicKey: undefined }),
    bend(LINE_1, { Version: 1 }),
    bend(LINE_1, { Version: null }),
  ];
  for (const line of others) {
    const error = assertThrows(
      () => decodeAgentOpening(line),
      ProtocolError,
      "version-unsupported",
    );
    assert(!(error instanceof OriginalPeerError));
  }
});

const TEXT_1 = new TextDecoder().decode(LINE_1);
const FORMS: readonly (readonly [what: string, line: Uint8Array<ArrayBuffer>, code: string])[] = [
  ["a byte order mark", encodeUtf8("\ufeff" + TEXT_1), "message-malformed"],
  ["a space in front", encodeUtf8(" " + TEXT_1), "message-malformed"],
  ["no newline", LINE_1.slice(0, -1), "message-malformed"],
  ["a newline within", encodeUtf8(TEXT_1.replace(",", ",\n")), "message-malformed"],
  ["bytes behind the newline", encodeUtf8(TEXT_1 + "x"), "message-malformed"],
  ["a second object", encodeUtf8(TEXT_1.replace("\n", "{}\n")), "message-malformed"],
  [
    "bytes that are no UTF-8",
    new Uint8Array([...LINE_1.slice(0, -2), 0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]),
    "message-malformed",
  ],
  ["a lone surrogate", encodeUtf8(TEXT_1.replace("{", '{"a":"\\ud800",')), "message-malformed"],
  [
    "a lone surrogate in a name",
    encodeUtf8(TEXT_1.replace("{", '{"\\ud800":1,')),
    "message-malformed",
  ],
  [
    "nesting of 16 below",
    encodeUtf8(TEXT_1.replace("{", `{"a":${"[".repeat(16)}${"]".repeat(16)},`)),
    "message-malformed",
  ],
  [
    "nesting of 4,000",
    encodeUtf8(TEXT_1.replace("{", `{"a":${"[".repeat(3_000)}${"]".repeat(3_000)},`)),
    "message-malformed",
  ],
  ["NaN", encodeUtf8(TEXT_1.replace('"Version":2', '"Version":NaN')), "message-malformed"],
  ["more than 8,192 bytes", bend(LINE_1, { a: "x".repeat(8_000) }), "line-too-long"],
  ["another State", bend(LINE_1, { State: "AESKEY" }), "message-malformed"],
  ["no Version", bend(LINE_1, { Version: undefined }), "version-unsupported"],
  ["Version 1", bend(LINE_1, { Version: 1 }), "version-unsupported"],
  ["Version in quotes", bend(LINE_1, { Version: "2" }), "version-unsupported"],
  ["a key that is a number", bend(LINE_1, { PublicKey: 5 }), "message-malformed"],
  ["a key that is not one", bend(LINE_1, { PublicKey: "-----BEGIN x" }), "key-malformed"],
  ["a key and a newline", bend(LINE_1, { PublicKey: publicKeyPem + "\n" }), "key-malformed"],
  ["suites that are no list", bend(LINE_1, { Suites: SUITE_RSA_OAEP }), "message-malformed"],
  ["17 suites", bend(LINE_1, { Suites: Array(17).fill("a") }), "message-malformed"],
  ["a suite of no characters", bend(LINE_1, { Suites: [""] }), "message-malformed"],
  ["a nonce of 31 bytes", bend(LINE_1, { Nonce: "00".repeat(31) }), "message-malformed"],
  ["a nonce in upper case", bend(LINE_1, { Nonce: "AA".repeat(32) }), "message-malformed"],
  [
    "a duplicate member of which the last is bad",
    encodeUtf8(TEXT_1.replace("}\n", ',"Nonce":1}\n')),
    "message-malformed",
  ],
];

for (const [what, line, code] of FORMS) {
  Deno.test(`decodeAgentOpening refuses ${what} with ${code}`, () => {
    assertThrows(() => decodeAgentOpening(line), ProtocolError, code);
  });
}

Deno.test("decodeAgentOpening takes the last of a duplicate, unknown members, CRLF, 15 deep", () => {
  const line = TEXT_1
    .replace("{", `{"Nonce":1,"Unknown":${"[".repeat(15)}${"]".repeat(15)},`)
    .replace("\n", "\r\n");
  assertEquals(decodeAgentOpening(encodeUtf8(line)).nonce, new Uint8Array(32).fill(1));
});

Deno.test("decodeAgentOpening takes a line of exactly 8,192 bytes", () => {
  const spare = 8_192 - LINE_1.length - ',"a":""'.length;
  const line = bend(LINE_1, { a: "x".repeat(spare) });
  assertEquals(line.length, 8_192);
  decodeAgentOpening(line);
  const longer = bend(LINE_1, { a: "x".repeat(spare + 1) });
  assertThrows(() => decodeAgentOpening(longer), ProtocolError, "line-too-long");
});

const CHOICES: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["another State", { State: "KEYSENT" }, "message-malformed"],
  ["a suite that was not offered", { Suite: "FUTURE+1" }, "suite-unsupported"],
  ["no suite", { Suite: undefined }, "message-malformed"],
  ["a short key", { Key: "00".repeat(255) }, "message-malformed"],
  ["a long key", { Key: "00".repeat(257) }, "message-malformed"],
  ["a Version that is null", { Version: null }, "version-unsupported"],
];

for (const [what, change, code] of CHOICES) {
  Deno.test(`decodeKeeperOpening refuses ${what} with ${code}`, () => {
    assertThrows(() => decodeKeeperOpening(bend(LINE_2, change), 256), ProtocolError, code);
  });
}

Deno.test("decodeAgentOpening and decodeKeeperOpening throw a ProtocolError or read on at any flipped bit", () => {
  for (
    const [line, decode] of [
      [LINE_1, decodeAgentOpening],
      [LINE_2, (bytes: Uint8Array<ArrayBuffer>) => decodeKeeperOpening(bytes, 256)],
    ] as const
  ) {
    for (let bit = 0; bit < line.length * 8; bit++) {
      try {
        decode(flipBit(line, bit));
      } catch (error) {
        assert(error instanceof ProtocolError, `bit ${bit}: ${error}`);
      }
    }
  }
});

Deno.test("handshakeAsKeeper refuses an agent whose suites it does not know", async () => {
  const line = encodeAgentOpening({ publicKeyPem, suites: ["FUTURE+1"], nonce: randomBytes(32) });
  const run = () => handshakeAsKeeper(deafDuplex(streamOf(line)), keeperOptions());
  await assertRejects(run, ProtocolError, "suite-unsupported");
});

const LINES: readonly (readonly [line: string, agent: string, keeper: string])[] = [
  ["\n", "message-malformed", "message-malformed"],
  ["SSH-2.0-OpenSSH_9.9\r\n", "message-malformed", "message-malformed"],
  ['{"enc_session_key":"x"}\n', "version-unsupported", "version-unsupported"],
  ['{"State":"KEYSENT","PublicKey":"x"}\n', "message-malformed", "version-unsupported"],
  ['{"State":"AESKEY","Version":3}\n', "version-unsupported", "version-unsupported"],
  [`{"a":"${"x".repeat(8_183)}"}\n`, "message-malformed", "version-unsupported"],
  [`{"a":"${"x".repeat(8_184)}"}\n`, "line-too-long", "line-too-long"],
  ["{", "truncated", "truncated"],
  ["", "truncated", "truncated"],
];

for (const [line, agent, keeper] of LINES) {
  const name = JSON.stringify(line.slice(0, 30));
  Deno.test(`handshakeAsAgent meets line 2 ${name} (${line.length}) with ${agent}`, async () => {
    const options = await agentOptions();
    const run = () => handshakeAsAgent(deafDuplex(streamOf(encodeUtf8(line))), options);
    await assertRejects(run, FluxVaultError, agent);
  });
  Deno.test(`handshakeAsKeeper meets line 1 ${name} (${line.length}) with ${keeper}`, async () => {
    const run = () => handshakeAsKeeper(deafDuplex(streamOf(encodeUtf8(line))), keeperOptions());
    await assertRejects(run, FluxVaultError, keeper);
  });
}

Deno.test("handshakeAsAgent and handshakeAsKeeper meet arbitrary bytes with an error of ours", async () => {
  const start = fc.constantFrom("", "{", '{"State":"KEYSENT","Version":2,', '{"Version":2}\n');
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (head, tail) => {
      const wire = () => deafDuplex(streamOf(encodeUtf8(head), copyBytes(tail)));
      const options = await agentOptions();
      for (
        const run of [
          () => handshakeAsAgent(wire(), options),
          () => handshakeAsKeeper(wire(), keeperOptions()),
        ]
      ) {
        const error = await assertRejects(run, FluxVaultError);
        assert(error instanceof ProtocolError || error instanceof ConnectionError);
      }
    }),
    { numRuns: 100 },
  );
});
