import fc from "fast-check";
import { type Bytes, encodeUtf8, equalBytes, randomBytes } from "../../protocol/bytes.ts";
import { compressWhole } from "../../protocol/content_encoding.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ConnectionError, ProtocolError } from "../../protocol/errors.ts";
import {
  type DeliveryReport,
  finishing,
  readBytes,
  readEncoded,
  sendBytes,
  sendMessage,
  unexpected,
  WorkInbox,
} from "../../protocol/exchange.ts";
import {
  INITIAL_WINDOW_BYTES,
  MAX_CHUNK_BYTES,
  MAX_UNKNOWN_ACTIONS,
} from "../../protocol/limits.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { receiveAsAgent } from "../../protocol/receive_as_agent.ts";
import { findPathFault } from "../../protocol/secret_path.ts";
import { StreamResetError } from "../../protocol/streams.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { cutArrivals, recordWrites } from "../support/duplex_cuts.ts";
import { openKeeperSession } from "../support/frame_peer.ts";
import { openSessionPair, type SessionPairOptions } from "../support/session_pair.ts";

const PATIENT = { farewellTimeoutMs: 5_000 };

/** Delivers files to a store over a session of their own and returns both reports. */
async function pass(
  files: Readonly<Record<string, Bytes>>,
  store: MemorySecretStore,
  options: SessionPairOptions = {},
) {
  const { agent, keeper } = await openSessionPair(options);
  const source = await MemorySecretSource.from(files);
  const [told, known] = await Promise.all([
    receiveAsAgent(agent, store),
    deliverAsKeeper(keeper, source, { revision: 1 }),
  ]);
  return { told, known };
}

/** The agent reports in the order of the manifest, the keeper in that of its source. */
function inOrder(report: DeliveryReport): DeliveryReport {
  const files = [...report.files].sort((a, b) => a.path < b.path ? -1 : 1);
  return { ...report, files };
}

const PATH = fc.string({ unit: "binary", minLength: 1, maxLength: 12 })
  .filter((path) => findPathFault(path) === null && !path.includes("/"));
const SIZE = fc.oneof(
  fc.integer({ min: 0, max: 300 * 1_024 }),
  fc.constantFrom(0, 1, MAX_CHUNK_BYTES - 1, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1),
);

Deno.test("a delivery brings any files exactly; a second finds all unchanged", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(PATH, SIZE, { maxKeys: 6 }),
      fc.integer({ min: 500, max: 100_000 }),
      async (sizes, cut) => {
        const files: Record<string, Bytes> = {};
        for (const [path, size] of Object.entries(sizes)) {
          Object.defineProperty(files, path, {
            value: new Uint8Array(size).fill(size & 0xff),
            enumerable: true,
          });
        }
        const store = new MemorySecretStore();
        const first = await pass(files, store, {
          wire: ([agent, keeper]) => [cutArrivals(agent, () => cut), keeper],
        });
        assertEquals(inOrder(first.known), inOrder(first.told));
        assert(first.told.files.every(({ outcome }) => outcome === "created"));
        const paths = Object.keys(files);
        assertEquals(store.paths().sort(), paths.sort());
        for (const path of paths) {
          const [got, sent] = [
            store.read(path),
            Object.getOwnPropertyDescriptor(files, path)?.value,
          ];
          assert(got !== undefined && equalBytes(got, sent));
        }
        const second = await pass(files, store);
        assert(second.known.files.every(({ outcome }) => outcome === "unchanged"));
        assertEquals([second.known.files.length, second.known.contentBytes], [paths.length, 0]);
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("a delivery of several windows at once, and of hundreds of files, ends whole", async () => {
  const files: Record<string, Bytes> = {
    "windows.bin": new Uint8Array(5 * INITIAL_WINDOW_BYTES + 1).fill(1),
    "window.bin": new Uint8Array(INITIAL_WINDOW_BYTES).fill(2),
  };
  for (let i = 0; i < 400; i++) files[`many/${i}`] = encodeUtf8(`file ${i}`);
  const store = new MemorySecretStore();
  const { known } = await pass(files, store);
  assertEquals(known.files.length, 402);
  for (const [path, bytes] of Object.entries(files)) {
    assert(equalBytes(store.read(path) ?? new Uint8Array(0), bytes), path);
  }
});

/** Delivers and returns how many bytes crossed the wire, in both directions. */
async function wireBytes(files: Readonly<Record<string, Bytes>>, store: MemorySecretStore) {
  const writes: Uint8Array[] = [];
  const { told } = await pass(files, store, {
    wire: ([agent, keeper]) => [recordWrites(agent, writes), recordWrites(keeper, writes)],
  });
  return { told, bytes: writes.reduce((sum, { length }) => sum + length, 0) };
}

Deno.test("a delivery of one change among 10,000 files takes 60 KB beside it, and of none 4 KB", async () => {
  const files: Record<string, Bytes> = {};
  for (let i = 0; i < 10_000; i++) {
    files[`etc/app/${i % 50}/secret-${i}.pem`] = encodeUtf8(`contents ${i}`);
  }
  const store = new MemorySecretStore();
  await pass(files, store);
  const changed = { ...files, "etc/app/25/secret-5025.pem": randomBytes(50_000) };
  const { told, bytes } = await wireBytes(changed, store);
  const updated = told.files.filter(({ outcome }) => outcome !== "unchanged");
  assertEquals(updated, [{ path: "etc/app/25/secret-5025.pem", outcome: "updated" }]);
  assert(bytes - 50_000 <= 60_000, `${bytes - 50_000} bytes beside the file`);
  const again = await wireBytes(changed, store);
  assert(again.bytes <= 4_000, `${again.bytes} bytes where nothing changed`);
});

Deno.test("a delivery that is aborted at any point ends with the reason and leaves whole files", async () => {
  class Reason extends Error {}
  const files = { a: randomBytes(60_000), b: randomBytes(10), c: randomBytes(5_000) };
  for (let writes = 4; writes < 16; writes++) {
    const controller = new AbortController();
    let left = writes;
    const { agent, keeper } = await openSessionPair({
      agent: { ...PATIENT, signal: controller.signal },
      keeper: PATIENT,
      wire: ([near, far]) => {
        const counted = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, out): void {
            if (--left === 0) controller.abort(new Reason());
            out.enqueue(chunk);
          },
        });
        return [{ readable: near.readable.pipeThrough(counted), writable: near.writable }, far];
      },
    });
    const store = new MemorySecretStore();
    const source = await MemorySecretSource.from(files);
    const results = await Promise.allSettled([
      receiveAsAgent(agent, store),
      deliverAsKeeper(keeper, source, { revision: 1 }),
    ]);
    if (left <= 0 && results[0].status === "rejected") {
      assert(results[0].reason instanceof Reason, String(results[0].reason));
    }
    for (const [path, bytes] of Object.entries(files)) {
      const got = store.read(path);
      assert(got === undefined || equalBytes(got, bytes));
    }
  }
});

Deno.test("readBytes reads what sendBytes sends and checks its digest", async () => {
  await using pair = await openSessionPair();
  const bytes = randomBytes(1_000);
  for (const digest of [await sha256Digest(bytes), new Uint8Array(32)]) {
    const sending = sendBytes(pair.keeper, bytes, (stream) => {
      return { state: "MANIFEST-DATA", id: 0, stream, size: bytes.length };
    });
    const incoming = await pair.agent.receive();
    const reading = readBytes({ size: bytes.length }, incoming?.stream ?? null, digest);
    if (digest[0] === 0 && digest[1] === 0) {
      await assertRejects(() => reading, ProtocolError, "digest-mismatch");
    } else assertEquals(await reading, bytes);
    await sending;
  }
});

Deno.test("unexpected makes an error of the code for what is not due", () => {
  assertEquals(unexpected("a pony").code, "message-unexpected");
});

const TEXT = encodeUtf8("listen 8080;\n".repeat(1_000));
const PACKED = await compressWhole(TEXT) ?? TEXT;
const READINGS: Readonly<Record<string, readonly [bytes: Bytes, plainSize: number, code: string]>> =
  {
    "as long as was stated": [PACKED, TEXT.length, "read"],
    "longer than was stated": [PACKED, TEXT.length - 1, "digest-mismatch"],
    "shorter than was stated": [PACKED, TEXT.length + 1, "digest-mismatch"],
    "not restored": [PACKED.map(() => 0xff), TEXT.length, "digest-mismatch"],
    "no longer than what came": [PACKED, PACKED.length, "message-unexpected"],
    "shorter than what came": [PACKED, 0, "message-unexpected"],
  };

for (const [what, [bytes, plainSize, code]] of Object.entries(READINGS)) {
  Deno.test(`readBytes restores what came compressed, and is ${what}: ${code}`, async () => {
    const { agent, keeper } = await openSessionPair();
    const size = bytes.length;
    const sending = sendBytes(keeper, bytes, (stream) => {
      return { state: "MANIFEST-DATA", id: 0, stream, size, plainSize };
    });
    const incoming = await agent.receive();
    const stream = incoming?.stream ?? null;
    // The digest is of what comes of it.
    const read = await readBytes({ size, plainSize }, stream, await sha256Digest(TEXT))
      .catch((error) => error);
    await sending;
    await Promise.all([agent.close(), keeper.close()]);
    if (code === "read") assertEquals(read, TEXT);
    else assert(read instanceof ProtocolError && read.code === code, String(read));
  });
}

Deno.test("readBytes refuses a message without its stream, compressed or not", async () => {
  for (const encoded of [{ size: 0 }, { size: 0, plainSize: 1 }]) {
    const run = () => readBytes(encoded, null, new Uint8Array(32));
    await assertRejects(run, ProtocolError, "message-unexpected");
  }
});

Deno.test("readEncoded gives a stream up that becomes too much, and the session goes on", async () => {
  await using pair = await openSessionPair();
  const bomb = await compressWhole(new Uint8Array(8_000_000)) ?? TEXT;
  const sending = sendBytes(pair.keeper, bomb, (stream) => {
    return { state: "MANIFEST-DATA", id: 0, stream, size: bomb.length, plainSize: 9_000 };
  });
  const incoming = await pair.agent.receive();
  const run = () => readEncoded({ size: bomb.length, plainSize: 9_000 }, incoming?.stream ?? null);
  await assertRejects(run, ProtocolError, "digest-mismatch");
  await sending.catch((error) => assert(error instanceof StreamResetError));
  await sendMessage(pair.keeper, { state: "DONE-REPLY" });
  assertEquals((await pair.agent.receive())?.fields.raw("State"), "DONE-REPLY");
  assertEquals(pair.agent.hasOpenStreams, false);
});

Deno.test("WorkInbox answers unknown actions, so many and no more, and hands on the rest", async () => {
  const { session, peer } = await openKeeperSession(PATIENT);
  const inbox = new WorkInbox(session);
  const next = inbox.next();
  await peer.sendMessage({ State: "DANCE", Id: 1, Stream: 0, StreamSize: 5 });
  assertEquals((await peer.readFrame())?.kind, "reset");
  assertEquals(await peer.readMessage(), { State: "RESULT", Id: 1, Status: "UnknownCommand" });
  await peer.sendMessage({ State: "DONE-REPLY" });
  assertEquals(await next, { message: { state: "DONE-REPLY" }, stream: null });
  const flooded = inbox.next();
  for (let i = 1; i < MAX_UNKNOWN_ACTIONS; i++) {
    await peer.sendMessage({ State: "DANCE" });
    await peer.readMessage();
  }
  await peer.sendMessage({ State: "DANCE" });
  await assertRejects(() => flooded, ProtocolError, "too-many-messages");
  await Promise.all([session.close(), peer.link.close()]);
});

Deno.test("WorkInbox answers a call as an unknown action, and no CANCEL", async () => {
  const { session, peer } = await openKeeperSession(PATIENT);
  const next = new WorkInbox(session).next();
  await peer.sendMessage({ State: "CALL", Id: 3, Action: "sing" });
  await peer.sendMessage({ State: "CANCEL", Id: 3 });
  await peer.sendMessage({ State: "DANCE" });
  assertEquals(await peer.readMessage(), { State: "RESULT", Id: 3, Status: "UnknownCommand" });
  assertEquals(await peer.readMessage(), { State: "RESULT", Id: null, Status: "UnknownCommand" });
  await peer.sendMessage({ State: "END-REPLY" });
  assertEquals((await next).message, { state: "END-REPLY" });
  await Promise.all([session.close(), peer.link.close()]);
});

for (
  const [code, message] of [
    ["message-unexpected", { State: "RESULT", Id: 0, Status: "Success" }],
    ["message-unexpected", { State: "PROGRESS", Id: 0 }],
    ["message-malformed", { State: "DONE-REPLY", Stream: 0, StreamOpen: true }],
  ] as const
) {
  Deno.test(`WorkInbox refuses ${JSON.stringify(message)}: ${code}`, async () => {
    const { session, peer } = await openKeeperSession(PATIENT);
    const next = new WorkInbox(session).next();
    next.catch((error) => session.fail(error));
    await peer.sendMessage(message);
    await assertRejects(() => next, ProtocolError, code);
    await Promise.all([session.close(), peer.link.close()]);
  });
}

Deno.test("WorkInbox takes the end of the session for truncated", async () => {
  const { session, peer } = await openKeeperSession(PATIENT);
  const next = new WorkInbox(session).next();
  await peer.link.closeWriting();
  await assertRejects(() => next, ConnectionError, "truncated");
  await session.close();
});

Deno.test("finishing closes after success, and after a failure tells the peer and rethrows", async () => {
  const good = await openKeeperSession(PATIENT);
  const told = good.peer.readFailure().then(async (code) => {
    await good.peer.link.close();
    return code;
  });
  assertEquals(await finishing(good.session, () => Promise.resolve(7)), 7);
  assertEquals(await told, null);
  const bad = await openKeeperSession(PATIENT);
  const failure = unexpected("a pony");
  const telling = bad.peer.readFailure();
  const run = () => finishing(bad.session, () => Promise.reject(failure));
  assertEquals(await run().catch((error) => error), failure);
  assertEquals(await telling, "message-unexpected");
});
