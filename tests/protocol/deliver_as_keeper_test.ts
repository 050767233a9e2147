import { encodeHex, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import {
  ConnectionError,
  FluxVaultError,
  PeerRejectedError,
  ProtocolError,
  StorageError,
} from "../../protocol/errors.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { encodeChunkFrame, encodeResetFrame } from "../../protocol/frame.ts";
import { INITIAL_WINDOW_BYTES, MAX_CHUNK_BYTES } from "../../protocol/limits.ts";
import { encodeManifest } from "../../protocol/manifest.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { RESET_CODE } from "../../protocol/streams.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { openKeeperSession } from "../support/frame_peer.ts";
import { HandAgent, type Message, NOTHING } from "../support/hand_agent.ts";

const REVISION = 7;
const PATIENT = { farewellTimeoutMs: 5_000 };
const SECRET = encodeUtf8("correct horse battery staple");
const FILES = { "a.txt": SECRET, "b/big.bin": new Uint8Array(3 * MAX_CHUNK_BYTES).fill(5) };

/** Runs our keeper against a played agent; returns the report or the error, and what was told. */
async function deliver(
  source: SecretSource,
  play: (agent: HandAgent) => Promise<void>,
): Promise<{ result: DeliveryReport | Error; told: string | null }> {
  const { session, peer } = await openKeeperSession(PATIENT);
  const delivering = deliverAsKeeper(session, source, { revision: REVISION })
    .catch((error) => error as Error);
  const hand = new HandAgent(peer);
  let failure: unknown = null;
  const telling = play(hand).catch((error) => failure = error).then(() => peer.readFailure());
  const result = await delivering;
  const told = await telling;
  if (failure !== null && !(failure instanceof FluxVaultError) && !(result instanceof Error)) {
    throw failure;
  }
  return { result, told };
}

/** A source of which a test replaces a part. */
async function sourceWith(change: Partial<SecretSource>): Promise<SecretSource> {
  const source = await MemorySecretSource.from(FILES);
  const { entries, missing } = source;
  return { entries, missing, open: (entry, from) => source.open(entry, from), ...change };
}

const UNCHANGED = { Unchanged: 2 };

Deno.test("deliverAsKeeper announces its manifest and answers what is asked", async () => {
  const source = await MemorySecretSource.from(FILES);
  const expected = await encodeManifest(source.entries);
  const { session, peer } = await openKeeperSession(PATIENT);
  const progress: [string, number][] = [];
  const delivering = deliverAsKeeper(session, source, {
    revision: REVISION,
    now: () => 5_000_999,
    lifetimeS: 60,
    sign: (message) =>
      Promise.resolve(encodeHex(message.digest).slice(0, 43).padEnd(87, "A") + "="),
    onProgress: (path, bytes) => progress.push([path, bytes]),
  });
  const { Signature, ...manifest } = await peer.readMessage();
  assertEquals(manifest, {
    State: "MANIFEST",
    Id: 0,
    Revision: REVISION,
    Issued: 5_000,
    Expires: 5_060,
    Digest: encodeHex(expected.digest),
    Size: expected.bytes.length,
  });
  assertEquals(String(Signature).length, 88);
  await peer.sendMessage({ State: "MANIFEST-REPLY", Id: 0, Held: true });
  const hand = new HandAgent(peer);
  await hand.request(1, "a.txt");
  const data = await peer.readMessage();
  assertEquals(data, {
    State: "DATA",
    Id: 1,
    Status: "Success",
    Stream: 1,
    StreamSize: SECRET.length,
    Offset: 0,
    Digest: encodeHex(await sha256Digest(SECRET)),
    Mode: 0o600,
  });
  assertEquals(await hand.readStream(data), SECRET);
  await hand.sayDone([{ Path: "a.txt", Outcome: "created" }], { Created: 1, Unchanged: 1 });
  await hand.finish();
  assertEquals(await delivering, {
    files: [{ path: "a.txt", outcome: "created" }, { path: "b/big.bin", outcome: "unchanged" }],
    ...{ hooks: [], contentBytes: SECRET.length },
  });
  assertEquals(progress, [["a.txt", SECRET.length]]);
});

const STATUSES: readonly (readonly [what: string, file: string, more: Message, status: string])[] =
  [
    ["a file that is not the agent's", "a.txtx", {}, "Denied"],
    ["a file that is the agent's and is not there", "gone.txt", {}, "FileNotFound"],
    [
      "a file that it holds already",
      "a.txt",
      { Digest: encodeHex(await sha256Digest(SECRET)) },
      "Match",
    ],
    ["a file that changed", "b/big.bin", {}, "Changed"],
  ];

for (const [what, file, more, status] of STATUSES) {
  Deno.test(`deliverAsKeeper answers a request for ${what} with ${status}`, async () => {
    const source = await sourceWith({
      missing: new Set(["gone.txt"]),
      open: () => Promise.resolve(null),
    });
    const { result } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.request(9, file, more);
      assertEquals(await agent.peer.readMessage(), { State: "DATA", Id: 9, Status: status });
      await agent.sayDone([], UNCHANGED);
      await agent.finish();
    });
    assert(!(result instanceof Error), String(result));
  });
}

Deno.test("deliverAsKeeper resumes only where the prefix agrees", async () => {
  const prefix = encodeHex(await sha256Digest(SECRET.slice(0, 8)));
  const cases: readonly (readonly [Message, number])[] = [
    [{ Offset: 8, Prefix: prefix }, 8],
    [{ Offset: 9, Prefix: prefix }, 0],
    [{ Offset: 8, Prefix: "00".repeat(32) }, 0],
    [{ Offset: SECRET.length, Prefix: encodeHex(await sha256Digest(SECRET)) }, SECRET.length],
    [{ Offset: SECRET.length + 1, Prefix: prefix }, 0],
    [{ Offset: 2 ** 40, Prefix: prefix }, 0],
  ];
  const { result } = await deliver(await MemorySecretSource.from(FILES), async (agent) => {
    await agent.takeManifest();
    for (const [i, [more, offset]] of cases.entries()) {
      await agent.request(i, "a.txt", more);
      const data = await agent.peer.readMessage();
      assertEquals([data["Offset"], data["StreamSize"]], [offset, SECRET.length - offset]);
      assertEquals(data["Digest"], encodeHex(await sha256Digest(SECRET)));
      assertEquals(await agent.readStream(data), SECRET.slice(offset));
    }
    await agent.sayDone([], UNCHANGED);
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
});

type Play = (agent: HandAgent) => Promise<void>;
const ATTACKS: Readonly<Record<string, readonly [code: string, play: Play]>> = {
  "another manifest's number": ["message-unexpected", async ({ peer }) => {
    await peer.sendMessage({ State: "MANIFEST-REPLY", Id: 1, Held: false });
  }],
  "a request before the reply": ["message-unexpected", (agent) => agent.request(1, "a.txt")],
  "a manifest of its own": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({ State: "DONE-REPLY" });
  }],
  "an offset without its prefix": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt", { Offset: 4 });
  }],
  "a path that climbs": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "../a.txt");
  }],
  "a number of 33 bits": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(2 ** 32, "a.txt");
  }],
  "a number that it used before": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    for (const id of [9, 9]) await agent.request(id, "nothing");
  }],
  "a result that nobody asked for": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({ State: "RESULT", Id: 1, Status: "Success" });
  }],
  "counts that lie": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([], { Unchanged: 3 });
  }],
  "results that its counts hide": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([{ Path: "a.txt", Outcome: "failed", Code: "disk-full" }], UNCHANGED);
  }],
  "two results for one file": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    const line = { Path: "a.txt", Outcome: "created" };
    await agent.sayDone([line, line], { Created: 2, Unchanged: 1 });
  }],
  "results that are no lines": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([{ Path: "a.txt", Outcome: "perfect" }], { Created: 1, Unchanged: 1 });
  }],
  "more at once than it may": ["too-many-messages", async (agent) => {
    await agent.takeManifest();
    for (let i = 0; i < 100; i++) await agent.request(i, "b/big.bin");
  }],
  "requests without end": ["too-many-messages", async (agent) => {
    await agent.takeManifest();
    for (let i = 0; i < 2 * 2 + 1_025; i++) {
      await agent.request(i, "nothing");
      if (i < 2 * 2 + 1_024) await agent.peer.readMessage();
    }
  }],
  "DONE while a request is open": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "b/big.bin");
    await agent.sayDone([], UNCHANGED);
  }],
};

for (const [what, [code, play]] of Object.entries(ATTACKS)) {
  Deno.test(`deliverAsKeeper ends with ${code} at ${what}, and says so`, async () => {
    const big = new Uint8Array(2 * INITIAL_WINDOW_BYTES);
    const source = await MemorySecretSource.from({ ...FILES, "b/big.bin": big });
    const { result, told } = await deliver(source, play);
    assert(result instanceof ProtocolError, String(result));
    assertEquals([result.code, told], [code, code]);
  });
}

Deno.test("deliverAsKeeper ends with digest-mismatch where the results are not what was stated", async () => {
  const { result } = await deliver(await MemorySecretSource.from(FILES), async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({
      State: "DONE",
      Counts: { ...NOTHING, ...UNCHANGED },
      Stream: 0,
      StreamSize: 0,
      Digest: "00".repeat(32),
    });
    await agent.peer.send(encodeChunkFrame(new Uint8Array(0), { streamId: 0, isLast: true }));
  });
  assert(result instanceof ProtocolError && result.code === "digest-mismatch", String(result));
});

Deno.test("deliverAsKeeper takes the agent's refusal and its early end for what they are", async () => {
  const source = await MemorySecretSource.from(FILES);
  const refusal = await deliver(source, async ({ peer }) => {
    await peer.readMessage();
    await peer.sendMessage({ State: "FAILED", Code: "manifest-stale" });
  });
  assert(refusal.result instanceof PeerRejectedError);
  assertEquals(refusal.result.code, "manifest-stale");
  const end = await deliver(source, ({ peer }) => peer.link.closeWriting());
  assert(end.result instanceof ConnectionError);
  assertEquals(end.result.code, "truncated");
});

Deno.test("deliverAsKeeper gives up a stream that a request has no use for", async () => {
  const { result } = await deliver(await MemorySecretSource.from(FILES), async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "none", { Stream: 0, StreamSize: 9 });
    const frame = await agent.peer.readFrame();
    assertEquals(frame, { kind: "reset", streamId: 0, code: RESET_CODE.cancelled });
    await agent.peer.send(encodeResetFrame(0, RESET_CODE.cancelled));
    assertEquals((await agent.peer.readMessage())["Status"], "Denied");
    await agent.peer.link.closeWriting();
  });
  assert(result instanceof ConnectionError, String(result));
});

Deno.test("deliverAsKeeper goes on when the agent gives one file up", async () => {
  const big = new Uint8Array(2 * INITIAL_WINDOW_BYTES);
  const source = await MemorySecretSource.from({ ...FILES, "b/big.bin": big });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "b/big.bin");
    const { Stream } = await agent.peer.readMessage();
    await agent.peer.send(encodeResetFrame(Number(Stream), RESET_CODE.storage));
    for (;;) if ((await agent.peer.readFrame())?.kind === "reset") break;
    const line = { Path: "b/big.bin", Outcome: "failed", Code: "disk-full" };
    await agent.sayDone([line], { Failed: 1, Unchanged: 1 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.files[1], { path: "b/big.bin", outcome: "failed", code: "disk-full" });
});

Deno.test("deliverAsKeeper takes DONE although a source is not done behind its last byte", async () => {
  const gate = Promise.withResolvers<void>();
  let isClosed = false;
  async function* chunks() {
    yield SECRET;
    await gate.promise;
    isClosed = true;
  }
  const source = await sourceWith({ open: () => Promise.resolve({ offset: 0, chunks: chunks() }) });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
    await agent.readStream(await agent.peer.readMessage());
    await agent.sayDone([{ Path: "a.txt", Outcome: "updated" }], { Updated: 1, Unchanged: 1 });
    assertEquals(await agent.peer.readMessage(), { State: "DONE-REPLY" });
    gate.resolve();
    await agent.peer.link.close();
  });
  assert(!(result instanceof Error), String(result));
  assert(isClosed, "nothing of a delivery goes on after it");
});

const FAULTS: readonly (readonly [what: string, open: SecretSource["open"], status: string])[] = [
  [
    "cannot be opened",
    () => Promise.reject(new StorageError("permission-denied", "no")),
    "Changed",
  ],
  ["cannot be read on", () => Promise.resolve({ offset: 0, chunks: failingChunks() }), "Success"],
];

async function* failingChunks() {
  yield SECRET.slice(0, 4);
  await Promise.reject(new StorageError("permission-denied", "no"));
}

for (const [what, open, status] of FAULTS) {
  Deno.test(`deliverAsKeeper reports its own reason for a file that ${what}`, async () => {
    const source = await sourceWith({ open });
    const { result } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.request(1, "a.txt");
      assertEquals((await agent.peer.readMessage())["Status"], status);
      if (status === "Success") {
        assertEquals((await agent.peer.readFrame())?.kind, "chunk");
        const reset = await agent.peer.readFrame();
        assertEquals(reset, { kind: "reset", streamId: 3, code: RESET_CODE.storage });
      }
      await agent.sayDone([{ Path: "a.txt", Outcome: "changed" }], { Failed: 1, Unchanged: 1 });
      await agent.finish();
    });
    assert(!(result instanceof Error), String(result));
    assertEquals(result.files[0], { path: "a.txt", outcome: "failed", code: "permission-denied" });
  });
}

Deno.test("deliverAsKeeper resets a stream with changed where its source has another length", async () => {
  async function* chunks(bytes: Uint8Array) {
    yield await Promise.resolve(bytes);
  }
  for (const length of [SECRET.length - 1, SECRET.length + 1]) {
    const content = { offset: 0, chunks: chunks(new Uint8Array(length)) };
    const source = await sourceWith({ open: () => Promise.resolve(content) });
    const { result } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.request(1, "a.txt");
      await agent.peer.readMessage();
      let frame = await agent.peer.readFrame();
      while (frame?.kind === "chunk") frame = await agent.peer.readFrame();
      assertEquals(frame, { kind: "reset", streamId: 3, code: RESET_CODE.changed });
      await agent.sayDone([{ Path: "a.txt", Outcome: "changed" }], { Failed: 1, Unchanged: 1 });
      await agent.finish();
    });
    assert(!(result instanceof Error), String(result));
  }
});

Deno.test("deliverAsKeeper ends with what its source throws when that is no storage error", async () => {
  const source = await sourceWith({ open: () => Promise.reject(new TypeError("a bug")) });
  const { result, told } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
  });
  assert(result instanceof TypeError, String(result));
  assertEquals(told, null);
});

Deno.test("deliverAsKeeper leaves nothing reading when the agent vanishes in the middle", async () => {
  let isClosed = false;
  async function* chunks() {
    try {
      for (;;) yield await Promise.resolve(randomBytes(1_024));
    } finally {
      isClosed = true;
    }
  }
  const { entries } = await MemorySecretSource.from({ "a.txt": new Uint8Array(9_000_000) });
  const source = await sourceWith({
    entries,
    open: () => Promise.resolve({ offset: 0, chunks: chunks() }),
  });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
    await agent.peer.readMessage();
    agent.peer.link.fail(new TypeError("gone"));
  });
  assert(result instanceof ConnectionError);
  assert(isClosed);
});
