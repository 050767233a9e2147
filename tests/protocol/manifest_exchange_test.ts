import { type Bytes, encodeUtf8, equalBytes, joinBytes } from "../../protocol/bytes.ts";
import { compressWhole } from "../../protocol/content_encoding.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { FluxVaultError } from "../../protocol/errors.ts";
import {
  finishing,
  readEncoded,
  readStream,
  sendBytes,
  sendMessage,
  WorkInbox,
} from "../../protocol/exchange.ts";
import { MIN_BYTES_FOR_PARTS } from "../../protocol/limits.ts";
import { type EncodedManifest, encodeManifest } from "../../protocol/manifest.ts";
import { giveManifest, takeManifest, type WorkSession } from "../../protocol/manifest_exchange.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { encodePartList, splitManifest } from "../../protocol/manifest_parts.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { ManifestMessage, ManifestReplyMessage } from "../../protocol/messages.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { openSessionPair } from "../support/session_pair.ts";

function entryOf(i: number, digest = "ab".repeat(32)): FileEntry {
  const path = `dir/${`${i}`.padStart(6, "0")}`;
  return { kind: "file", path, digest, size: 1, mode: 0o600, strategy: "STRICT" };
}

const ENTRIES = Array.from({ length: 1_000 }, (_, i) => entryOf(i));
const OLD = await encodeManifest(ENTRIES);
const NEW = await encodeManifest(ENTRIES.with(500, entryOf(500, "cd".repeat(32))));
const SMALL = await encodeManifest([entryOf(0)]);

const COUNT = splitManifest(NEW.bytes).length;

function messageOf({ bytes, digest }: EncodedManifest): ManifestMessage {
  const times = { revision: 1, issued: 1, expires: 2 };
  return { state: "MANIFEST", id: 0, ...times, digest, size: bytes.length, signature: null };
}

async function storeWith(held: EncodedManifest | null): Promise<MemorySecretStore> {
  const store = new MemorySecretStore();
  if (held === null) return store;
  const manifest = { entries: [], hooks: [], isWipe: false };
  const { bytes } = held;
  await store.keepManifest({ message: messageOf(held), bytes, manifest, declaredBy: null });
  return store;
}

/** Plays both ends of one session; what each comes to, or the code of its failure. */
async function play<G, T>(
  give: (ends: WorkSession) => Promise<G>,
  take: (ends: WorkSession) => Promise<T>,
): Promise<[G | string, T | string]> {
  await using pair = await openSessionPair();
  const ended = <R>(session: typeof pair.agent, work: (ends: WorkSession) => Promise<R>) =>
    finishing(session, () => work({ session, inbox: new WorkInbox(session) }))
      .catch((error) => {
        assert(error instanceof FluxVaultError, String(error));
        return error.code;
      });
  return await Promise.all([ended(pair.keeper, give), ended(pair.agent, take)]);
}

/** Takes as our agent that holds something; what it holds was not signed. */
function taking(
  wanted: EncodedManifest,
  held: EncodedManifest | null,
  declaredBy: string | null = null,
) {
  return async (ends: WorkSession) => {
    const store = await storeWith(held);
    return (await takeManifest(ends, { announced: messageOf(wanted), declaredBy, store })).bytes;
  };
}

const HELD: Readonly<Record<string, EncodedManifest | null>> = {
  "nothing": null,
  "another manifest": OLD,
  "a small one": SMALL,
  "the very same": NEW,
};

for (const [what, held] of Object.entries(HELD)) {
  Deno.test(`takeManifest takes what giveManifest gives where the agent holds ${what}`, async () => {
    const [, took] = await play((ends) => giveManifest(ends, NEW), taking(NEW, held));
    assert(typeof took !== "string" && equalBytes(took, NEW.bytes), String(took));
  });
}

type Reply = Omit<ManifestReplyMessage, "state" | "id">;

/** Plays an agent by hand up to what the keeper sends of its manifest; returns states and bytes. */
function watching(reply: Reply, wants?: Bytes) {
  return async ({ session, inbox }: WorkSession): Promise<[string, number][]> => {
    await sendMessage(session, { state: "MANIFEST-REPLY", id: 0, ...reply });
    const seen: [string, number][] = [];
    for (;;) {
      const { message, stream } = await inbox.next();
      const bytes = await readStream(stream);
      seen.push([message.state, bytes.length]);
      if (message.state !== "MANIFEST-PARTS") return seen;
      const bits = wants ?? new Uint8Array(Math.ceil(bytes.length / 36 / 8));
      await sendBytes(session, bits, (stream) => {
        return { state: "MANIFEST-WANTS", id: 0, stream, size: bits.length };
      });
    }
  };
}

Deno.test("giveManifest sends all of it to whom has nothing, or would not hear of parts", async () => {
  const reply = { isHeld: false, hasOther: false };
  const [, seen] = await play((ends) => giveManifest(ends, NEW), watching(reply));
  assertEquals(seen, [["MANIFEST-DATA", NEW.bytes.length]]);
});

Deno.test("giveManifest sends a list of parts, and those that are wanted", async () => {
  const reply = { isHeld: false, hasOther: true };
  const parts = splitManifest(NEW.bytes);
  const [, none] = await play((ends) => giveManifest(ends, NEW), watching(reply));
  assertEquals(none, [["MANIFEST-PARTS", 36 * parts.length], ["MANIFEST-DATA", 0]]);
  const bits = new Uint8Array(Math.ceil(parts.length / 8));
  bits[0] = 0b0100_0000;
  const [, second] = await play((ends) => giveManifest(ends, NEW), watching(reply, bits));
  assertEquals(second[1], ["MANIFEST-DATA", parts[1]?.length ?? 0]);
});

/** Plays an agent that accepts what is compressed; returns what came of the last message. */
function unpacking(reply: Reply, wants: Bytes | null = null) {
  return async ({ session, inbox }: WorkSession) => {
    await sendMessage(session, { state: "MANIFEST-REPLY", id: 0, ...reply });
    if (wants !== null) {
      await readStream((await inbox.next()).stream);
      await sendBytes(session, wants, (stream) => {
        return { state: "MANIFEST-WANTS", id: 0, stream, size: wants.length };
      });
    }
    const { message, stream } = await inbox.next();
    assert(message.state === "MANIFEST-DATA" && message.plainSize !== undefined);
    assert(message.size < message.plainSize / 2, `${message.size} of ${message.plainSize}`);
    return await readEncoded(message, stream);
  };
}

Deno.test("giveManifest compresses where the agent takes it, once for all", async () => {
  const reply = { isHeld: false, hasOther: false, acceptsDeflate: true } as const;
  const [, whole] = await play((ends) => giveManifest(ends, NEW), unpacking(reply));
  assert(typeof whole !== "string" && equalBytes(whole, NEW.bytes));
  const { CompressionStream } = globalThis;
  Reflect.deleteProperty(globalThis, "CompressionStream");
  try {
    const [, again] = await play((ends) => giveManifest(ends, NEW), unpacking(reply));
    assert(typeof again !== "string" && equalBytes(again, NEW.bytes));
  } finally {
    globalThis.CompressionStream = CompressionStream;
  }
});

Deno.test("giveManifest compresses the parts that are wanted, but not what is short", async () => {
  const reply = { isHeld: false, hasOther: true, acceptsDeflate: true } as const;
  const all = new Uint8Array(Math.ceil(COUNT / 8)).fill(0xff);
  all[all.length - 1] = 0xff << (8 - COUNT % 8);
  const [, parts] = await play((ends) => giveManifest(ends, NEW), unpacking(reply, all));
  assert(typeof parts !== "string" && equalBytes(parts, NEW.bytes), String(parts));
  const [, seen] = await play((ends) => giveManifest(ends, SMALL), watching(reply));
  assertEquals(seen, [["MANIFEST-DATA", SMALL.bytes.length]]);
});

Deno.test("giveManifest does not make parts of a manifest of less than 16 KiB", async () => {
  const small = await encodeManifest(ENTRIES.slice(0, 10));
  assert(small.bytes.length < MIN_BYTES_FOR_PARTS);
  const reply = { isHeld: false, hasOther: true };
  const [, seen] = await play((ends) => giveManifest(ends, small), watching(reply));
  assertEquals(seen, [["MANIFEST-DATA", small.bytes.length]]);
});

Deno.test("giveManifest sends all of a manifest that falls into too many parts", async () => {
  // Lines that each end a part by themselves.
  const isEnd = ({ path }: { path: string }) => splitManifest(lineOf(path)).length === 2;
  const lineOf = (path: string) => encodeUtf8(`{"Path":"${path}","Kind":"keep"}\nx`);
  const many = Array.from({ length: 64_000 }, (_, i) => ({ kind: "keep", path: `${i}` } as const));
  const broken = await encodeManifest(many.filter(isEnd));
  const parts = splitManifest(broken.bytes);
  assert(broken.bytes.length > 16_384 && parts.length > broken.bytes.length / 1_024);
  const reply = { isHeld: false, hasOther: true };
  const [, seen] = await play((ends) => giveManifest(ends, broken), watching(reply));
  assertEquals(seen, [["MANIFEST-DATA", broken.bytes.length]]);
});

/** An agent that replies and then says what a test has it say. */
function lyingAgent(lie: (session: WorkSession["session"]) => Promise<void>, id = 0) {
  return async ({ session, inbox }: WorkSession): Promise<void> => {
    await sendMessage(session, { state: "MANIFEST-REPLY", id, isHeld: false, hasOther: true });
    await readStream((await inbox.next()).stream);
    await lie(session);
    await inbox.next();
  };
}

async function sendWants(session: WorkSession["session"], bits: number[], id = 0): Promise<void> {
  const bytes = new Uint8Array(bits);
  await sendBytes(session, bytes, (stream) => {
    return { state: "MANIFEST-WANTS", id, stream, size: bytes.length };
  });
}

/** Says that very much comes: who waits for it, or makes room for it, is had. */
async function announceWants(session: WorkSession["session"], size: number): Promise<void> {
  const { id: stream } = session.openStream(size);
  await sendMessage(session, { state: "MANIFEST-WANTS", id: 0, stream, size });
}

const BITS = new Array(Math.ceil(COUNT / 8)).fill(0);
assert(COUNT % 8 !== 0, "the last byte has bits to spare");

Deno.test("giveManifest ends with the code of what an agent breaks", async () => {
  const attacks: readonly (readonly [string, ReturnType<typeof lyingAgent>])[] = [
    ["message-unexpected", lyingAgent(() => Promise.resolve(), 1)],
    ["message-unexpected", lyingAgent((session) => sendWants(session, BITS, 1))],
    ["message-unexpected", lyingAgent((session) => sendMessage(session, { state: "DONE-REPLY" }))],
    ["message-unexpected", lyingAgent((session) => sendWants(session, [...BITS, 0]))],
    ["message-unexpected", lyingAgent((session) => sendWants(session, BITS.slice(1)))],
    ["message-unexpected", lyingAgent((session) => announceWants(session, 33_554_432))],
    ["message-malformed", lyingAgent((session) => sendWants(session, BITS.with(-1, 1)))],
  ];
  for (const [code, agent] of attacks) {
    const [gave, told] = await play((ends) => giveManifest(ends, NEW), agent);
    assertEquals([gave, told], [code, "rejected"]);
  }
});

/** What a keeper sends for the manifest, of which a test may bend each part. */
interface Lie {
  readonly parts?: readonly Bytes[];
  readonly list?: Bytes;
  readonly listId?: number;
  readonly data?: (wanted: Bytes) => Bytes;
  readonly dataId?: number;
  /** How long the bytes are said to become. */
  readonly plainSize?: number;
}

function lyingKeeper({ parts = splitManifest(NEW.bytes), list, listId = 0, ...lie }: Lie) {
  return async ({ session, inbox }: WorkSession): Promise<void> => {
    await inbox.next();
    const records = list ?? await encodePartList(parts);
    await sendBytes(session, records, (stream) => {
      return { state: "MANIFEST-PARTS", id: listId, stream, size: records.length };
    });
    const bits = await readStream((await inbox.next()).stream);
    const wanted = parts.filter((_, i) => ((bits[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
    const bytes = joinBytes(wanted);
    const data = lie.data?.(bytes) ?? bytes;
    const encoding = lie.plainSize === undefined ? {} : { plainSize: lie.plainSize };
    await sendBytes(session, data, (stream) => {
      const id = lie.dataId ?? 0;
      return { state: "MANIFEST-DATA", id, stream, size: data.length, ...encoding };
    });
    await inbox.next();
  };
}

const PARTS = splitManifest(NEW.bytes);
/** The parts that an agent lacks which holds the old one. */
const CHANGED = joinBytes(PARTS.filter((part) => {
  return !splitManifest(OLD.bytes).some((held) => equalBytes(part, held));
}));
const PACKED = await compressWhole(CHANGED) ?? CHANGED;
const LIES: Readonly<Record<string, readonly [string, Lie]>> = {
  "the parts of another number": ["message-unexpected", { listId: 1 }],
  "parts that do not make it up": ["manifest-malformed", { parts: PARTS.slice(1) }],
  "a list that ends within a part": [
    "manifest-malformed",
    { list: (await encodePartList(PARTS)).slice(1) },
  ],
  "parts that change places": ["digest-mismatch", { parts: PARTS.toReversed() }],
  "the bytes of another part": ["digest-mismatch", { data: (bytes) => bytes.map(() => 0x20) }],
  "more than is wanted": [
    "message-unexpected",
    { data: (bytes) => new Uint8Array(bytes.length + 1) },
  ],
  "less than is wanted": ["message-unexpected", { data: (bytes) => bytes.slice(1) }],
  "the bytes of another number": ["message-unexpected", { dataId: 1 }],
  "bytes that become more than is wanted": [
    "message-unexpected",
    { data: () => PACKED, plainSize: CHANGED.length + 1 },
  ],
  "bytes that become less than is said": [
    "digest-mismatch",
    { data: () => PACKED.slice(0, -9), plainSize: CHANGED.length },
  ],
  "bytes that are compressed and no shorter": [
    "message-unexpected",
    { data: (bytes) => bytes, plainSize: CHANGED.length },
  ],
  "bytes that are no such encoding": [
    "digest-mismatch",
    { data: () => PACKED.map(() => 0xff), plainSize: CHANGED.length },
  ],
};

Deno.test("takeManifest takes parts that came compressed", async () => {
  const lie = { data: () => PACKED, plainSize: CHANGED.length };
  const [, took] = await play(lyingKeeper(lie), taking(NEW, OLD));
  assert(typeof took !== "string" && equalBytes(took, NEW.bytes), String(took));
});

/** A keeper that makes no parts, and sends all of it compressed. */
function packingKeeper(bytes: Bytes, plainSize: number) {
  return async ({ session, inbox }: WorkSession): Promise<void> => {
    await inbox.next();
    await sendBytes(session, bytes, (stream) => {
      return { state: "MANIFEST-DATA", id: 0, stream, size: bytes.length, plainSize };
    });
    await inbox.next();
  };
}

Deno.test("takeManifest takes a manifest that came compressed, and no other", async () => {
  const { bytes } = NEW;
  const packed = await compressWhole(bytes) ?? bytes;
  const other = await compressWhole(OLD.bytes) ?? bytes;
  for (const held of [null, OLD]) {
    const [, took] = await play(packingKeeper(packed, bytes.length), taking(NEW, held));
    assert(typeof took !== "string" && equalBytes(took, bytes), String(took));
  }
  const lies: readonly (readonly [code: string, bytes: Bytes, plainSize: number])[] = [
    ["digest-mismatch", other, bytes.length],
    ["digest-mismatch", packed.slice(0, -9), bytes.length],
    ["message-unexpected", packed, bytes.length + 1],
    ["message-unexpected", packed, packed.length],
    ["message-unexpected", bytes, bytes.length],
  ];
  for (const [code, sent, plainSize] of lies) {
    const [, took] = await play(packingKeeper(sent, plainSize), taking(NEW, null));
    assertEquals(took, code);
  }
});

Deno.test("takeManifest makes no room for a list that is longer than any of that manifest", async () => {
  const size = Math.ceil(NEW.bytes.length / 1_024) * 36 + 1;
  const keeper = async ({ session, inbox }: WorkSession): Promise<void> => {
    await inbox.next();
    const { id: stream } = session.openStream(size);
    await sendMessage(session, { state: "MANIFEST-PARTS", id: 0, stream, size });
    await inbox.next();
  };
  assertEquals(await play(keeper, taking(NEW, OLD)), ["rejected", "message-unexpected"]);
});

for (const [what, [code, lie]] of Object.entries(LIES)) {
  Deno.test(`takeManifest ends with ${code} at ${what}`, async () => {
    const [told, took] = await play(lyingKeeper(lie), taking(NEW, OLD));
    assertEquals([took, told], [code, "rejected"]);
  });
}

Deno.test("takeManifest hears of no parts where it holds nothing", async () => {
  const [told, took] = await play(lyingKeeper({}), taking(NEW, null));
  assertEquals([took, told], ["message-unexpected", "rejected"]);
});

for (const [what, held] of [["the very same", NEW], ["another", OLD]] as const) {
  Deno.test(`takeManifest says nothing of ${what} that it holds of another keeper`, async () => {
    let reply: unknown = null;
    const keeper = async ({ session, inbox }: WorkSession): Promise<void> => {
      reply = (await inbox.next()).message;
      await sendBytes(session, NEW.bytes, (stream) => {
        return { state: "MANIFEST-DATA", id: 0, stream, size: NEW.bytes.length };
      });
    };
    const [, took] = await play(keeper, taking(NEW, held, "1other"));
    assert(typeof took !== "string" && equalBytes(took, NEW.bytes), String(took));
    assertEquals(reply, {
      ...{ state: "MANIFEST-REPLY", id: 0, isHeld: false, hasOther: false },
      acceptsDeflate: true,
    });
  });
}

Deno.test("takeManifest takes all of it from a keeper that makes no parts", async () => {
  const whole = async ({ session, inbox }: WorkSession): Promise<void> => {
    const { message } = await inbox.next();
    assert(message.state === "MANIFEST-REPLY" && message.hasOther && !message.isHeld);
    await sendBytes(session, NEW.bytes, (stream) => {
      return { state: "MANIFEST-DATA", id: 0, stream, size: NEW.bytes.length };
    });
  };
  const [, took] = await play(whole, taking(NEW, OLD));
  assert(typeof took !== "string" && equalBytes(await sha256Digest(took), NEW.digest));
});

Deno.test("takeManifest takes bytes of another digest for a failure, not for a manifest", async () => {
  const other = { bytes: NEW.bytes, digest: OLD.digest };
  const [, took] = await play((ends) => giveManifest(ends, other), taking(other, SMALL));
  assertEquals(took, "digest-mismatch");
});
