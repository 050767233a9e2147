import { BatchAnswers } from "../../protocol/batch_answers.ts";
import { type Bytes, encodeUtf8, joinBytes, randomBytes } from "../../protocol/bytes.ts";
import { decompressWhole } from "../../protocol/content_encoding.ts";
import { delay } from "../../protocol/delay.ts";
import { ConnectionError, StorageError } from "../../protocol/errors.ts";
import type { ManifestEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { SecretContent, SecretSource } from "../../protocol/secret_source.ts";
import type { Session } from "../../protocol/session.ts";
import { RESET_CODE, StreamResetError } from "../../protocol/streams.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { deliver } from "../support/delivering_keeper.ts";
import { streamOf } from "../support/duplex_cuts.ts";
import type { HandAgent, Message } from "../support/hand_agent.ts";

/** Some text that gets much shorter. */
const TEXT = encodeUtf8("listen 8080;\n".repeat(40));
const FILES = { a: encodeUtf8("one"), b: new Uint8Array(0), c: encodeUtf8("three"), d: TEXT };
const FOLDERS: readonly ManifestEntry[] = [
  { kind: "folder", path: "aa", mode: 0o700, strategy: "STRICT" },
  { kind: "keep", path: "bb" },
];

async function* yieldAll(...pieces: readonly Bytes[]): AsyncGenerator<Bytes> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

type Open = (path: string, content: SecretContent | null) => Promise<SecretContent | null>;

/** A source of which a test bends what it opens. */
async function sourceOf(
  files: Readonly<Record<string, Bytes>>,
  open: Open = (_, content) => Promise.resolve(content),
): Promise<SecretSource> {
  const memory = await MemorySecretSource.from(files);
  return {
    // In another order than the manifest has them.
    entries: [...FOLDERS, ...memory.entries.toReversed()],
    missing: memory.missing,
    open: async (entry, from) => await open(entry.path, await memory.open(entry, from)),
  };
}

/** What may be compressed. */
const COMPRESSED: Open = (_, content) =>
  Promise.resolve(content && { ...content, reopen: () => Promise.resolve(content.chunks) });

const CREATED = "abcd".split("").map((Path) => ({ Path, Outcome: "created" }));
const QUIET = { Unchanged: 1 };

async function finish(agent: HandAgent, lines: readonly Message[], counts: Message) {
  await agent.sayDone(lines, { ...QUIET, ...counts });
  await agent.finish();
}

Deno.test("BatchAnswers sends the contents one after the other, by their numbers in the manifest", async () => {
  const told: [string, number][] = [];
  const source = await sourceOf(FILES);
  const { result } = await deliver(source, async (agent) => {
    assertEquals(await agent.takeManifest(), ["a", "aa", "b", "bb", "c", "d"]);
    await agent.batch(1, [0, 2, 4]);
    const data = await agent.peer.readMessage();
    assertEquals(data, { State: "BATCH-DATA", Id: 1, Stream: 3, StreamSize: 8 });
    assertEquals(await agent.readStream(data), encodeUtf8("onethree"));
    await agent.batch(2, [2]);
    const empty = await agent.peer.readMessage();
    assertEquals(empty, { State: "BATCH-DATA", Id: 2, Stream: 5, StreamSize: 0 });
    assertEquals(await agent.readStream(empty), new Uint8Array(0));
    await finish(agent, CREATED.slice(0, 3), { Created: 3, Unchanged: 2 });
  }, { onContents: (path, bytes) => told.push([path, bytes]) });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.contentBytes, 8);
  assertEquals(told, [["a", 3], ["b", 0], ["c", 5], ["b", 0]]);
});

const CHANGED: Readonly<Record<string, Open>> = {
  "is another one": () => Promise.resolve(null),
  "is shorter": () => Promise.resolve({ offset: 0, chunks: yieldAll(encodeUtf8("on")) }),
  "is longer": () =>
    Promise.resolve({ offset: 0, chunks: yieldAll(encodeUtf8("on"), encodeUtf8("es")) }),
  "changes while it is read": () => Promise.reject(new StorageError("file-changed", "other")),
};

for (const [what, open] of Object.entries(CHANGED)) {
  Deno.test(`BatchAnswers names a file that ${what}, and sends the others`, async () => {
    const source = await sourceOf(FILES, (path, content) => {
      return path === "a" ? open(path, content) : Promise.resolve(content);
    });
    const { result } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.batch(1, [0, 2, 4]);
      const data = await agent.peer.readMessage();
      assertEquals([data["Changed"], data["StreamSize"]], [[0], 5]);
      assertEquals(await agent.readStream(data), encodeUtf8("three"));
      await agent.batch(2, [0]);
      const none = await agent.peer.readMessage();
      assertEquals([none["Changed"], none["StreamSize"]], [[0], 0]);
      assertEquals(await agent.readStream(none), new Uint8Array(0));
      const lines = [{ Path: "a", Outcome: "changed" }, ...CREATED.slice(1, 3)];
      await finish(agent, lines, { Created: 2, Failed: 1, Unchanged: 2 });
    });
    assert(!(result instanceof Error), String(result));
    const told = result.files.find(({ path }) => path === "a");
    assertEquals(told, { path: "a", outcome: "changed" });
  });
}

Deno.test("BatchAnswers reports its own reason for a file that cannot be read", async () => {
  async function* failing() {
    yield await Promise.resolve(encodeUtf8("th"));
    throw new StorageError("io-failed", "no");
  }
  const source = await sourceOf(FILES, (path, content) => {
    if (path === "a") throw new StorageError("permission-denied", "no");
    return Promise.resolve(path === "c" ? { offset: 0, chunks: failing() } : content);
  });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0, 4, 5]);
    const data = await agent.peer.readMessage();
    assertEquals([data["Changed"], data["StreamSize"]], [[0, 4], TEXT.length]);
    await agent.readStream(data);
    const lines = ["a", "c"].map((Path) => ({ Path, Outcome: "changed" }));
    await finish(agent, [...lines, ...CREATED.slice(3)], { Created: 1, Failed: 2, Unchanged: 2 });
  });
  assert(!(result instanceof Error), String(result));
  const told = result.files.filter(({ outcome }) => outcome === "failed");
  assertEquals(told.toSorted((a, b) => a.path < b.path ? -1 : 1), [
    { path: "a", outcome: "failed", code: "permission-denied" },
    { path: "c", outcome: "failed", code: "io-failed" },
  ]);
});

Deno.test("BatchAnswers compresses what is accepted, and counts every byte as one of a file", async () => {
  const announced: [string, number][] = [];
  const left: [string, number][] = [];
  const source = await sourceOf(FILES, COMPRESSED);
  const plain = joinBytes([FILES.a, FILES.c, FILES.d]);
  let sent = 0;
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0, 2, 4, 5], { Accept: "deflate-raw" });
    const data = await agent.peer.readMessage();
    sent = Number(data["StreamSize"]);
    assertEquals([data["Encoding"], data["PlainSize"]], ["deflate-raw", plain.length]);
    const bytes = await agent.readStream(data);
    assert(bytes.length === sent && sent < plain.length / 4);
    assertEquals(await decompressWhole(streamOf(bytes), plain.length), plain);
    await finish(agent, CREATED, { Created: 4 });
  }, {
    onContents: (path, bytes) => announced.push([path, bytes]),
    onProgress: (path, bytes) => left.push([path, bytes]),
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.contentBytes, sent);
  assertEquals(announced.map(([path]) => path), ["a", "b", "c", "d"]);
  assertEquals(announced.reduce((sum, [, bytes]) => sum + bytes, 0), sent);
  assert(announced.every(([, bytes]) => bytes >= 0));
  assertEquals(left, announced);
});

const SHORT = "x".repeat(511);
const PLAIN: Readonly<Record<string, readonly [Open, readonly number[], Message]>> = {
  "where nobody accepts it": [COMPRESSED, [5], {}],
  "in an encoding that it does not know": [COMPRESSED, [5], { Accept: "br" }],
  "what has less than 512 bytes": [COMPRESSED, [6], { Accept: "deflate-raw" }],
  "a file beside one that its operator does not have compressed": [
    (path, content) => path === "a" ? Promise.resolve(content) : COMPRESSED(path, content),
    [0, 5],
    { Accept: "deflate-raw" },
  ],
};

for (const [what, [open, entries, more]] of Object.entries(PLAIN)) {
  Deno.test(`BatchAnswers does not compress ${what}`, async () => {
    const source = await sourceOf({ ...FILES, e: encodeUtf8(SHORT) }, open);
    const { result } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.batch(1, entries, more);
      const data = await agent.peer.readMessage();
      assertEquals([data["Encoding"], data["PlainSize"]], [undefined, undefined]);
      await agent.readStream(data);
      await finish(agent, [], { Unchanged: 6 });
    });
    assert(!(result instanceof Error), String(result));
  });
}

Deno.test("BatchAnswers does not compress what gets no shorter by a tenth", async () => {
  const source = await sourceOf({ a: randomBytes(4_096) }, COMPRESSED);
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0], { Accept: "deflate-raw" });
    const data = await agent.peer.readMessage();
    assertEquals([data["Encoding"], data["StreamSize"]], [undefined, 4_096]);
    await agent.readStream(data);
    await finish(agent, [], { Unchanged: 2 });
  });
  assert(!(result instanceof Error), String(result));
});

Deno.test("BatchAnswers has no more than two batches in memory", async () => {
  const gate = Promise.withResolvers<void>();
  const opened: string[] = [];
  const source = await sourceOf(FILES, async (path, content) => {
    opened.push(path);
    await gate.promise;
    return content;
  });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    for (const [i, number] of [0, 2, 4, 5].entries()) await agent.batch(i, [number]);
    // An answer to something else shows that all four were taken.
    await agent.request(9, "stranger");
    assertEquals((await agent.peer.readMessage())["Status"], "Denied");
    while (opened.length < 2) await delay(1);
    await delay(20);
    const begun = [...opened];
    gate.resolve();
    for (let left = 4; left > 0;) {
      const frame = await agent.peer.readFrame();
      if (frame?.kind === "chunk" && frame.isLast) left--;
    }
    await finish(agent, CREATED, { Created: 4 });
    assertEquals(begun.sort(), ["a", "b"]);
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(opened.sort(), ["a", "b", "c", "d"]);
});

Deno.test("BatchAnswers reads no more than 32 files at a time", async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}`, FILES.a]));
  let [reading, most] = [0, 0];
  const source = await sourceOf(files, async (_, content) => {
    most = Math.max(most, ++reading);
    await new Promise((resolve) => setTimeout(resolve));
    reading--;
    return content;
  });
  const entries = source.entries.filter(({ kind }) => kind === "file");
  const { result } = await deliver({ ...source, entries }, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, Array.from({ length: 200 }, (_, i) => i));
    await agent.readStream(await agent.peer.readMessage());
    await agent.sayDone([], { Unchanged: 200 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(most, 32);
});

/** A session whose one stream comes to nothing. */
function breaking(reason: Error): Session {
  const stream = { id: 3, write: () => Promise.reject(reason), end: () => Promise.resolve() };
  const session = { openStream: () => stream, send: () => Promise.resolve() };
  return session as unknown as Session;
}

for (const reason of [new StreamResetError(RESET_CODE.cancelled), new TypeError("a bug")]) {
  const isGivenUp = reason instanceof StreamResetError;
  Deno.test(`BatchAnswers ${isGivenUp ? "goes on" : "ends"} at ${reason.message}`, async () => {
    const source = await MemorySecretSource.from({ a: FILES.a });
    const left: string[] = [];
    const answers = new BatchAnswers(breaking(reason), {
      ...{ source, onFault: () => {}, onContents: () => {} },
      onProgress: (path) => left.push(path),
    });
    const [entry] = source.entries;
    assert(entry !== undefined);
    const message = { state: "BATCH", id: 1, entries: [0] } as const;
    const files = [{ number: 0, entry }];
    const ended = answers.answer({ message, files, onStream: () => {} });
    assertEquals(await ended.catch((error) => error), isGivenUp ? undefined : reason);
    assertEquals([answers.contentBytes, left], [0, []]);
  });
}

Deno.test("BatchAnswers ends with what its source throws, and not before all is read", async () => {
  let isClosed = false;
  async function* slow() {
    try {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield FILES.a;
    } finally {
      isClosed = true;
    }
  }
  const source = await sourceOf(FILES, (path) => {
    if (path === "c") throw new TypeError("a bug");
    return Promise.resolve({ offset: 0, chunks: slow() });
  });
  const { result, told } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0, 4]);
  });
  assert(result instanceof TypeError, String(result));
  assertEquals([told, isClosed], [null, true]);
});

Deno.test("BatchAnswers reads nothing of what waits when the agent vanishes", async () => {
  const gate = Promise.withResolvers<void>();
  const opened: string[] = [];
  const source = await sourceOf(FILES, async (path, content) => {
    opened.push(path);
    await gate.promise;
    return content;
  });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    for (const [i, number] of [0, 2, 4, 5].entries()) await agent.batch(i, [number]);
    await agent.request(9, "stranger");
    await agent.peer.readMessage();
    while (opened.length < 2) await delay(1);
    agent.peer.link.fail(new TypeError("gone"));
    // Until the keeper has noticed.
    setTimeout(gate.resolve, 500);
  });
  assert(result instanceof ConnectionError, String(result));
  assertEquals(opened.sort(), ["a", "b"]);
});
