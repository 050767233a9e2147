/** Every recorded session of the original's versions, played again with either side being ours. */
import { type Bytes, decodeUtf8, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import type { Duplex } from "../../protocol/duplex.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { Link } from "../../protocol/link.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { Channel } from "../../protocol/original/channel.ts";
import { deliverOriginalAsKeeper } from "../../protocol/original/deliver_as_keeper.ts";
import { PROOF_OF_CONCEPT } from "../../protocol/original/dialect.ts";
import { EaxKey } from "../../protocol/original/eax.ts";
import { PLATFORM_ENTROPY } from "../../protocol/original/entropy.ts";
import { openOriginalAsAgent, openOriginalAsKeeper } from "../../protocol/original/handshake.ts";
import { receiveOriginalAsAgent } from "../../protocol/original/receive_as_agent.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  type Capture,
  readCaptures,
  RecordedEntropy,
  recordedLease,
  sentBy,
} from "./original/capture.ts";

const CAPTURES = await readCaptures();

/** Where the original broke off; ours goes on from there, so nothing later can be compared. */
const BROKEN_OFF = new Set([
  "class-non-utf8-on-node",
  "class-non-utf8-on-vault",
  "poc-non-utf8-on-node",
  "poc-non-utf8-on-vault",
  "poc-long-name-exactly-8192",
]);

/** Where the original's node sent a line that is one byte too long for its vault; ours refuses to. */
const TOO_LONG = "poc-long-name-exactly-8192";

/** A transport whose far end says what was recorded, a message whenever it is its turn. */
function recordedPeer(theirs: readonly Bytes[]): { duplex: Duplex; ours: string[] } {
  const waiting = [...theirs];
  const ours: string[] = [];
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const speak = (): void => {
    const next = waiting.shift();
    if (next === undefined) controller?.close();
    else controller?.enqueue(next);
  };
  const readable = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => {
      ours.push(decodeUtf8(bytes));
      speak();
    },
  });
  return { duplex: { readable, writable }, ours };
}

/** What the node asked for, in its order. */
function requested(capture: Capture): string[] {
  return capture.messages.filter(({ from, plaintext }) =>
    from === "node" && plaintext["State"] === "REQUEST"
  ).map(({ plaintext }) => String(plaintext["FILE"]));
}

async function sourceOf(capture: Capture): Promise<MemorySecretSource> {
  const files = new Map<string, Bytes>(capture.vaultFiles);
  // The recorded long names lead to a file by way of a thousand "./".
  for (const name of requested(capture)) {
    const short = capture.vaultFiles.get(name.replace(/^(?:\.\/)+/, ""));
    if (short !== undefined) files.set(name, short);
  }
  const entries: FileEntry[] = [];
  for (const [path, bytes] of files) {
    const digest = encodeHex(await sha256Digest(bytes));
    entries.push({
      kind: "file",
      path,
      digest,
      size: bytes.length,
      mode: 0o600,
      strategy: "STRICT",
    });
  }
  return new MemorySecretSource(entries, files);
}

/** A store that takes the recorded names as they are. */
class RecordedStore extends MemorySecretStore {
  override async inspect(path: string): Promise<Bytes | null> {
    const bytes = this.read(path);
    return bytes === undefined ? null : await sha256Digest(bytes);
  }
}

async function storeOf(files: ReadonlyMap<string, Bytes>): Promise<MemorySecretStore> {
  const store = new RecordedStore();
  for (const [name, bytes] of files) {
    const staged = await store.stage(name);
    await staged.write(bytes);
    await staged.commit();
  }
  return store;
}

Deno.test("original captures: there are 43", () => {
  assertEquals(CAPTURES.length, 43);
});

for (const capture of CAPTURES) {
  Deno.test(`original capture: ${capture.name}, every message opens to what was recorded`, async () => {
    const key = await EaxKey.import(capture.sessionKey);
    for (const side of ["node", "vault"] as const) {
      const sealed = capture.messages.slice(2).filter(({ from }) => from === side);
      const { duplex } = recordedPeer([]);
      const readable = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const { raw } of sealed) controller.enqueue(encodeUtf8(raw));
          controller.close();
        },
      });
      const link = new Link({ readable, writable: duplex.writable });
      const channel = new Channel(link, PLATFORM_ENTROPY);
      channel.key = key;
      for (const { plaintext } of sealed) {
        const options = { what: "a message", maxBytes: 1e6, timeoutMs: 60_000 };
        const members = await channel.readSealed(options);
        assertEquals(Object.fromEntries(members), { ...plaintext });
      }
      await link.close();
    }
  });

  Deno.test(`original capture: ${capture.name}, as the keeper we say what the vault said`, async () => {
    const { duplex, ours } = recordedPeer(sentBy(capture, "node").slice(1));
    const withKeySent = prepend(duplex, sentBy(capture, "node")[0]);
    const session = await openOriginalAsKeeper(withKeySent, {
      entropy: new RecordedEntropy(capture, "vault"),
      dialect: PROOF_OF_CONCEPT,
    });
    const delivering = deliverOriginalAsKeeper(session, await sourceOf(capture));
    const theirs = sentBy(capture, "vault").map(decodeUtf8);
    if (BROKEN_OFF.has(capture.name)) {
      await delivering.catch(() => {});
      assertEquals(ours.slice(0, theirs.length), theirs);
    } else {
      const report = await delivering;
      assertEquals(ours, theirs);
      assertEquals(
        report.files.map(({ path }) => path).sort(),
        [...new Set([...requested(capture), ...capture.vaultFiles.keys()])].sort(),
      );
    }
  });

  Deno.test(`original capture: ${capture.name}, as the agent we say what the node said`, async () => {
    const { duplex, ours } = recordedPeer(sentBy(capture, "vault"));
    const store = await storeOf(capture.nodeFiles);
    const session = await openOriginalAsAgent(duplex, {
      lease: await recordedLease(capture),
      entropy: new RecordedEntropy(capture, "node"),
      dialect: capture.nodeDialect,
    });
    const receiving = receiveOriginalAsAgent(session, store, {
      files: requested(capture),
      farewellTimeoutMs: 50,
    });
    const theirs = sentBy(capture, "node").map(decodeUtf8);
    if (capture.name === TOO_LONG) {
      assertEquals(theirs[2]?.length, 8_193);
      const error = await assertRejects(() => receiving, ProtocolError);
      assertEquals([error.code, ours], ["line-too-long", theirs.slice(0, 2)]);
      return;
    }
    if (BROKEN_OFF.has(capture.name)) {
      await receiving.catch(() => {});
      assertEquals(ours.slice(0, theirs.length), theirs);
      return;
    }
    await receiving;
    assertEquals(ours, theirs);
    if (capture.nodeFilesAfter.size === 0) return;
    for (const [name, bytes] of capture.nodeFilesAfter) {
      const long = requested(capture).find((asked) => asked.replace(/^(?:\.\/)+/, "") === name);
      const held = store.read(long ?? name);
      assert(held !== undefined || name.endsWith(".keep"), name);
      if (held !== undefined) assertEquals(encodeHex(held), encodeHex(bytes));
    }
  });
}

/** Lets a transport begin with what its far end says unasked. */
function prepend(duplex: Duplex, first: Bytes | undefined): Duplex {
  const readable = new ReadableStream<Uint8Array>({
    async start(controller) {
      if (first !== undefined) controller.enqueue(first);
      for await (const bytes of duplex.readable) controller.enqueue(bytes);
      controller.close();
    },
  });
  return { readable, writable: duplex.writable };
}
