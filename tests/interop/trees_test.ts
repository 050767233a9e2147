/**
 * Folders, hooks, plans, and manifests of which only parts are sent, between our implementation and the
 * second one, each in both roles.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  decodeManifest,
  deliverAsKeeper,
  type DeliverOptions,
  type DeliveryReport,
  encodeHex,
  encodeManifest,
  type FileEntry,
  type Hook,
  type ManifestEntry,
  MemorySecretStore,
  receiveAsAgent,
  type SecretSource,
  sha256Digest,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { connectWell } from "./loopback.ts";
import {
  openOurAgent,
  openOurKeeper,
  outcomes,
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
import {
  composeManifest,
  type Line,
  parseManifest,
  type VaultFile,
} from "./second_implementation/manifest.ts";

type Files = Readonly<Record<string, VaultFile>>;

/** Lets a second keeper deliver to our agent. */
function toUs(
  store: MemorySecretStore,
  files: Files,
  options: Partial<TheirOptions> = {},
): Promise<[DeliveryReport, Delivered]> {
  return connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), store),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      return await deliver(session, { files: new Map(Object.entries(files)), ...options });
    },
  );
}

interface Tree {
  readonly files: Readonly<Record<string, string>>;
  readonly entries?: readonly ManifestEntry[];
  readonly hooks?: readonly Hook[];
  /** The name of a hook for every file. */
  readonly hook?: string;
}

async function treeOf({ files, entries = [], hooks = [], hook }: Tree): Promise<SecretSource> {
  const texts = Object.entries(files).map(([path, text]) => [path, utf8(text)] as const);
  const source = await sourceOf(Object.fromEntries(texts));
  const hooked = source.entries.map((entry) => hook === undefined ? entry : { ...entry, hook });
  return {
    entries: [...hooked, ...entries],
    hooks,
    missing: source.missing,
    open: (entry, from) => source.open(entry, from),
  };
}

/** Lets our keeper deliver to a second agent. */
async function toThem(
  tree: Tree,
  theirs: ReceiveOptions,
  options: Partial<DeliverOptions> = {},
): Promise<[DeliveryReport, Received]> {
  const source = await treeOf(tree);
  return await connectWell(
    async (duplex) =>
      await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1, ...options }),
    async (transport) => await receive(await openAsAgent(transport, theirAgent()), theirs),
  );
}

function freshAgent(): ReceiveOptions & Required<Pick<ReceiveOptions, "folders" | "given">> {
  return { held: new Map(), folders: new Set(), given: new Set() };
}

const FOLDERS: readonly Line[] = [
  { Path: "tls", Kind: "folder", Mode: 0o700, Strategy: "STRICT" },
  { Path: "tls/old", Kind: "folder", Mode: 0o750, Strategy: "ALLOW_ADDS", Uid: 0, Gid: 0 },
];
const OUR_FOLDERS: readonly ManifestEntry[] = [
  { kind: "folder", path: "tls", mode: 0o700, strategy: "STRICT" },
  { kind: "folder", path: "tls/old", mode: 0o750, strategy: "ALLOW_ADDS", uid: 0, gid: 0 },
];

Deno.test("our agent makes the folders of a second keeper, and removes strangers and what is gone", async () => {
  const store = new MemorySecretStore();
  const files = { "tls/key": vaultFile("k"), "tls/old/a": vaultFile("a"), "b": vaultFile("b") };
  const [first, told] = await toUs(store, files, { lines: FOLDERS });
  assertEquals(outcomes(first), [
    ...["b created", "tls created", "tls/key created", "tls/old created", "tls/old/a created"],
  ]);
  assertEquals([told.counts.Created, store.folders()], [5, ["tls", "tls/old"]]);
  for (const path of ["tls/stranger", "tls/old/stranger"]) await (await store.stage(path)).commit();
  const [second, delivered] = await toUs(store, { "tls/key": vaultFile("k") }, { lines: FOLDERS });
  assertEquals(outcomes(second), [
    ...["b removed", "tls unchanged", "tls/key unchanged", "tls/old unchanged"],
    ...["tls/old/a removed", "tls/stranger removed"],
  ]);
  assertEquals(delivered.counts, { ...told.counts, Created: 0, Removed: 3, Unchanged: 3 });
  assertEquals(store.paths().sort(), ["tls/key", "tls/old/stranger"]);
});

Deno.test("our agent keeps what a second keeper cannot speak for, and removes all in its wipe", async () => {
  const store = new MemorySecretStore();
  await toUs(store, { "a": vaultFile("a"), "d/b": vaultFile("b"), "c": vaultFile("c") });
  const lines: readonly Line[] = [{ Path: "d", Kind: "keep" }, { Path: "c", Kind: "keep" }];
  const [kept, delivered] = await toUs(store, {}, { lines });
  assertEquals(outcomes(kept), ["a removed"]);
  assertEquals([delivered.counts.Unchanged, store.paths().sort()], [0, ["c", "d/b"]]);
  const [wiped] = await toUs(store, {}, { lines: [{ Kind: "wipe" }] });
  assertEquals([outcomes(wiped), store.paths()], [["c removed", "d/b removed"], []]);
});

Deno.test("our agent only says what it would do where a second keeper asks for a plan", async () => {
  const store = new MemorySecretStore();
  await toUs(store, { a: vaultFile("1"), b: vaultFile("2"), c: vaultFile("3") });
  const files = { a: vaultFile("new"), b: vaultFile("2"), d: vaultFile("4") };
  const [planned, delivered] = await toUs(store, files, { lines: FOLDERS, isPlan: true });
  assertEquals(outcomes(planned), [
    ...["a updated", "b unchanged", "c removed", "d created", "tls created", "tls/old created"],
  ]);
  assertEquals([delivered.requests, delivered.isSigned], [0, false]);
  assertEquals([store.paths().sort(), store.folders()], [["a", "b", "c"], []]);
  const [done] = await toUs(store, files, { lines: FOLDERS });
  assertEquals(outcomes(done), outcomes(planned));
});

const HOOK_LINES: readonly Line[] = [
  { Kind: "hook", Name: "reload", Signal: "SIGHUP", PidFile: "run/app.pid", TimeoutS: 30 },
  { Kind: "hook", Name: "note", Touch: "changed", TimeoutS: 1 },
  { Kind: "hook", Name: "run", Run: ["/bin/app", "--reload", ""], TimeoutS: 3_600 },
];
const OUR_HOOKS: readonly Hook[] = [
  {
    name: "reload",
    action: { kind: "signal", signal: "SIGHUP", pidFile: "run/app.pid" },
    timeoutS: 30,
  },
  { name: "note", action: { kind: "touch", path: "changed" }, timeoutS: 1 },
  { name: "run", action: { kind: "run", command: ["/bin/app", "--reload", ""] }, timeoutS: 3_600 },
];

Deno.test("our agent refuses the hooks of a second keeper where it runs none, and says so", async () => {
  const files = {
    a: { ...vaultFile("1"), hook: "reload" },
    b: { ...vaultFile("2"), hook: "note" },
  };
  const store = new MemorySecretStore();
  const [received, delivered] = await toUs(store, files, { lines: HOOK_LINES });
  assertEquals(outcomes(received), ["a created", "b created"]);
  const refused = delivered.hooks.map(({ Hook, Outcome, Code }) => `${Hook} ${Outcome} ${Code}`);
  assertEquals(refused.sort(), ["note refused hook-refused", "reload refused hook-refused"]);
  const [again, unchanged] = await toUs(store, files, { lines: HOOK_LINES });
  assertEquals([again.hooks, unchanged.hooks], [[], []]);
});

Deno.test("our keeper has a second agent make folders, and remove strangers and what is gone", async () => {
  const agent = freshAgent();
  const files = { "tls/key": "k", "tls/old/a": "a", "b": "b" };
  const [first] = await toThem({ files, entries: OUR_FOLDERS }, agent);
  assertEquals(outcomes(first), [
    ...["b created", "tls created", "tls/key created", "tls/old created", "tls/old/a created"],
  ]);
  for (const path of ["tls/stranger", "tls/old/stranger"]) agent.held.set(path, Buffer.from("x"));
  const [second] = await toThem({ files: { "tls/key": "k" }, entries: OUR_FOLDERS }, agent);
  assertEquals(outcomes(second), [
    ...["b removed", "tls unchanged", "tls/key unchanged", "tls/old unchanged"],
    ...["tls/old/a removed", "tls/stranger removed"],
  ]);
  assertEquals([...agent.held.keys()].sort(), ["tls/key", "tls/old/stranger"]);
});

Deno.test("our keeper has a second agent keep what it cannot speak for, and wipe", async () => {
  const agent = freshAgent();
  await toThem({ files: { "a": "a", "d/b": "b" } }, agent);
  const [kept] = await toThem({ files: {}, entries: [{ kind: "keep", path: "d" }] }, agent);
  assertEquals([outcomes(kept), [...agent.held.keys()]], [["a removed"], ["d/b"]]);
  const manifest = await encodeManifest([], { isWipe: true });
  const [wiped] = await toThem({ files: {} }, agent, { manifest });
  assertEquals([outcomes(wiped), agent.held.size], [["d/b removed"], 0]);
});

Deno.test("our keeper learns what a second agent would do, and it does nothing", async () => {
  const agent = { ...freshAgent(), runsHooks: true };
  await toThem({ files: { a: "1", b: "2", c: "3" } }, agent);
  const tree = {
    files: { a: "new", b: "2" },
    entries: OUR_FOLDERS,
    hooks: OUR_HOOKS,
    hook: "note",
  };
  const [planned] = await toThem(tree, agent, { isPlan: true });
  const expected = ["a updated", "b unchanged", "c removed", "tls created", "tls/old created"];
  assertEquals(outcomes(planned), expected);
  assertEquals(planned.hooks.map(({ hook, outcome }) => [hook, outcome]), [["note", "due"]]);
  assertEquals([agent.held.size, agent.held.get("a")?.toString()], [3, "1"]);
  const [done] = await toThem(tree, agent);
  assertEquals(outcomes(done), expected);
  assertEquals(done.hooks.map(({ hook, outcome, output }) => [hook, outcome, output]), [
    ["note", "ran", "done\n"],
  ]);
});

Deno.test("our manifest and that of the second implementation are the same bytes", async () => {
  const owner = { uid: 1, gid: 4_294_967_294 };
  const entries: readonly ManifestEntry[] = [
    ...OUR_FOLDERS,
    { kind: "folder", path: "set", mode: 0o711, strategy: "ENSURE_CREATED", together: true },
    { kind: "keep", path: "k\u00e9p\u{1f511}" },
    {
      ...{ kind: "issued", path: "i", certificate: "web", part: "key", mode: 0o600 },
      ...{ strategy: "STRICT", ...owner, inPlace: true, hook: "note" },
    },
    {
      ...{ kind: "issued", path: "i.root", certificate: "web", part: "root", mode: 0o644 },
      strategy: "STRICT",
    },
    {
      kind: "file",
      path: "f\u{10000}",
      digest: "cd".repeat(32),
      size: 2 ** 40,
      mode: 0,
      strategy: "ENSURE_CREATED",
      ...owner,
      inPlace: true,
      leaseS: 31_622_400,
      hook: "run",
      readers: ["db", "web"],
    },
  ];
  const certificates = [
    { name: "web", key: "P-384", terms: "ef".repeat(32) },
    { name: "a-0", key: "Ed25519", terms: "01".repeat(32) },
  ] as const;
  const { bytes } = await encodeManifest(entries, { hooks: OUR_HOOKS, certificates });
  const lines = parseManifest(Buffer.from(bytes));
  assertEquals(composeManifest(new Map(), lines), Buffer.from(bytes));
  const again = composeManifest(new Map(), [...HOOK_LINES, ...FOLDERS]);
  assertEquals(decodeManifest(new Uint8Array(again)).hooks.length, 3);
});

const MANY = Array.from({ length: 2_000 }, (_, i) => `dir/${i % 20}/file-${i}`);

Deno.test("our agent takes only the parts of a second keeper's manifest that it lacks", async () => {
  const store = new MemorySecretStore();
  const files = Object.fromEntries(MANY.map((path) => [path, vaultFile("1")]));
  const [, first] = await toUs(store, files);
  const [received, second] = await toUs(store, { ...files, "dir/7/file-7": vaultFile("2") });
  assertEquals(received.files.filter(({ outcome }) => outcome === "updated").length, 1);
  assert(second.manifestBytes > 0 && second.manifestBytes < first.manifestBytes / 4);
  const [, third] = await toUs(store, { ...files, "dir/7/file-7": vaultFile("2") });
  assertEquals(third.manifestBytes, 0);
});

Deno.test("our keeper sends a second agent only the parts of a manifest that it lacks", async () => {
  const files = Object.fromEntries(MANY.map((path) => [path, "1"]));
  const agent = freshAgent();
  const [, first] = await toThem({ files }, agent);
  const { "dir/3/file-3": _gone, ...rest } = files;
  const [delivered, second] = await toThem({ files: rest }, { ...agent, manifest: first.manifest });
  assertEquals(outcomes(delivered).filter((line) => line.endsWith("removed")), [
    "dir/3/file-3 removed",
  ]);
  assert(second.manifestBytes > 0 && second.manifestBytes < first.manifestBytes / 4);
  const { digest } = await encodeManifest((await treeOf({ files: rest })).entries as FileEntry[]);
  assertEquals(encodeHex(await sha256Digest(new Uint8Array(second.manifest))), encodeHex(digest));
});

const TEXT = "listen 8080;\n".repeat(2_000);

Deno.test("our agent takes what a second keeper compressed", async () => {
  const store = new MemorySecretStore();
  const [received] = await toUs(store, { a: { ...vaultFile(TEXT), compress: true } });
  assertEquals(new TextDecoder().decode(store.read("a")), TEXT);
  assert(received.contentBytes < TEXT.length / 10);
});

Deno.test("our keeper compresses for a second agent that takes it", async () => {
  const source = await treeOf({ files: { a: TEXT } });
  const again: SecretSource = {
    ...source,
    async open(entry, from) {
      const content = await source.open(entry, from);
      assert(content !== null);
      const reopen = async () => (await source.open(entry, from))?.chunks ?? null;
      return { ...content, reopen };
    },
  };
  for (const accept of [false, true]) {
    const agent = { ...freshAgent(), accept };
    const [, received] = await connectWell(
      async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), again, { revision: 1 }),
      async (transport) => await receive(await openAsAgent(transport, theirAgent()), agent),
    );
    assertEquals(agent.held.get("a")?.toString(), TEXT);
    assertEquals(received.contentBytes < TEXT.length / 10, accept);
  }
});
