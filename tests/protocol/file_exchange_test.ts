import { type Bytes, encodeHex, encodeUtf8, equalBytes, joinBytes } from "../../protocol/bytes.ts";
import { compress } from "../../protocol/content_encoding.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { createHasher } from "../../protocol/hasher.ts";
import { FluxVaultError, ProtocolError, StorageError } from "../../protocol/errors.ts";
import { sendMessage, unexpected, WorkInbox } from "../../protocol/exchange.ts";
import { FileRequests, type WantedFile } from "../../protocol/file_exchange.ts";
import { MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import type { DataContent, DataStatus, RequestMessage } from "../../protocol/messages.ts";
import type { Session } from "../../protocol/session.ts";
import { RESET_CODE, StreamResetError } from "../../protocol/streams.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { streamOf } from "../support/duplex_cuts.ts";
import { PartStore } from "../support/part_store.ts";
import { openSessionPair } from "../support/session_pair.ts";

const LARGE = new Uint8Array(MIN_RESUMED_BYTES + 300_000).map((_, i) => i % 251);
const SMALL = encodeUtf8("secret");
const HELD = 5_000_000;

async function entryOf(bytes: Bytes): Promise<FileEntry> {
  const digest = encodeHex(await sha256Digest(bytes));
  return { kind: "file", path: "f", digest, size: bytes.length, mode: 0o600, strategy: "STRICT" };
}

const LARGE_ENTRY = await entryOf(LARGE);
const SMALL_ENTRY = await entryOf(SMALL);

/** Numbers requests from 1 on. */
function countIds(): () => number {
  let id = 1;
  return () => id++;
}

/** The keeper's end: answers one request. */
type Answering = (session: Session, request: RequestMessage) => Promise<void>;

/** Says what to send of the contents, and what to announce; by default what was asked for. */
interface Reply {
  readonly content?: Partial<DataContent>;
  readonly from?: number;
  readonly bytes?: Bytes;
  /** Goes on behind so many bytes instead of sending the rest. */
  readonly until?: { readonly bytes: number; readonly then: (session: Session) => Promise<void> };
  readonly reset?: number;
}

function success(whole: Bytes, reply: Reply = {}): Answering {
  return async (session, { id, offset: asked }) => {
    const { from: offset = asked, until, reset, content = {} } = reply;
    const rest = (reply.bytes ?? whole).subarray(offset);
    const stream = session.openStream(rest.length);
    const digest = await sha256Digest(whole);
    const announced = { stream: stream.id, size: rest.length, offset, digest, mode: 0o600 };
    const answer = { ...announced, ...content };
    await sendMessage(session, { state: "DATA", id, status: "Success", content: answer });
    if (until === undefined && reset === undefined) return await stream.write(rest);
    await stream.write(rest.subarray(0, until?.bytes ?? 100_000));
    await until?.then(session);
    if (reset !== undefined) stream.reset(reset);
  };
}

function status(word: DataStatus): Answering {
  return (session, { id }) =>
    sendMessage(session, { state: "DATA", id, status: word, content: null });
}

interface Brought {
  readonly outcome: unknown;
  readonly request: RequestMessage | null;
  readonly contentBytes: number;
}

/** Asks for one file; returns how that ended, or its error, and what was asked. */
async function bring(
  store: PartStore,
  answering: Answering,
  wanted: Partial<WantedFile> = {},
  more: Partial<ConstructorParameters<typeof FileRequests>[1]> = {},
): Promise<Brought> {
  await using pair = await openSessionPair();
  const requests = new FileRequests(pair.agent, {
    store,
    throwIfOver() {},
    takeId: countIds(),
    ...more,
  });
  let request: RequestMessage | null = null;
  const keeper = async () => {
    const { message } = await new WorkInbox(pair.keeper).next();
    assert(message.state === "REQUEST");
    request = message;
    await answering(pair.keeper, message);
  };
  const pump = async () => {
    const inbox = new WorkInbox(pair.agent);
    for (;;) {
      const { message, stream } = await inbox.next();
      const isAnswer = message.state === "DATA" && requests.answer({ data: message, stream });
      if (!isAnswer) throw unexpected(message.state);
    }
  };
  // Both go on until the session ends, as they do where there are more files.
  const answered = keeper().catch((error) => assert(error instanceof FluxVaultError, `${error}`));
  pump().catch(async (error) => {
    await pair.agent.fail(error);
    requests.fail(error);
  });
  const outcome = await requests.bring({ path: "f", entry: LARGE_ENTRY, held: null, ...wanted })
    .catch((error) => error);
  // What breaks the protocol ends the session, and with it what the keeper still has to send.
  if (outcome instanceof ProtocolError && outcome.code === "message-unexpected") {
    await pair.agent.fail(outcome);
  }
  await Promise.all([pair.agent.close(), answered.then(() => pair.keeper.close())]);
  return { outcome, request, contentBytes: requests.contentBytes };
}

/** A store with the first bytes of the large file, or what a test says came instead. */
function interrupted(part: Bytes = LARGE.slice(0, HELD)): PartStore {
  const store = new PartStore();
  store.parts.set("f", part);
  return store;
}

Deno.test("FileRequests brings a file and puts it in place", async () => {
  const store = new PartStore();
  const small = { entry: SMALL_ENTRY };
  const { outcome, request, contentBytes } = await bring(store, success(SMALL), small);
  assertEquals([outcome, contentBytes, store.ends], ["created", 6, ["commit f"]]);
  assertEquals([request?.id, request?.digest, request?.offset], [1, null, 0]);
  assertEquals(store.read("f"), SMALL);
  const held = await sha256Digest(SMALL);
  const again = await bring(store, success(SMALL), { ...small, held });
  assertEquals([again.outcome, again.request?.digest], ["updated", held]);
});

const STATUSES = { FileNotFound: "missing", Denied: "denied", Changed: "changed" } as const;
for (const [word, expected] of Object.entries(STATUSES)) {
  Deno.test(`FileRequests takes ${word} for ${expected}, and keeps what came before`, async () => {
    const store = interrupted();
    const { outcome } = await bring(store, status(word as DataStatus));
    assertEquals([outcome, store.ends], [expected, ["interrupt f"]]);
    assertEquals(store.parts.get("f")?.length, HELD);
  });
}

Deno.test("FileRequests goes on behind what came before, where the keeper agrees", async () => {
  const store = interrupted();
  const { outcome, request, contentBytes } = await bring(store, success(LARGE));
  assertEquals([outcome, contentBytes], ["created", LARGE.length - HELD]);
  assertEquals(request?.offset, HELD);
  assertEquals(request?.prefix, await sha256Digest(LARGE.slice(0, HELD)));
  assert(equalBytes(store.read("f") ?? SMALL, LARGE));
  assertEquals([store.ends, store.parts.size], [["commit f"], 0]);
});

Deno.test("FileRequests begins anew where what came before is not how the file begins", async () => {
  const store = interrupted(new Uint8Array(HELD));
  const { outcome, request, contentBytes } = await bring(store, success(LARGE, { from: 0 }));
  assertEquals([outcome, request?.offset, contentBytes], ["created", HELD, LARGE.length]);
  assert(equalBytes(store.read("f") ?? SMALL, LARGE));
  assertEquals(store.ends, ["discard f", "commit f"]);
});

Deno.test("FileRequests looks for no part of a small file, nor of one that nobody declared", async () => {
  const store = interrupted(SMALL.slice(0, 3));
  const { request } = await bring(store, success(SMALL), { entry: SMALL_ENTRY });
  assertEquals(request?.offset, 0);
  const undeclared = await bring(interrupted(), success(LARGE), { entry: null });
  assertEquals([undeclared.request?.offset, undeclared.outcome], [0, "created"]);
});

Deno.test("FileRequests forgets a file of another digest, resumed or not, and keeps what was there", async () => {
  const bytes = LARGE.with(LARGE.length - 1, 0xff);
  for (const store of [new PartStore(), interrupted()]) {
    await (await store.stage("f")).commit();
    store.ends.length = 0;
    const { outcome } = await bring(store, success(LARGE, { bytes }));
    assert(outcome instanceof FluxVaultError && outcome.code === "digest-mismatch");
    assertEquals([store.ends, store.parts.size, store.read("f")?.length], [["discard f"], 0, 0]);
  }
});

const BREAKS: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  "the connection is lost": (session) => session.fail(new TypeError("the cable was pulled")),
  "the keeper stops": (session) => session.close(),
  "the keeper breaks the protocol": (session) => {
    return sendMessage(session, { state: "DATA", id: 99, status: "Denied", content: null });
  },
};

for (const [what, then] of Object.entries(BREAKS)) {
  Deno.test(`FileRequests keeps what came where ${what}, and goes on there the next time`, async () => {
    const store = new PartStore();
    const first = await bring(store, success(LARGE, { until: { bytes: 3_000_000, then } }));
    assert(first.outcome instanceof FluxVaultError, `${first.outcome}`);
    assertEquals(store.ends, ["interrupt f"]);
    const part = store.parts.get("f");
    assert(part !== undefined && equalBytes(part, LARGE.slice(0, part.length)));
    const second = await bring(store, success(LARGE));
    assertEquals([second.request?.offset, second.outcome], [part.length, "created"]);
    assert(equalBytes(store.read("f") ?? SMALL, LARGE));
  });
}

Deno.test("FileRequests keeps what came where the keeper cannot read on, not where the file changed", async () => {
  const cases = [[RESET_CODE.storage, "interrupt f"], [RESET_CODE.changed, "discard f"]] as const;
  for (const [reset, end] of cases) {
    const store = interrupted();
    const { outcome } = await bring(store, success(LARGE, { reset }));
    assert(outcome instanceof StreamResetError && outcome.resetCode === reset);
    assertEquals([store.ends, store.parts.size], [[end], reset === RESET_CODE.storage ? 1 : 0]);
  }
});

/** Answers with all of a file from an offset on, compressed. */
function compressed(whole: Bytes, lie: Partial<DataContent> = {}): Answering {
  return async (session, { id, offset, acceptsDeflate }) => {
    assertEquals(acceptsDeflate, true);
    const rest = whole.subarray(offset);
    const bytes = joinBytes(await Array.fromAsync(compress(streamOf(rest))));
    const stream = session.openStream(bytes.length);
    const digest = await sha256Digest(whole);
    const sizes = { size: bytes.length, plainSize: rest.length };
    const content = { stream: stream.id, ...sizes, offset, digest, mode: 0o600, ...lie };
    await sendMessage(session, { state: "DATA", id, status: "Success", content });
    await stream.write(bytes);
  };
}

Deno.test("FileRequests restores what comes compressed, from the beginning or behind what came before", async () => {
  for (const store of [new PartStore(), interrupted()]) {
    const { outcome, contentBytes } = await bring(store, compressed(LARGE));
    assert(outcome === "created" && contentBytes < 200_000, `${contentBytes} bytes`);
    assert(equalBytes(store.read("f") ?? SMALL, LARGE));
  }
});

Deno.test("FileRequests takes nothing compressed of a file that nobody declared: it did not ask for it", async () => {
  const answer = success(LARGE, { content: { plainSize: LARGE.length + 1 } });
  const { outcome, request } = await bring(new PartStore(), answer, { entry: null });
  assertEquals(request?.acceptsDeflate, undefined);
  assert(outcome instanceof FluxVaultError && outcome.code === "message-unexpected");
});

Deno.test("FileRequests takes nothing for compressed that is no shorter, or becomes another size", async () => {
  for (const lie of [{ size: LARGE.length, plainSize: LARGE.length }, { plainSize: 9_000_000 }]) {
    const { outcome } = await bring(new PartStore(), compressed(LARGE, lie));
    assert(outcome instanceof FluxVaultError && outcome.code === "message-unexpected");
  }
});

Deno.test("FileRequests forgets a file that is compressed and becomes something else", async () => {
  const bytes = new Uint8Array(1_000);
  const content = { size: bytes.length, plainSize: LARGE.length };
  const store = new PartStore();
  const { outcome } = await bring(store, success(LARGE, { bytes, content }));
  assert(outcome instanceof FluxVaultError && outcome.code === "digest-mismatch", `${outcome}`);
  assertEquals([store.ends, store.parts.size], [["discard f"], 0]);
});

const LIES: Readonly<Record<string, Reply>> = {
  "another offset": { from: HELD - 1 },
  "an offset beyond what came": { from: HELD + 1 },
  "another size": { content: { offset: HELD - 1 } },
  "another digest": { content: { digest: new Uint8Array(32) } },
};

for (const [what, lie] of Object.entries(LIES)) {
  Deno.test(`FileRequests takes no answer with ${what}, and keeps what came before`, async () => {
    const store = interrupted();
    const { outcome } = await bring(store, success(LARGE, lie));
    assert(outcome instanceof FluxVaultError && outcome.code === "message-unexpected");
    assertEquals([store.ends, store.parts.get("f")?.length], [["interrupt f"], HELD]);
  });
}

Deno.test("FileRequests takes Match for unchanged where the digests agree, and for a lie elsewhere", async () => {
  const held = await sha256Digest(LARGE);
  const other = new Uint8Array(32);
  const cases = [
    [{ held }, "unchanged"],
    [{ held: other, entry: null }, "unchanged"],
    [{ held: other }, "message-unexpected"],
    [{ held: null }, "message-unexpected"],
    [{ held: null, entry: null }, "message-unexpected"],
  ] as const;
  for (const [wanted, expected] of cases) {
    const { outcome } = await bring(new PartStore(), status("Match"), wanted);
    assertEquals(outcome instanceof FluxVaultError ? outcome.code : outcome, expected);
  }
});

Deno.test("FileRequests takes no offset from a keeper that was asked for none", async () => {
  const { outcome } = await bring(new PartStore(), success(LARGE, { from: 1 }));
  assert(outcome instanceof FluxVaultError && outcome.code === "message-unexpected");
});

Deno.test("FileRequests forgets a staged file that cannot be written or hashed", async () => {
  const full = () => Promise.reject(new StorageError("disk-full", "no space is left"));
  const store = new PartStore();
  const stage = store.stage.bind(store);
  store.stage = async (path) => ({ ...await stage(path), write: full });
  const { outcome } = await bring(store, success(LARGE));
  assert(outcome instanceof StorageError && outcome.code === "disk-full");
  assertEquals([store.ends, store.parts.size], [["discard f"], 0]);
  const unhashed = new PartStore();
  const broken = await bring(unhashed, success(LARGE), {}, {
    createHasher: () => Promise.reject(new TypeError("no hasher")),
  });
  assert(broken.outcome instanceof TypeError);
  assertEquals(unhashed.ends, ["discard f"]);
});

Deno.test("FileRequests asks for nothing once the session is over, and keeps what came before", async () => {
  const store = interrupted();
  const over = new TypeError("it is over");
  const requests = new FileRequests(null as unknown as Session, {
    store,
    createHasher,
    takeId: countIds(),
    throwIfOver() {
      throw over;
    },
  });
  const wanted = { path: "f", entry: LARGE_ENTRY, held: null };
  assertEquals(await assertRejects(() => requests.bring(wanted), TypeError), over);
  assertEquals(store.ends, ["interrupt f"]);
});

Deno.test("FileRequests.answer says where nobody waits for an answer", async () => {
  await using pair = await openSessionPair();
  const requests = new FileRequests(pair.agent, {
    store: new PartStore(),
    throwIfOver() {},
    takeId: countIds(),
  });
  const data = { state: "DATA", id: 1, status: "Denied", content: null } as const;
  assertEquals(requests.answer({ data, stream: null }), false);
  const bringing = requests.bring({ path: "f", entry: SMALL_ENTRY, held: null });
  assertEquals(requests.answer({ data, stream: null }), true);
  assertEquals([await bringing, requests.answer({ data, stream: null })], ["denied", false]);
});
