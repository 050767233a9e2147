import { base64 } from "@scure/base";
import { decodeUtf8, encodeHex, encodeUtf8, randomBytes } from "../../../protocol/bytes.ts";
import { type Duplex, duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError, OriginalRefusedError, ProtocolError } from "../../../protocol/errors.ts";
import { handshakeAsAgent, openAsAgent } from "../../../protocol/handshake.ts";
import { MAX_NODE_LINE_BYTES } from "../../../protocol/original/limits.ts";
import { EaxKey } from "../../../protocol/original/eax.ts";
import {
  acceptOriginal,
  openOriginalAsAgent,
  openOriginalAsKeeper,
  type OriginalOptions,
  type OriginalSession,
} from "../../../protocol/original/handshake.ts";
import { decodePublicKeyPem, encodePublicKeyPem } from "../../../protocol/rsa_key.ts";
import type { Session } from "../../../protocol/session.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { cutIntoBytes, recordWrites } from "../../support/duplex_cuts.ts";
import {
  assertFails,
  fixedSharedRsaKeyPair,
  type KeyOffer,
  KNOWN_KEY,
  type Message,
  openOriginalPair,
  playAgainst,
  sayAesKey,
  sayKeySent,
  ScriptedPeer,
  type WatchedLease,
  watchedLease,
} from "../../support/original_pair.ts";
import { agentOptions } from "../../support/session_pair.ts";

const SOON_MS = 250;
const { publicKeyPem: PEM } = await fixedSharedRsaKeyPair();

class Reason extends Error {}

type Play = (peer: ScriptedPeer) => Promise<unknown>;

/** Runs our agent against a vault that a test plays. */
async function agentAgainst(
  play: (vault: ScriptedPeer, writes: readonly Uint8Array[]) => Promise<unknown>,
  options: OriginalOptions = {},
): Promise<{ result: OriginalSession | Error; ends: string[]; writes: Uint8Array[] }> {
  const [near, far] = duplexPair();
  const writes: Uint8Array[] = [];
  const lease = await watchedLease();
  const opening = openOriginalAsAgent(recordWrites(near, writes), { ...options, lease });
  const peer = new ScriptedPeer(far);
  const result = await playAgainst(opening, { peer, play: (vault) => play(vault, writes) });
  return { result, ends: lease.ends, writes };
}

/** Runs our keeper against a node that a test plays. */
async function keeperAgainst(
  play: Play,
  options: Parameters<typeof openOriginalAsKeeper>[1] = {},
): Promise<OriginalSession | Error> {
  const [near, far] = duplexPair();
  const opening = openOriginalAsKeeper(far, { entropy: KNOWN_KEY, ...options });
  return await playAgainst(opening, { peer: new ScriptedPeer(near), play });
}

/** Plays the whole vault, with another STARTAES where the test says one. */
async function agree(vault: ScriptedPeer, offer: KeyOffer = {}, more: Message = {}): Promise<void> {
  await sayAesKey(vault, offer);
  await vault.say({ ...await vault.read(), Text: "Passed", ...more });
}

const TEST = { State: "STARTAES", Text: "Test", fill: "00".repeat(16) };

Deno.test("openOriginalAsAgent and openOriginalAsKeeper agree on a key", async () => {
  const { agent, keeper, lease } = await openOriginalPair();
  const [node, vault] = [new ScriptedPeer(agent), new ScriptedPeer(keeper)];
  const question = { State: "REQUEST", FILE: "caf\u00e9" };
  const [, heard] = await Promise.all([node.say(question), vault.read()]);
  assertEquals(heard, question);
  const [, told] = await Promise.all([vault.say({ Status: "Match" }), node.read()]);
  assertEquals(told, { Status: "Match" });
  assertEquals(keeper.isNodeNewer, false);
  assertEquals(lease.ends, ["retired", "released"]);
});

Deno.test("openOriginalAsAgent and openOriginalAsKeeper agree when every byte comes alone", async () => {
  const { agent, keeper } = await openOriginalPair({
    wire: ([agent, keeper]) => [cutIntoBytes(agent), cutIntoBytes(keeper)],
  });
  const [, heard] = await Promise.all([
    new ScriptedPeer(agent).say({ State: "DONE" }),
    new ScriptedPeer(keeper).read(),
  ]);
  assertEquals(heard, { State: "DONE" });
});

Deno.test("openOriginalAsAgent sends the original's KEYSENT of 496 bytes", async () => {
  const { agentWrites: [line = new Uint8Array(0)] } = await openOriginalPair();
  assertEquals(line.length, 496);
  const pem = JSON.stringify(PEM);
  assertEquals(decodeUtf8(line), `{"State": "KEYSENT", "PublicKey": ${pem}}\n`);
});

Deno.test("openOriginalAsKeeper sends an AESKEY and an answer in the original's form, each at once", async () => {
  const { keeperWrites, agentWrites } = await openOriginalPair();
  assertEquals([agentWrites.length, keeperWrites.length], [2, 2]);
  const [key = "", answer = ""] = keeperWrites.map((line) => decodeUtf8(line));
  assertMatch(
    key,
    /^{"enc_session_key": "[0-9a-f]{512}", "nonce": "[0-9a-f]{32}", "tag": "[0-9a-f]{32}", "cipher": "[0-9a-f]{64}", "State": "AESKEY"}\n$/,
  );
  const test = decodeUtf8(agentWrites[1] ?? new Uint8Array(0));
  for (const line of [test, answer]) {
    assertMatch(
      line,
      /^{"nonce": "[0-9a-f]{32}", "tag": "[0-9a-f]{32}", "ciphertext": "[^"]+"}\n$/,
    );
  }
  // "Passed" has two letters more than "Test".
  assertEquals(answer.length, test.length + 4);
});

for (const length of [16, 24, 32]) {
  Deno.test(`openOriginalAsAgent takes a session key of ${length} bytes, and a secret of so many`, async () => {
    for (const offer of [{ sessionKey: randomBytes(length) }, { secret: randomBytes(length) }]) {
      const { result, ends } = await agentAgainst((vault) => agree(vault, offer));
      assert(!(result instanceof Error), String(result));
      assertEquals(ends, ["retired", "released"]);
    }
  });
}

Deno.test("openOriginalAsAgent takes the letters of the original's key, in upper case too", async () => {
  const sessionKey = encodeUtf8(encodeHex(randomBytes(16)));
  const bend: KeyOffer["bend"] = (members) => {
    for (const [name, value] of Object.entries(members)) members[name] = value.toUpperCase();
  };
  const { ends } = await agentAgainst((vault) => agree(vault, { sessionKey, bend }));
  assertEquals(ends, ["retired", "released"]);
});

function flip(hex: string = ""): string {
  return (hex.startsWith("0") ? "1" : "0") + hex.slice(1);
}

const BAD_KEYS: Readonly<Record<string, readonly [code: string, offer: KeyOffer]>> = {
  "whose tag is wrong": ["open-failed", { bend: (key) => key["tag"] = flip(key["tag"]) }],
  "whose cipher is wrong": ["open-failed", { bend: (key) => key["cipher"] = flip(key["cipher"]) }],
  "whose wrapped secret is garbled": ["open-failed", {
    bend: (key) => key["enc_session_key"] = flip(key["enc_session_key"]),
  }],
  "whose wrapped secret is no number below the modulus": ["open-failed", {
    bend: (key) => key["enc_session_key"] = "ff".repeat(256),
  }],
  "that is wrapped as in protocol 2": ["open-failed", { hash: "SHA-256" }],
  "with a secret of 20 bytes": ["open-failed", { secret: randomBytes(20) }],
  "with a session key of 20 bytes": ["open-failed", { sessionKey: randomBytes(20) }],
  "whose wrapped secret is short": ["message-malformed", {
    bend: (key) => key["enc_session_key"] = key["enc_session_key"]?.slice(2) ?? "",
  }],
  "whose tag was cut": ["message-malformed", {
    bend: (key) => key["tag"] = key["tag"]?.slice(2) ?? "",
  }],
  "without a cipher": ["message-malformed", { bend: (key) => delete key["cipher"] }],
};

for (const [what, [code, offer]] of Object.entries(BAD_KEYS)) {
  Deno.test(`openOriginalAsAgent ends with ${code} at an AESKEY ${what}, and says nothing`, async () => {
    const { result, ends, writes } = await agentAgainst((vault) => sayAesKey(vault, offer));
    assertFails(result, ProtocolError, code);
    assertEquals([ends, writes.length], [["released"], 1]);
  });
}

Deno.test("openOriginalAsAgent ends with message-malformed at an AESKEY that is no object", async () => {
  for (const line of ["[]", "null", "{", "\u00ff"]) {
    const { result, ends } = await agentAgainst(async (vault) => {
      await vault.readClear();
      await vault.send(encodeUtf8(`${line}\n`));
    });
    assertFails(result, ProtocolError, "message-malformed");
    assertEquals(ends, ["released"]);
  }
});

Deno.test("openOriginalAsAgent takes no AESKEY of more than 8,192 bytes", async () => {
  const { result, ends } = await agentAgainst(async (vault) => {
    await vault.readClear();
    await vault.send(new Uint8Array(MAX_NODE_LINE_BYTES).fill(0x20));
  });
  assertFails(result, ProtocolError, "line-too-long");
  assertEquals(ends, ["released"], "a stranger costs no key");
});

type BadAnswer = (vault: ScriptedPeer, writes: readonly Uint8Array[]) => Promise<unknown>;
const BAD_ANSWERS: Readonly<Record<string, readonly [code: string, play: BadAnswer]>> = {
  "answers another test": ["message-unexpected", (vault) => {
    return agree(vault, {}, { fill: "00".repeat(16) });
  }],
  "is another message": ["message-unexpected", (vault) => agree(vault, {}, { State: "DATA" })],
  "says Test": ["message-malformed", (vault) => agree(vault, {}, { Text: "Test" })],
  "is the node's own, sent back": ["open-failed", async (vault, writes) => {
    await sayAesKey(vault);
    await vault.read();
    await vault.send(writes[1]);
  }],
  "is sealed with another key": ["open-failed", async (vault) => {
    await sayAesKey(vault);
    const test = await vault.read();
    vault.channel.key = await EaxKey.import(randomBytes(32));
    await vault.say({ ...test, Text: "Passed" });
  }],
};

for (const [what, [code, play]] of Object.entries(BAD_ANSWERS)) {
  Deno.test(`openOriginalAsAgent refuses a STARTAES with ${code} that ${what}`, async () => {
    const { result, ends } = await agentAgainst(play);
    assertFails(result, ProtocolError, code);
    assertEquals(ends, ["released"]);
  });
}

/** Writes what is in a key as a PEM of that kind. */
function pemOf(der: Uint8Array, kind: string): string {
  const lines = base64.encode(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`].join("\n");
}

const SPKI = decodePublicKeyPem(PEM);
const SMALL = await crypto.subtle.generateKey(
  { name: "RSA-OAEP", hash: "SHA-1", modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1) },
  true,
  ["encrypt", "decrypt"],
);
const SMALL_SPKI = new Uint8Array(await crypto.subtle.exportKey("spki", SMALL.publicKey));

const BAD_PEMS: Readonly<Record<string, string>> = {
  "in PKCS#1": pemOf(SPKI.subarray(24), "RSA PUBLIC KEY"),
  "in PKCS#1 that claims to be the other": pemOf(SPKI.subarray(24), "PUBLIC KEY"),
  "of 1024 bits": encodePublicKeyPem(SMALL_SPKI),
  "that was cut": PEM.slice(0, 300),
  "without its last line": PEM.slice(0, PEM.lastIndexOf("\n")),
  "on one line": PEM.replaceAll("\n", ""),
  "with CRLF": PEM.replaceAll("\n", "\r\n"),
  "with two newlines behind it": `${PEM}\n\n`,
  "that is empty": "",
};

for (const [what, pem] of Object.entries(BAD_PEMS)) {
  Deno.test(`openOriginalAsKeeper refuses a key ${what} with key-malformed, and says nothing`, async () => {
    const result = await keeperAgainst(async (node) => {
      await node.sayClear({ State: "KEYSENT", PublicKey: pem });
      await assertRejects(() => node.readClear(), ConnectionError, "connection-lost");
    });
    assertFails(result, ProtocolError, "key-malformed");
  });
}

const BAD_TESTS: Readonly<Record<string, readonly [code: string, members: Message]>> = {
  "is another message": ["message-unexpected", { ...TEST, State: "DONE" }],
  "says Passed": ["message-malformed", { ...TEST, Text: "Passed" }],
  "says nothing": ["message-malformed", { State: "STARTAES" }],
  "is of who lacks the private key": ["open-failed", TEST],
};

for (const [what, [code, members]] of Object.entries(BAD_TESTS)) {
  Deno.test(`openOriginalAsKeeper refuses a STARTAES with ${code} that ${what}`, async () => {
    const result = await keeperAgainst(async (node) => {
      await sayKeySent(node, PEM);
      if (code === "open-failed") node.channel.key = await EaxKey.import(randomBytes(32));
      await node.say(members);
    });
    assertFails(result, ProtocolError, code);
  });
}

Deno.test("openOriginalAsKeeper repeats members of the node's STARTAES that it does not know", async () => {
  const result = await keeperAgainst(async (node) => {
    await sayKeySent(node, PEM, { Extra: [1] });
    await node.say({ ...TEST, Extra: { a: [null, 1.5] } });
    assertEquals(await node.read(), { ...TEST, Text: "Passed", Extra: { a: [null, 1.5] } });
  });
  assert(!(result instanceof Error), String(result));
});

/** Opens as an agent that speaks both wires. */
async function openAsEither(near: Duplex, lease: WatchedLease): Promise<Session | OriginalSession> {
  const options = await agentOptions({ keys: { lease: () => Promise.resolve(lease) } });
  return await openAsAgent(near, {
    ...options,
    onOriginal: (greeting) => acceptOriginal(greeting),
  });
}

Deno.test("acceptOriginal ends the connection with the handshake, and releases the key", async () => {
  const [near, far] = duplexPair();
  const lease = await watchedLease();
  const play = async (vault: ScriptedPeer) => {
    await sayAesKey(vault, { sessionKey: randomBytes(20) });
    await assertRejects(() => vault.readClear(), ConnectionError, "connection-lost");
  };
  const peer = new ScriptedPeer(far);
  const result = await playAgainst(openAsEither(near, lease), { peer, play });
  assertFails(result, ProtocolError, "open-failed");
  assertEquals(lease.ends, ["released"]);
});

Deno.test("openOriginalAsKeeper tells a node that offers protocol 2 as well, and acceptOriginal goes on", async () => {
  const [near, far] = duplexPair();
  const lease = await watchedLease();
  const [agent, keeper] = await Promise.all([openAsEither(near, lease), openOriginalAsKeeper(far)]);
  assert("channel" in agent && keeper.isNodeNewer);
  assertEquals(lease.ends, ["retired", "released"]);
  const [, heard] = await Promise.all([
    new ScriptedPeer(agent).say({ State: "DONE" }),
    new ScriptedPeer(keeper).read(),
  ]);
  assertEquals(heard, { State: "DONE" });
});

Deno.test("openOriginalAsKeeper says so where an agent of protocol 2 hangs up at AESKEY", async () => {
  const [near, far] = duplexPair();
  const [refusal] = await Promise.all([
    assertRejects(() => openOriginalAsKeeper(far), OriginalRefusedError, "truncated"),
    assertRejects(
      async () => await handshakeAsAgent(near, await agentOptions()),
      ProtocolError,
      "version-unsupported",
    ),
  ]);
  assert(refusal.cause instanceof ConnectionError);
});

Deno.test("openOriginalAsKeeper takes the end of a node of the original for an end", async () => {
  for (const isNewer of [false, true]) {
    const result = await keeperAgainst(async (node) => {
      await sayKeySent(node, PEM, isNewer ? { Version: 2 } : {});
      await node.link.close();
    });
    assertFails(result, ConnectionError, "truncated");
    assertEquals(result instanceof OriginalRefusedError, isNewer);
  }
});

Deno.test("openOriginalAsAgent and openOriginalAsKeeper say nothing where the signal is aborted", async () => {
  const reason = new Reason();
  const options = { signal: AbortSignal.abort(reason) };
  const { result, writes } = await agentAgainst(() => Promise.resolve(), options);
  assert(result === reason && writes.length === 0, String(result));
  assert(await keeperAgainst(() => Promise.resolve(), options) === reason);
});

/** How far a peer goes before it says nothing any more, for each message that is waited for. */
const SILENT_VAULTS: Readonly<Record<string, Play>> = {
  "AESKEY": (vault) => vault.readClear(),
  "STARTAES": (vault) => sayAesKey(vault).then(() => vault.read()),
};
const SILENT_NODES: Readonly<Record<string, Play>> = {
  "KEYSENT": () => Promise.resolve(),
  "STARTAES": (node) => sayKeySent(node, PEM),
  "STARTAES of one that is newer": (node) => sayKeySent(node, PEM, { Version: 2 }),
};

const HASTE = { messageTimeoutMs: SOON_MS, keySentTimeoutMs: SOON_MS };

for (const [what, play] of Object.entries(SILENT_VAULTS)) {
  Deno.test(`openOriginalAsAgent waits for ${what} no longer than it is told`, async () => {
    const { result, ends } = await agentAgainst(play, HASTE);
    assertFails(result, ConnectionError, "timed-out");
    assertEquals(ends, ["released"], "a stranger costs no key");
  });

  Deno.test(`openOriginalAsAgent ends with the signal's reason while it waits for ${what}`, async () => {
    const control = new AbortController();
    const reason = new Reason();
    const { result } = await agentAgainst(
      (vault) => play(vault).then(() => control.abort(reason)),
      { signal: control.signal },
    );
    assert(result === reason, String(result));
  });
}

for (const [what, play] of Object.entries(SILENT_NODES)) {
  Deno.test(`openOriginalAsKeeper waits for ${what} no longer than it is told`, async () => {
    const result = await keeperAgainst(play, HASTE);
    assertFails(result, ConnectionError, "timed-out");
    assert(!(result instanceof OriginalRefusedError));
  });

  Deno.test(`openOriginalAsKeeper ends with the signal's reason while it waits for ${what}`, async () => {
    const control = new AbortController();
    const reason = new Reason();
    const result = await keeperAgainst(
      (node) => play(node).then(() => control.abort(reason)),
      { signal: control.signal },
    );
    assert(result === reason, String(result));
  });
}
