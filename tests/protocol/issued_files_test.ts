import { type Bytes, decodeUtf8, encodeUtf8 } from "../../protocol/bytes.ts";
import { CertificateError } from "../../protocol/certificate_desk.ts";
import { deliverAsKeeper, type DeliverOptions } from "../../protocol/deliver_as_keeper.ts";
import { ConnectionError, StorageError } from "../../protocol/errors.ts";
import { recallIssued, resolveIssued } from "../../protocol/issued_files.ts";
import type {
  CertificatePart,
  DeclaredCertificate,
  FileEntry,
  FolderEntry,
  Hook,
  IssuedEntry,
  Manifest,
  ManifestEntry,
} from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { receiveAsAgent } from "../../protocol/receive_as_agent.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { PlayedCertificates } from "../support/played_certificates.ts";
import { openSessionPair } from "../support/session_pair.ts";

function issued(
  path: string,
  part: CertificatePart = "key",
  more: Partial<IssuedEntry> = {},
): IssuedEntry {
  return {
    ...{ kind: "issued", path, certificate: "web", part, mode: 0o600, strategy: "STRICT" },
    ...more,
  };
}

const WEB: DeclaredCertificate = { name: "web", key: "P-256", terms: "ab".repeat(32) };
const HOOK: Hook = { name: "reload", action: { kind: "touch", path: "t" }, timeoutS: 30 };
const TLS: FolderEntry = { kind: "folder", path: "tls", mode: 0o700, strategy: "STRICT" };
const ENTRIES: readonly ManifestEntry[] = [
  TLS,
  issued("tls/chain", "chain", { mode: 0o644, uid: 1, gid: 2, hook: "reload" }),
  issued("tls/key", "key", { inPlace: true, hook: "reload" }),
];
const MANIFEST: Manifest = { entries: ENTRIES, hooks: [HOOK], certificates: [WEB], isWipe: false };

/** What is in place, by path. */
function storeOf(files: Readonly<Record<string, Bytes>>): MemorySecretStore {
  const store = new MemorySecretStore();
  store.inspect = async (path) => {
    const bytes = files[path];
    if (bytes === undefined) return null;
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  };
  return store;
}

const UNASKED = () => Promise.reject(new TypeError("nobody is called"));

function resolve(
  desk: PlayedCertificates | null,
  { manifest = MANIFEST, store = new MemorySecretStore(), isPlan = false }: {
    readonly manifest?: Manifest;
    readonly store?: Pick<MemorySecretStore, "inspect">;
    readonly isPlan?: boolean;
  } = {},
): ReturnType<typeof resolveIssued> {
  return resolveIssued(manifest, { store, desk, declaredBy: null, call: UNASKED, isPlan });
}

Deno.test("resolveIssued returns a manifest without certificates as it is", async () => {
  const manifest: Manifest = { entries: [TLS], hooks: [], isWipe: false };
  const resolved = await resolve(null, { manifest });
  assertEquals(resolved, { manifest, contents: new Map(), failed: [] } as typeof resolved);
  assert(resolved.manifest.entries === manifest.entries);
});

Deno.test("resolveIssued makes files of what is issued, with their contents and all that is declared", async () => {
  const { manifest, contents, failed } = await resolve(new PlayedCertificates());
  const texts = [...contents].map(([path, bytes]) => [path, decodeUtf8(bytes)]);
  assertEquals(texts, [["tls/chain", "web 1 chain"], ["tls/key", "web 1 key"]]);
  assertEquals(failed, []);
  const [folder, chain, key] = manifest.entries as [FolderEntry, FileEntry, FileEntry];
  assert(folder === TLS);
  assertEquals([chain.kind, chain.size, chain.mode, chain.uid, chain.gid, chain.hook], [
    ...["file", 11, 0o644, 1, 2, "reload"],
  ]);
  assertEquals([key.inPlace, key.uid, key.strategy], [true, undefined, "STRICT"]);
  assert(key.issued === ENTRIES[2]);
  assert(chain.digest !== key.digest);
});

Deno.test("resolveIssued asks for nothing where all is in place, on the same terms and in time", async () => {
  const desk = new PlayedCertificates();
  const { contents } = await resolve(desk);
  await desk.keep(MANIFEST, null);
  const store = storeOf(Object.fromEntries(contents));
  const again = await resolve(desk, { store });
  assertEquals([again.contents.size, again.failed], [0, []]);
  assertEquals(again.manifest.entries.map(({ kind }) => kind), ["folder", "file", "file"]);
  assertEquals(desk.log, ["issue web", "keep web"]);
});

Deno.test("resolveIssued has another issued where one is due, on other terms, gone, changed or elsewhere", async () => {
  const cases: Readonly<Record<string, (files: Record<string, Bytes>) => Partial<Manifest>>> = {
    "on other terms": () => ({ certificates: [{ ...WEB, terms: "cd".repeat(32) }] }),
    "gone": (files) => {
      delete files["tls/key"];
      return {};
    },
    "changed": (files) => {
      files["tls/chain"] = encodeUtf8("another");
      return {};
    },
    "elsewhere": () => ({ entries: [...ENTRIES, issued("tls/root", "root")] }),
    "due": () => ({}),
  };
  for (const [what, change] of Object.entries(cases)) {
    const desk = new PlayedCertificates();
    const files = Object.fromEntries((await resolve(desk)).contents);
    await desk.keep(MANIFEST, null);
    if (what === "due") desk.due.add("web");
    const manifest = { ...MANIFEST, ...change(files) };
    const again = await resolve(desk, { manifest, store: storeOf(files) });
    const key = again.contents.get("tls/key");
    assertEquals(decodeUtf8(key ?? new Uint8Array(0)), "web 2 key", what);
  }
});

Deno.test("resolveIssued asks for no other certificate where a path cannot be looked at", async () => {
  const desk = new PlayedCertificates();
  await resolve(desk);
  await desk.keep(MANIFEST, null);
  const refusing = {
    inspect: () => Promise.reject(new StorageError("path-refused", "the path is refused")),
  };
  const again = await resolve(desk, { store: refusing });
  assertEquals([again.contents.size, desk.log.length], [0, 2]);
});

Deno.test("resolveIssued leaves what cannot be had as it is, and says why of each file", async () => {
  const two: Manifest = {
    ...MANIFEST,
    entries: [...ENTRIES, issued("z", "root", { certificate: "mail" })],
    certificates: [WEB, { ...WEB, name: "mail" }],
  };
  const desk = new PlayedCertificates((name) => {
    if (name === "mail") return Promise.resolve("mail");
    return Promise.reject(new CertificateError("certificate-refused", "no"));
  });
  const { manifest, contents, failed } = await resolve(desk, { manifest: two });
  assertEquals(manifest.entries.map(({ kind }) => kind), ["folder", "keep", "keep", "file"]);
  assertEquals([...contents.keys()], ["z"]);
  assertEquals(
    failed,
    ["tls/chain", "tls/key"].map((path) => {
      return { path, outcome: "failed", code: "certificate-refused" };
    }),
  );
  const none = await resolve(null);
  assertEquals(none.failed.map(({ code }) => code), [
    ...["certificate-unsupported", "certificate-unsupported"],
  ]);
});

Deno.test("resolveIssued throws what ends the session", async () => {
  const lost = new ConnectionError("connection-lost", "it is over");
  const desk = new PlayedCertificates(() => Promise.reject(lost));
  await assertRejects(() => resolve(desk), ConnectionError, "connection-lost");
});

Deno.test("resolveIssued makes nothing in a plan, and says of what is due that it would differ", async () => {
  const desk = new PlayedCertificates();
  const { manifest, contents } = await resolve(desk, { isPlan: true });
  assertEquals([contents.size, desk.log], [0, []]);
  assertEquals(
    manifest.entries.map((entry) => entry.kind === "file" ? entry.digest : entry.kind),
    ["folder", "00".repeat(32), "00".repeat(32)],
  );
});

Deno.test("recallIssued has what is remembered, and keeps the rest as it is", async () => {
  const desk = new PlayedCertificates();
  const { manifest } = await resolve(desk);
  await desk.keep(MANIFEST, null);
  assertEquals(recallIssued(MANIFEST, { desk, declaredBy: null }), manifest);
  // What was resolved before is resolved again.
  assertEquals(recallIssued(manifest, { desk, declaredBy: null }), manifest);
  for (const forgetful of [{ desk, declaredBy: "another" }, { desk: null, declaredBy: null }]) {
    const { entries } = recallIssued(MANIFEST, forgetful);
    assertEquals(entries.map(({ kind }) => kind), ["folder", "keep", "keep"]);
  }
});

/** Delivers a manifest with certificates and one file; returns what was told of each path. */
async function deliver(
  store: MemorySecretStore,
  desk: PlayedCertificates | null,
  { entries = ENTRIES, certificates = [WEB], ...options }:
    & Partial<Pick<Manifest, "entries" | "certificates">>
    & Partial<DeliverOptions> = {},
): Promise<{ readonly told: string[]; readonly hooks: string[] }> {
  const memory = await MemorySecretSource.from({ "a": encodeUtf8("one") });
  const source = {
    entries: [...memory.entries, ...entries],
    hooks: [HOOK],
    certificates,
    missing: memory.missing,
    open: memory.open.bind(memory),
  };
  await using pair = await openSessionPair();
  const [received, delivered] = await Promise.all([
    receiveAsAgent(pair.agent, store, { certificates: desk }),
    deliverAsKeeper(pair.keeper, source, { revision: 1, ...options }),
  ]);
  const linesOf = ({ files }: typeof received) => {
    return files.map(({ path, outcome, code }) => [path, outcome, code ?? ""].join(" ").trimEnd())
      .sort();
  };
  assertEquals(linesOf(received), linesOf(delivered));
  return {
    told: linesOf(delivered),
    hooks: delivered.hooks.map(({ hook, outcome }) => `${hook} ${outcome}`),
  };
}

function read(store: MemorySecretStore, path: string): string | null {
  const bytes = store.read(path);
  return bytes === undefined ? null : decodeUtf8(bytes);
}

Deno.test("receiveAsAgent puts what is issued in place as it does other files, and again only where it must", async () => {
  const [store, desk] = [new MemorySecretStore(), new PlayedCertificates()];
  const first = await deliver(store, desk);
  assertEquals(first.told, [
    ...["a created", "tls created", "tls/chain created", "tls/key created"],
  ]);
  assertEquals(first.hooks, ["reload refused"]);
  assertEquals([read(store, "tls/key"), read(store, "tls/chain")], ["web 1 key", "web 1 chain"]);
  const second = await deliver(store, desk);
  assertEquals(second.told.map((line) => line.split(" ")[1]), new Array(4).fill("unchanged"));
  assertEquals(second.hooks, []);
  desk.due.add("web");
  assertEquals((await deliver(store, desk)).told.slice(2), [
    "tls/chain updated",
    "tls/key updated",
  ]);
  assertEquals(read(store, "tls/key"), "web 2 key");
  assertEquals((await deliver(store, desk, { entries: [], certificates: [] })).told, [
    ...["a unchanged", "tls removed", "tls/chain removed", "tls/key removed"],
  ]);
  assertEquals(store.paths(), ["a"]);
});

Deno.test("receiveAsAgent says in a plan what would be issued, and has nothing issued", async () => {
  const [store, desk] = [new MemorySecretStore(), new PlayedCertificates()];
  const planned = await deliver(store, desk, { isPlan: true });
  assertEquals(planned.told, [
    ...["a created", "tls created", "tls/chain created", "tls/key created"],
  ]);
  assertEquals([desk.log, store.paths()], [[], []]);
  await deliver(store, desk);
  const unchanged = await deliver(store, desk, { isPlan: true });
  assertEquals(unchanged.told.every((line) => line.endsWith("unchanged")), true);
  desk.due.add("web");
  const due = await deliver(store, desk, { isPlan: true });
  assertEquals(due.told.slice(2), ["tls/chain updated", "tls/key updated"]);
});

Deno.test("receiveAsAgent delivers all else where a certificate cannot be had, and keeps what is there", async () => {
  const [store, desk] = [new MemorySecretStore(), new PlayedCertificates()];
  await deliver(store, desk);
  desk.due.add("web");
  desk.answer = () => Promise.reject(new CertificateError("certificate-invalid", "no"));
  const { told, hooks } = await deliver(store, desk);
  assertEquals(told, [
    ...["a unchanged", "tls unchanged"],
    ...["tls/chain failed certificate-invalid", "tls/key failed certificate-invalid"],
  ]);
  assertEquals([hooks, read(store, "tls/key")], [[], "web 1 key"]);
  const none = new MemorySecretStore();
  assertEquals((await deliver(none, null)).told, [
    ...["a created", "tls created"],
    ...["tls/chain failed certificate-unsupported", "tls/key failed certificate-unsupported"],
  ]);
  assertEquals(none.paths(), ["a"]);
});

Deno.test("receiveAsAgent asks for small files by batches beside what is issued, by the right numbers", async () => {
  const store = new MemorySecretStore();
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`tls/f${10 + i}`, encodeUtf8(`contents ${i}`)]),
  );
  const memory = await MemorySecretSource.from(files);
  const entries = [issued("b"), issued("tls/f15x", "chain"), issued("z", "root")];
  const source = {
    entries: [...memory.entries, ...entries],
    certificates: [WEB],
    missing: memory.missing,
    open: memory.open.bind(memory),
  };
  await using pair = await openSessionPair();
  const [received] = await Promise.all([
    receiveAsAgent(pair.agent, store, { certificates: new PlayedCertificates() }),
    deliverAsKeeper(pair.keeper, source, { revision: 1 }),
  ]);
  assertEquals(received.files.filter(({ outcome }) => outcome !== "created"), []);
  assertEquals([read(store, "tls/f49"), read(store, "tls/f15x")], ["contents 39", "web 1 chain"]);
});
