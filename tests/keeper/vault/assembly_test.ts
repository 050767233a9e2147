import fc from "fast-check";
import { assemble, type Assembly } from "../../../keeper/vault/assembly.ts";
import type { Declaration } from "../../../keeper/vault/declaration.ts";
import { DiskVault } from "../../../keeper/vault/disk_vault.ts";
import { MemoryVault } from "../../../keeper/vault/memory_vault.ts";
import type { SourceContents, VaultItem, VaultView } from "../../../keeper/vault/vault.ts";
import type { TrustLevel } from "../../../keeper/trust/mod.ts";
import { encodeManifest, encodeUtf8, type FolderStrategy } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { UNIX, VaultFolder } from "./vault_folder.ts";

function declare(source: string, target = source, others: Partial<Declaration> = {}): Declaration {
  return { source, target, strategy: "STRICT", symlinks: "refuse", ...others };
}

async function viewOf(...paths: readonly string[]): Promise<VaultView> {
  const files = paths.map((path) => [path, encodeUtf8(path)] as const);
  return await (await MemoryVault.from(Object.fromEntries(files))).inspect();
}

/** A view of what cannot be read in some places, `source` or `source/below`. */
function withGaps(view: VaultView, ...gaps: readonly string[]): VaultView {
  return {
    contentsOf(source): SourceContents {
      const items = view.contentsOf(source).items.flatMap((item): VaultItem[] => {
        const { below } = item;
        const way = below === "" ? [] : below.split("/");
        const places = [[], ...way.map((_, i) => way.slice(0, i + 1))].map((names) => {
          return [source.source, ...names].join("/");
        });
        const first = places.findIndex((place) => gaps.includes(place));
        if (first < 0) return [item];
        if (first < places.length - 1) return [];
        return [{ kind: "gap", below, code: "permission-denied", reason: "no" }];
      });
      return { items };
    },
    open: (file, from) => view.open(file, from),
  };
}

/** Describes entries in words: a path, `/` behind a folder, `=` behind what is kept, and the strategy. */
function say({ entries }: Assembly): string[] {
  return entries.map((entry) => {
    if (entry.kind === "keep") return `${entry.path}=`;
    return `${entry.path}${entry.kind === "folder" ? "/" : ""} ${entry.strategy}`;
  }).sort();
}

const STRATEGIES: readonly (readonly [FolderStrategy, string])[] = [
  ["STRICT", "STRICT"],
  ["ALLOW_ADDS", "STRICT"],
  ["ENSURE_CREATED", "ENSURE_CREATED"],
];

for (const [strategy, ofFiles] of STRATEGIES) {
  Deno.test(`assemble gives a folder and those in it the strategy ${strategy}`, async () => {
    const view = await viewOf("t/a", "t/sub/b");
    assertEquals(say(assemble([declare("t", "/etc/t", { strategy })], view, "address")), [
      `/etc/t/ ${strategy}`,
      `/etc/t/a ${ofFiles}`,
      `/etc/t/sub/ ${strategy}`,
      `/etc/t/sub/b ${ofFiles}`,
    ]);
    const alone = assemble([declare("t/a", "x", { strategy })], view, "address");
    assertEquals(say(alone), [`x ${ofFiles}`]);
  });
}

Deno.test("assemble says of each file and folder what is declared of it", async () => {
  const view = await viewOf("t/a", "t/sub/b");
  const all: Partial<Declaration> = {
    mode: 0o640,
    folderMode: 0o750,
    uid: 1,
    gid: 2,
    hook: "reload",
    together: true,
    leaseS: 60,
    readers: ["db", "web"],
    inPlace: true,
    compress: true,
  };
  const owner = { uid: 1, gid: 2 };
  const { entries, files } = assemble([declare("t", "t", all)], view, "address");
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const folder = { mode: 0o750, ...owner, strategy: "STRICT", hook: "reload" } as const;
  assertEquals(byPath.get("t"), { kind: "folder", path: "t", ...folder, together: true });
  assertEquals(byPath.get("t/sub"), { kind: "folder", path: "t/sub", ...folder });
  const file = files.get("t/sub/b")?.file;
  assert(file !== undefined);
  assertEquals(byPath.get("t/sub/b"), {
    kind: "file",
    path: "t/sub/b",
    digest: file.digest,
    size: 7,
    mode: 0o640,
    ...owner,
    strategy: "STRICT",
    inPlace: true,
    leaseS: 60,
    hook: "reload",
    readers: ["db", "web"],
  });
  assertEquals(files.get("t/a")?.declaration.compress, true);
});

Deno.test({
  name: "assemble gives 0700 to what its owner may run, and else 0600, where nothing is declared",
  ignore: !UNIX,
  fn: async () => {
    await using folder = await VaultFolder.make({ "t/run": "1", "t/read": "2" });
    await Deno.chmod(folder.at("t/run"), 0o755);
    const declarations = [declare("t")];
    const view = await new DiskVault(folder.path).inspect(declarations);
    const { entries } = assemble(declarations, view, "address");
    const modes = entries.map((entry) => [entry.path, entry.kind === "keep" ? null : entry.mode]);
    assertEquals(Object.fromEntries(modes), { "t": 0o700, "t/run": 0o700, "t/read": 0o600 });
  },
});

Deno.test("assemble keeps what cannot be read, with all that is below it, and tells of it", async () => {
  const view = withGaps(await viewOf("t/a", "t/b", "t/c/d"), "t/b", "t/c");
  const assembly = assemble([declare("t", "u"), declare("gone", "y")], view, "address");
  assertEquals(say(assembly), ["u/ STRICT", "u/a STRICT", "u/b=", "u/c=", "y="]);
  const faults = assembly.faults.map(({ path, source, code }) => [path, source, code]);
  assertEquals(faults.sort(), [
    ["u/b", "t/b", "permission-denied"],
    ["u/c", "t/c", "permission-denied"],
    ["y", "gone", "file-missing"],
  ]);
});

Deno.test("assemble lets what is declared deeper go before what a folder holds there", async () => {
  const view = await viewOf("t/a", "t/sub/b", "t/sub/c", "other/d", "key");
  const declarations = [
    declare("t", "u"),
    declare("key", "u/a", { strategy: "ENSURE_CREATED" }),
    declare("other", "u/sub", { strategy: "ALLOW_ADDS" }),
    declare("key", "u/new/key"),
  ];
  for (const order of [declarations, [...declarations].reverse()]) {
    const assembly = assemble(order, view, "address");
    assertEquals(say(assembly), [
      "u/ STRICT",
      "u/a ENSURE_CREATED",
      "u/new/key STRICT",
      "u/sub/ ALLOW_ADDS",
      "u/sub/d STRICT",
    ]);
    assertEquals(assembly.files.get("u/a")?.declaration.source, "key");
  }
});

Deno.test("assemble gives nothing from a folder in the place of what is withheld", async () => {
  const view = await viewOf("t/a", "t/key", "t/sub/b");
  const declarations = [
    declare("t"),
    declare("t/key", "t/key", { requires: "approved" }),
    declare("t/sub", "t/sub", { requires: "enrolled" }),
  ];
  const all = ["t/ STRICT", "t/a STRICT", "t/key STRICT", "t/sub/ STRICT", "t/sub/b STRICT"];
  const given = (level: TrustLevel) => assemble(declarations, view, level);
  assertEquals(say(given("first-use")), ["t/ STRICT", "t/a STRICT"]);
  assertEquals(given("first-use").withheld, [
    { path: "t/key", required: "approved" },
    { path: "t/sub", required: "enrolled" },
  ]);
  assertEquals(say(given("approved")), all.slice(0, 3));
  assertEquals([say(given("enrolled")), given("enrolled").withheld], [all, []]);
});

Deno.test("assemble withholds what is declared by itself also where a folder would bring it", async () => {
  const view = await viewOf("t/a", "t/key", "t/sub/b", "t/sub/c/d");
  const declarations = [
    declare("t"),
    declare("t/key", "elsewhere/key", { requires: "approved" }),
    declare("t/sub", "other", { requires: "enrolled" }),
    // It is declared without a level of its own, where it was to be seen.
    declare("t/sub/c", "open"),
    declare("t", "again", { requires: "enrolled" }),
  ];
  const { withheld, ...assembly } = assemble(declarations, view, "first-use");
  assertEquals(say({ ...assembly, withheld }), [
    "open/ STRICT",
    "open/d STRICT",
    "t/ STRICT",
    "t/a STRICT",
  ]);
  assertEquals(withheld.map(({ path }) => path).sort(), [
    "again",
    "elsewhere/key",
    "other",
    "t/key",
    "t/sub",
  ]);
});

Deno.test("assemble puts no file where something else goes below it", async () => {
  const view = await viewOf("t/sub", "t/a", "key", "plain");
  const { faults, ...rest } = assemble(
    [
      declare("t"),
      declare("key", "t/sub/deep/key"),
      declare("plain", "p"),
      declare("key", "p/key"),
    ],
    view,
    "address",
  );
  assertEquals(say({ ...rest, faults }), [
    "p/key STRICT",
    "t/ STRICT",
    "t/a STRICT",
    "t/sub/deep/key STRICT",
  ]);
  const taken = faults.map(({ path, code }) => [path, code]).sort();
  assertEquals(taken, [["p", "target-taken"], ["t/sub", "target-taken"]]);
});

Deno.test("assemble names nothing below what is kept, and says so", async () => {
  const view = withGaps(await viewOf("t/a", "key", "u/sub/x"), "t", "u/sub");
  const declarations = [
    declare("t"),
    declare("key", "t/deep/key"),
    declare("u"),
    declare("key", "u/sub/key"),
    declare("key", "u/other"),
  ];
  const { faults, ...rest } = assemble(declarations, view, "address");
  assertEquals(say({ ...rest, faults }), ["t=", "u/ STRICT", "u/other STRICT", "u/sub="]);
  assertEquals(faults.map(({ path, code }) => [path, code]).sort(), [
    ["t", "permission-denied"],
    ["t/deep/key", "target-kept"],
    ["u/sub", "permission-denied"],
    ["u/sub/key", "target-kept"],
  ]);
});

Deno.test("assemble refuses a path that is too long at its target alone", async () => {
  const name = "n".repeat(200);
  const view = await viewOf(`t/${name}/${name}/${name}/${name}/a`, "t/b");
  const target = "p".repeat(230);
  const { faults, ...rest } = assemble([declare("t", target)], view, "address");
  assert(say({ ...rest, faults }).includes(`${target}/b STRICT`));
  assertEquals(faults.map(({ code }) => code), ["path-refused", "path-refused"]);
  assert(/its target is longer than 1024 bytes/.test(faults[0]?.reason ?? ""));
  assertEquals(assemble([declare("t", "p")], view, "address").faults, []);
});

Deno.test("assemble makes the same lines of what did not change", async () => {
  const view = await viewOf("t/a", "t/b");
  const declarations = [declare("t"), declare("t/a", "x")];
  const [first, second] = [1, 2].map(() => assemble(declarations, view, "address").entries);
  assert(first !== undefined && first.every((entry, i) => entry === second?.[i]));
});

const SEGMENT = fc.constantFrom("a", "b", "c");
const PATH = fc.array(SEGMENT, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const DECLARATION = fc.record({
  source: PATH,
  target: PATH,
  requires: fc.constantFrom(undefined, "approved", "enrolled"),
  strategy: fc.constantFrom<FolderStrategy>("STRICT", "ALLOW_ADDS", "ENSURE_CREATED"),
}).map(({ source, target, requires, strategy }) =>
  declare(source, target, { strategy, ...(requires === undefined ? {} : { requires }) })
);

Deno.test("assemble makes a manifest of whatever is declared, and gives nothing that is withheld", async () => {
  const cases = fc.record({
    paths: fc.uniqueArray(PATH, { minLength: 1, maxLength: 8 }),
    gaps: fc.array(PATH, { maxLength: 3 }),
    declarations: fc.uniqueArray(DECLARATION, {
      minLength: 1,
      maxLength: 6,
      selector: ({ target }) => target,
    }),
    level: fc.constantFrom<TrustLevel>("address", "approved", "enrolled"),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ paths, gaps, declarations, level }) => {
      const isFile = (path: string) => !paths.some((other) => other.startsWith(`${path}/`));
      const view = withGaps(await viewOf(...paths.filter(isFile)), ...gaps);
      const { entries, withheld, faults } = assemble(declarations, view, level);
      await encodeManifest(entries);
      const given = new Set(entries.map(({ path }) => path));
      for (const { path } of withheld) assert(!given.has(path));
      for (const { target, requires } of declarations) {
        const isLow = requires !== undefined && withheld.some(({ path }) => path === target);
        const isToldOf = faults.some(({ path }) => path === target);
        assert(given.has(target) || isLow || isToldOf, `${target} is told of`);
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("assemble has the files of a certificate, or the part that is named, and looks into no vault", async () => {
  const view = await viewOf("a");
  const issued = { certificate: "web", part: null };
  const whole = declare("", "tls", { issued, uid: 1, gid: 2, hook: "reload", together: true });
  const single = declare("", "client.key", {
    issued: { certificate: "own", part: "key" },
    mode: 0o400,
    inPlace: true,
  });
  const { entries, files, faults } = assemble([whole, single], view, "address");
  assertEquals([files.size, faults], [0, []]);
  const owner = { uid: 1, gid: 2 };
  const strategy = "STRICT";
  const part = { kind: "issued", certificate: "web", ...owner, strategy, hook: "reload" };
  assertEquals([...entries] as unknown[], [
    {
      ...{ kind: "folder", path: "tls", mode: 0o700, ...owner, strategy, together: true },
      hook: "reload",
    },
    { ...part, path: "tls/chain.pem", part: "chain", mode: 0o644 },
    { ...part, path: "tls/key.pem", part: "key", mode: 0o600 },
    { ...part, path: "tls/root.pem", part: "root", mode: 0o644 },
    {
      ...{ kind: "issued", path: "client.key", certificate: "own", part: "key", mode: 0o400 },
      ...{ strategy, inPlace: true },
    },
  ]);
});

Deno.test("assemble withholds a certificate from a level that is too low, and lets others go before it", async () => {
  const view = await viewOf("t/key.pem", "own.pem");
  const issued = { certificate: "web", part: null };
  const whole = declare("", "tls", { issued, requires: "approved" });
  const { entries, withheld } = assemble([declare("t", "t"), whole], view, "first-use");
  assertEquals(withheld, [{ path: "tls", required: "approved" }]);
  assertEquals(entries.map(({ path }) => path).sort(), ["t", "t/key.pem"]);
  const below = declare("own.pem", "tls/root.pem");
  const shared = assemble([whole, below], view, "approved");
  const kinds = shared.entries.map(({ kind, path }) => `${kind} ${path}`).sort();
  assertEquals(kinds, [
    ...["file tls/root.pem", "folder tls", "issued tls/chain.pem", "issued tls/key.pem"],
  ]);
});
