/**
 * Batches of small files, and what is compressed on its way, between our implementation and the second
 * one, each in both roles.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import {
  deliverAsKeeper,
  type DeliverOptions,
  type DeliveryReport,
  type ManifestEntry,
  MemorySecretStore,
  receiveAsAgent,
  type SecretSource,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { connect, connectWell } from "./loopback.ts";
import {
  openOurAgent,
  openOurKeeper,
  outcomes,
  sampleBytes,
  sourceOf,
  theirAgent,
  utf8,
  vaultFile,
} from "./our_ends.ts";
import {
  openAsAgent,
  receive,
  type Received,
  type ReceiveOptions,
} from "./second_implementation/agent.ts";
import {
  deliver,
  type Delivered,
  type DeliverOptions as TheirOptions,
  openAsKeeper,
} from "./second_implementation/keeper.ts";

/** 300 files, one of them empty, and one of another length than all others. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`dir/${i}`, i === 7 ? "" : `file ${i}\n`.repeat(i)]),
);

/** Lets a second keeper deliver to our agent. */
function toUs(
  store: MemorySecretStore,
  options: Partial<TheirOptions> = {},
  files: Readonly<Record<string, string>> = FILES,
): Promise<[DeliveryReport, Delivered]> {
  const vault = Object.entries(files).map(([path, text]) => [path, vaultFile(text)] as const);
  return connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), store),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      return await deliver(session, { files: new Map(vault), ...options });
    },
  );
}

/** Lets our keeper deliver to a second agent. */
function toThem(
  source: SecretSource,
  theirs: ReceiveOptions,
  options: Partial<DeliverOptions> = {},
): Promise<[DeliveryReport, Received]> {
  return connectWell(
    async (duplex) =>
      await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1, ...options }),
    async (transport) => await receive(await openAsAgent(transport, theirAgent()), theirs),
  );
}

function encoded(files: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, utf8(text)]));
}

/** A source that lets all it holds be compressed. */
function compressible(source: SecretSource): SecretSource {
  return {
    entries: source.entries,
    missing: source.missing,
    async open(entry, from) {
      const content = await source.open(entry, from);
      const reopen = async () => (await source.open(entry, from))?.chunks ?? null;
      return content && { ...content, reopen };
    },
  };
}

const TOTAL = Object.values(FILES).reduce((sum, { length }) => sum + length, 0);

for (const packs of [false, true]) {
  const how = packs ? "compressed" : "as they are";
  Deno.test(`our agent takes 300 files from a second keeper by batches, ${how}`, async () => {
    const store = new MemorySecretStore();
    const [received, delivered] = await toUs(store, { packs });
    for (const [path, text] of Object.entries(FILES)) {
      assertEquals(new TextDecoder().decode(store.read(path)), text);
    }
    assertEquals([delivered.requests, delivered.counts.Created], [0, 300]);
    assert(delivered.batches >= 2, `${delivered.batches}`);
    const { contentBytes } = received;
    if (packs) assert(contentBytes > 0 && contentBytes < TOTAL / 3, `${contentBytes}`);
    else assertEquals(contentBytes, TOTAL);
  });

  Deno.test(`our keeper gives a second agent 300 files by batches, ${how}`, async () => {
    const source = await sourceOf(encoded(FILES));
    const held = new Map<string, Buffer>();
    const theirs = { held, batches: true, accept: packs, packs };
    const [delivered, received] = await toThem(packs ? compressible(source) : source, theirs);
    for (const [path, text] of Object.entries(FILES)) {
      assertEquals(held.get(path)?.toString(), text);
    }
    assertEquals(delivered.files.filter(({ outcome }) => outcome === "created").length, 300);
    assertEquals([delivered.contentBytes, received.statuses.size], [received.contentBytes, 0]);
    if (packs) assert(received.contentBytes < TOTAL / 3, `${received.contentBytes}`);
    else assertEquals(received.contentBytes, TOTAL);
  });
}

Deno.test("our keeper does not compress what its operator has not compressed for a second agent", async () => {
  const theirs = { held: new Map<string, Buffer>(), batches: true, accept: true };
  const [, received] = await toThem(await sourceOf(encoded(FILES)), theirs);
  assertEquals([received.contentBytes, theirs.held.size], [TOTAL, 300]);
});

Deno.test("our agent tells a second keeper of files of a batch that changed", async () => {
  const store = new MemorySecretStore();
  const changed = new Set(["dir/0", "dir/7", "dir/123", "dir/299"]);
  const [received, delivered] = await toUs(store, { changed });
  const told = outcomes(received).filter((line) => line.endsWith("changed"));
  assertEquals(told, [...changed].map((path) => `${path} changed`).sort());
  assertEquals([delivered.counts.Failed, delivered.counts.Created], [4, 296]);
  assertEquals([store.read("dir/7"), store.read("dir/299")], [undefined, undefined]);
  // The next delivery brings them: they are too few for a batch.
  const [again, second] = await toUs(store);
  assertEquals([second.requests, second.batches, second.counts.Created], [4, 0, 4]);
  assertEquals(outcomes(again).filter((line) => line.endsWith("unchanged")).length, 296);
});

Deno.test("our keeper tells a second agent which files of a batch changed", async () => {
  const memory = await sourceOf(encoded(FILES));
  const source: SecretSource = {
    entries: memory.entries,
    missing: memory.missing,
    open: async (entry, from) => entry.path === "dir/8" ? null : await memory.open(entry, from),
  };
  const theirs = { held: new Map<string, Buffer>(), batches: true };
  const [delivered] = await toThem(source, theirs);
  assertEquals(outcomes(delivered).filter((line) => !line.endsWith("created")), ["dir/8 changed"]);
  assertEquals([theirs.held.size, theirs.held.get("dir/9")?.toString()], [299, FILES["dir/9"]]);
});

Deno.test("our keeper counts the entries of a manifest as a second agent does", async () => {
  const names = ["\u{10000}", "\uffee", "a", "a.b", "a/b", "A", "z"];
  const files = Object.fromEntries(names.map((name) => [`${name}/f`, name]));
  const memory = await sourceOf(encoded(files));
  const more: readonly ManifestEntry[] = [
    ...names.map((path) => ({ kind: "folder", path, mode: 0o700, strategy: "STRICT" } as const)),
    { kind: "keep", path: "a.a" },
  ];
  const source: SecretSource = {
    entries: [...more, ...memory.entries],
    hooks: [{ name: "reload", action: { kind: "touch", path: "t" }, timeoutS: 30 }],
    missing: memory.missing,
    open: (entry, from) => memory.open(entry, from),
  };
  const theirs = { held: new Map<string, Buffer>(), batches: true };
  await toThem(source, theirs);
  for (const [path, text] of Object.entries(files)) {
    assertEquals(theirs.held.get(path)?.toString(), text);
  }
});

Deno.test("our keeper gives a second agent batches of larger files than our agent asks for", async () => {
  const files: Record<string, Uint8Array> = { whole: sampleBytes(262_144) };
  for (let i = 0; i < 12; i++) files[`${i}`] = sampleBytes(90_000 + i);
  files["large"] = sampleBytes(262_145);
  const held = new Map<string, Buffer>();
  const [delivered, received] = await toThem(await sourceOf(files), { held, batches: true });
  assertEquals(delivered.files.length, 14);
  for (const [path, bytes] of Object.entries(files)) assert(held.get(path)?.equals(bytes), path);
  assertEquals([...received.statuses], [["large", "Success"]]);
});

Deno.test("our agent and a second keeper compress the manifest, its parts and the results", async () => {
  const store = new MemorySecretStore();
  const [, plain] = await toUs(new MemorySecretStore());
  const [, first] = await toUs(store, { packs: true });
  assert(first.manifestBytes < plain.manifestBytes * 0.7, `${first.manifestBytes}`);
  assert(first.resultBytes < plain.resultBytes / 3, `${first.resultBytes}`);
  const [received, second] = await toUs(store, { packs: true }, { ...FILES, "dir/3": "new" });
  assertEquals(outcomes(received).filter((line) => line.endsWith("updated")), ["dir/3 updated"]);
  assert(second.manifestBytes > 0 && second.manifestBytes < first.manifestBytes / 2);
});

Deno.test("our keeper and a second agent compress the manifest, its parts and the results", async () => {
  const source = await sourceOf(encoded(FILES));
  const theirs = { held: new Map<string, Buffer>(), batches: true };
  const [, plain] = await toThem(source, theirs);
  const agent = { held: new Map<string, Buffer>(), batches: true, accept: true, packs: true };
  const [delivered, first] = await toThem(source, agent);
  assertEquals(delivered.files.filter(({ outcome }) => outcome === "created").length, 300);
  assert(first.manifestBytes < plain.manifestBytes * 0.7, `${first.manifestBytes}`);
  const changed = await sourceOf(encoded({ ...FILES, "dir/3": "new" }));
  const [, second] = await toThem(changed, { ...agent, manifest: first.manifest });
  assert(second.manifestBytes > 0 && second.manifestBytes < first.manifestBytes / 2);
  assertEquals(agent.held.get("dir/3")?.toString(), "new");
});

Deno.test("our keeper tells a second agent that a fifth batch is too much", async () => {
  const memory = await sourceOf({ a: utf8("1") });
  const gate = Promise.withResolvers<void>();
  const source: SecretSource = {
    entries: memory.entries,
    missing: memory.missing,
    open: (entry, from) => gate.promise.then(() => memory.open(entry, from)),
  };
  const [left, right] = await connect(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      const session = await openAsAgent(transport, theirAgent());
      await session.message("MANIFEST");
      await session.send({ State: "MANIFEST-REPLY", Id: 0, Held: true });
      for (let Id = 1; Id <= 5; Id++) await session.send({ State: "BATCH", Id, Entries: [0] });
      try {
        await session.message("BATCH-DATA");
      } finally {
        gate.resolve();
      }
    },
  );
  const codes = [left, right].map((end) => end.status === "rejected" ? end.reason.code : null);
  assertEquals(codes, ["too-many-messages", "too-many-messages"]);
});
