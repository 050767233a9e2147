import { encodeHex, encodeUtf8, joinBytes, randomBytes } from "../../protocol/bytes.ts";
import { decompress } from "../../protocol/content_encoding.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ConnectionError, ProtocolError, StorageError } from "../../protocol/errors.ts";
import { encodeResetFrame } from "../../protocol/frame.ts";
import { INITIAL_WINDOW_BYTES } from "../../protocol/limits.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { RESET_CODE } from "../../protocol/streams.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { deliver, FILES, SECRET, sourceWith, UNCHANGED } from "../support/delivering_keeper.ts";
import { streamOf } from "../support/duplex_cuts.ts";
import type { HandAgent, Message } from "../support/hand_agent.ts";

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
  Deno.test(`FileAnswers answers a request for ${what} with ${status}`, async () => {
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

Deno.test("FileAnswers resumes only where the prefix agrees", async () => {
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

Deno.test("FileAnswers gives up a stream that a request has no use for", async () => {
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

Deno.test("FileAnswers goes on when the agent gives one file up", async () => {
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

Deno.test("FileAnswers takes DONE although a source is not done behind its last byte", async () => {
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
  Deno.test(`FileAnswers reports its own reason for a file that ${what}`, async () => {
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

Deno.test("FileAnswers resets a stream with changed where its source has another length", async () => {
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

Deno.test("FileAnswers ends with what its source throws when that is no storage error", async () => {
  const source = await sourceWith({ open: () => Promise.reject(new TypeError("a bug")) });
  const { result, told } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
  });
  assert(result instanceof TypeError, String(result));
  assertEquals(told, null);
});

Deno.test("FileAnswers leaves nothing reading when the agent vanishes in the middle", async () => {
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

Deno.test("FileAnswers compresses where the agent takes it and the source opens a file twice", async () => {
  const text = encodeUtf8("listen 8080;\n".repeat(1_000));
  const memory = await MemorySecretSource.from({ "a.txt": text });
  let opened = 0;
  async function* chunks() {
    opened++;
    yield await Promise.resolve(text);
  }
  const source = await sourceWith({
    entries: memory.entries,
    open: () =>
      Promise.resolve({
        offset: 0,
        chunks: chunks(),
        reopen: () => Promise.resolve(chunks()),
      }),
  });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
    const plain = await agent.peer.readMessage();
    assertEquals([plain["Encoding"], plain["StreamSize"]], [undefined, text.length]);
    assertEquals(await agent.readStream(plain), text);
    await agent.request(2, "a.txt", { Accept: "deflate-raw" });
    const packed = await agent.peer.readMessage();
    assertEquals([packed["Encoding"], packed["PlainSize"]], ["deflate-raw", text.length]);
    assertEquals(packed["Digest"], encodeHex(await sha256Digest(text)));
    const bytes = await agent.readStream(packed);
    assert(bytes.length < text.length / 10);
    const restored = await Array.fromAsync(decompress(streamOf(bytes), text.length));
    assertEquals(joinBytes(restored), text);
    await agent.sayDone([], { Unchanged: 1 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assert(opened === 3 && result.contentBytes < text.length * 1.1);
});

/** Small files, `f000` and so on, that are not answered before the source is let. */
async function holding(
  count: number,
  size = 1,
): Promise<{ source: SecretSource; let: () => void }> {
  const names = Array.from({ length: count }, (_, i) => `f${`${i}`.padStart(3, "0")}`);
  const files = Object.fromEntries(names.map((name) => [name, new Uint8Array(size)]));
  const memory = await MemorySecretSource.from(files);
  const { promise, resolve } = Promise.withResolvers<void>();
  const open: SecretSource["open"] = (entry, from) => promise.then(() => memory.open(entry, from));
  return { source: await sourceWith({ entries: memory.entries, open }), let: resolve };
}

type Play = (agent: HandAgent) => Promise<void>;

/** Returns the code with which our keeper ends a session, and that it says. */
async function refusal({ source, let: release }: Awaited<ReturnType<typeof holding>>, play: Play) {
  let told: string | null = null;
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await play(agent);
    told = await agent.peer.readFailure();
    release();
  });
  assert(result instanceof ProtocolError, String(result));
  assertEquals(told, result.code);
  return result.code;
}

/** Passes over what comes up to the end of so many streams. */
async function skipStreams(agent: HandAgent, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const frame = await agent.peer.readFrame();
    if (frame?.kind === "chunk" && frame.isLast) left--;
  }
}

const TOO_MUCH: Readonly<Record<string, Play>> = {
  "a fifth open batch": async (agent) => {
    for (let i = 0; i < 5; i++) await agent.batch(i, [i]);
  },
  "61 open requests beside four batches": async (agent) => {
    for (let i = 0; i < 4; i++) await agent.batch(i, [i]);
    for (let i = 4; i < 65; i++) await agent.request(i, "f007");
  },
};

for (const [what, play] of Object.entries(TOO_MUCH)) {
  Deno.test(`FileAnswers ends with too-many-messages at ${what}`, async () => {
    assertEquals(await refusal(await holding(8), play), "too-many-messages");
  });
}

Deno.test("FileAnswers takes four batches and 60 requests at a time, and no DONE meanwhile", async () => {
  const held = await holding(8);
  const { result } = await deliver(held.source, async (agent) => {
    await agent.takeManifest();
    for (let i = 0; i < 4; i++) await agent.batch(i, [i]);
    for (let i = 4; i < 64; i++) await agent.request(i, "f007");
    held.let();
    await skipStreams(agent, 64);
    await agent.batch(64, [0]);
    await skipStreams(agent, 1);
    await agent.sayDone([], { Unchanged: 8 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  const done = await refusal(await holding(8), async (agent) => {
    await agent.batch(1, [0]);
    await agent.sayDone([], { Unchanged: 8 });
  });
  assertEquals(done, "message-unexpected");
});

/** How often all files may be asked for by batches: two times for each, and beyond that so much. */
const BUDGETS = [["requests", 256, 0, 6], ["bytes", 4, 65_536, 66]] as const;
for (const [what, count, size, times] of BUDGETS) {
  Deno.test(`FileAnswers counts all ${what} of a batch, and ends when there are too many`, async () => {
    const held = await holding(count, size);
    held.let();
    const code = await refusal(held, async (agent) => {
      const all = Array.from({ length: count }, (_, i) => i);
      for (let i = 0; i < times; i++) {
        await agent.batch(i, all);
        await skipStreams(agent, 1);
      }
      await agent.batch(times, [0]);
    });
    assertEquals(code, "too-many-messages");
  });
}

const ASTRAY: Readonly<Record<string, readonly number[]>> = {
  "of a folder": [0],
  "of what is kept": [3],
  "behind the last one": [1, 4],
  "of files that are too large together": [1, 2],
};

for (const [what, numbers] of Object.entries(ASTRAY)) {
  Deno.test(`FileAnswers ends with message-unexpected at a batch with a number ${what}`, async () => {
    const files = { b: new Uint8Array(131_072), c: new Uint8Array(131_073) };
    const { entries } = await MemorySecretSource.from(files);
    const folder = { kind: "folder", path: "a", mode: 0o700, strategy: "STRICT" } as const;
    const source = await sourceWith({ entries: [folder, ...entries, { kind: "keep", path: "d" }] });
    const code = await refusal({ source, let: () => {} }, (agent) => agent.batch(1, numbers));
    assertEquals(code, "message-unexpected");
  });
}

Deno.test("FileAnswers takes a batch of 256 KiB", async () => {
  const source = await MemorySecretSource.from({ a: new Uint8Array(262_144) });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0]);
    await skipStreams(agent, 1);
    await agent.sayDone([], { Unchanged: 1 });
    await agent.finish();
  });
  assert(!(result instanceof Error) && result.contentBytes === 262_144, String(result));
});
