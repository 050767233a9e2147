import {
  type Delivery,
  prepareDelivery,
  type PrepareDeliveryOptions,
} from "../../../keeper/contact/delivery.ts";
import { TRUST_LEVELS } from "../../../keeper/trust/mod.ts";
import type { ApplicationCertificate } from "../../../keeper/vault/application_certificate.ts";
import type { Declaration } from "../../../keeper/vault/declaration.ts";
import { type Declarations, declareForAll } from "../../../keeper/vault/declarations.ts";
import type { VaultView } from "../../../keeper/vault/vault.ts";
import { decodeManifest, encodeHex, type Hook } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { declared, memoryView } from "../../support/fake_fleet.ts";

const FILES = declared("a", ["b", "first-use"], ["c", "approved"], ["d", "enrolled"]);
const CONTENTS = { a: "1", b: "2", c: "3", d: "4" };
const FROM_START = { offset: 0, prefix: null };

async function prepare(
  declarations: Declarations = FILES,
  contents: Readonly<Record<string, string>> | VaultView = CONTENTS,
  options: PrepareDeliveryOptions = {},
): Promise<Delivery> {
  const view = "contentsOf" in contents ? contents as VaultView : await memoryView(contents);
  return await prepareDelivery({ inspect: () => Promise.resolve(view) }, declarations, options);
}

Deno.test("prepareDelivery gives each level what it may have, and names the rest", async () => {
  const delivery = await prepare();
  const given: Record<string, unknown> = {};
  for (const level of TRUST_LEVELS) {
    const { source, manifest, withheld } = await delivery.at(null, level);
    assertEquals(decodeManifest(manifest.bytes).entries, [...source.entries]);
    given[level] = [source.entries.map(({ path }) => path), withheld.map(({ path }) => path)];
  }
  assertEquals(given, {
    "address": [["a"], ["b", "c", "d"]],
    "first-use": [["a", "b"], ["c", "d"]],
    "approved": [["a", "b", "c"], ["d"]],
    "enrolled": [["a", "b", "c", "d"], []],
  });
});

Deno.test("prepareDelivery says of what is withheld neither that it is there nor that it is not", async () => {
  const delivery = await prepare(FILES, { a: "1", b: "2" });
  const { source, withheld, faults } = await delivery.at(null, "approved");
  assertEquals([[...source.missing], faults.map(({ path }) => path)], [["c"], ["c"]]);
  assertEquals(source.entries.filter(({ kind }) => kind === "keep").map(({ path }) => path), ["c"]);
  assertEquals(withheld, [{ path: "d", required: "enrolled" }]);
});

Deno.test("prepareDelivery makes one manifest a level, and the same again while nothing changes", async () => {
  const view = await memoryView(CONTENTS);
  const delivery = await prepare(FILES, view);
  const approved = await delivery.at(null, "approved");
  assert(await delivery.at("web", "approved") === approved);
  const second = await prepare(FILES, view, { last: delivery });
  assert(await second.at(null, "approved") === approved);
  const third = await prepare(FILES, { ...CONTENTS, a: "other" }, { last: second });
  assert(await third.at(null, "approved") !== approved);
  const fourth = await prepare(declared("a"), view, { last: third });
  assertEquals((await fourth.at(null, "approved")).source.entries.length, 1);
});

Deno.test("prepareDelivery gives each component what is declared for it", async () => {
  const all = declared("a", "b", ["c", "enrolled"]).all;
  const [a, b, c] = all;
  assert(a !== undefined && b !== undefined && c !== undefined);
  const lists: Record<string, readonly Declaration[]> = {
    web: [a, { ...b, target: "x" }],
    db: [a, c],
  };
  const rest: readonly Declaration[] = [];
  const declarations = { all, hooks: [], of: (name: string | null) => lists[name ?? ""] ?? rest };
  const delivery = await prepare(declarations);
  const given = await Promise.all([null, "web", "db", "other"].map(async (component) => {
    return await delivery.at(component, "approved");
  }));
  assertEquals(given.map(({ source }) => source.entries.map(({ path }) => path)), [
    [],
    ["a", "x"],
    ["a"],
    [],
  ]);
  const digests = given.map(({ declaredDigest }) => declaredDigest);
  assertEquals([new Set(digests).size, digests[0]], [3, digests[3]]);
  const x = given[1]?.source.entries[1];
  assert(x?.kind === "file");
  const content = await given[1]?.source.open(x, FROM_START);
  for await (const piece of content?.chunks ?? []) {
    assertEquals(new TextDecoder().decode(piece), "2");
  }
  assertEquals(await given[2]?.source.open(x, FROM_START), null);
});

Deno.test("prepareDelivery sends along the hooks that are named, and no others", async () => {
  const hook = (name: string): Hook => {
    return { name, action: { kind: "touch", path: `run/${name}` }, timeoutS: 30 };
  };
  const [a, b, gone] = declared("a", "b", "gone").all;
  assert(a !== undefined && b !== undefined && gone !== undefined);
  const all = [{ ...a, hook: "one" }, b, { ...gone, hook: "two" }];
  const { source, manifest } =
    await (await prepare(declareForAll(all, ["one", "two", "three"].map(hook))))
      .at(null, "approved");
  // What is kept brings no hook.
  assertEquals(source.hooks, [hook("one")]);
  assertEquals(decodeManifest(manifest.bytes).hooks, [hook("one")]);
});

Deno.test("prepareDelivery lets contents be opened once more where they may be compressed", async () => {
  const [a, b] = declared("a", "b").all;
  assert(a !== undefined && b !== undefined);
  const { source } = await (await prepare(declareForAll([a, { ...b, compress: true }])))
    .at(null, "approved");
  const contents = await Promise.all(source.entries.map(async (entry) => {
    return entry.kind === "file" ? await source.open(entry, FROM_START) : null;
  }));
  assertEquals(contents.map((content) => content?.reopen === undefined), [true, false]);
  const read = async (chunks: AsyncIterable<Uint8Array> | null | undefined) => {
    let text = "";
    for await (const piece of chunks ?? []) text += new TextDecoder().decode(piece);
    return text;
  };
  assertEquals([await read(contents[1]?.chunks), await read(await contents[1]?.reopen?.())], [
    "2",
    "2",
  ]);
});

Deno.test("prepareDelivery has the digest of the manifest where nothing asks for a level", async () => {
  const { manifest, declaredDigest } = await (await prepare(declared("a"))).at(null, "first-use");
  assertEquals(declaredDigest, encodeHex(manifest.digest));
});

Deno.test("prepareDelivery has one digest for all levels, another for other contents and demands", async () => {
  const digestOf = async (delivery: Delivery, level: "address" | "enrolled" = "enrolled") => {
    return (await delivery.at(null, level)).declaredDigest;
  };
  const digests = await Promise.all([
    prepare(),
    prepare(FILES, { ...CONTENTS, d: "5" }),
    prepare(declared("a", ["b", "first-use"], ["c", "approved"], ["d", "approved"])),
    prepare(declared()),
  ].map(async (delivery) => await digestOf(await delivery)));
  assertEquals(new Set(digests).size, 4);
  const reverse = declareForAll([...FILES.all].reverse());
  assertEquals(await digestOf(await prepare(reverse)), digests[0]);
  assertEquals(await digestOf(await prepare(), "address"), digests[0]);
});

Deno.test("prepareDelivery counts the bytes of all that is declared", async () => {
  assertEquals((await prepare(declared("a", "t"), { a: "12", "t/b": "345" })).totalBytes, 5);
});

Deno.test("prepareDelivery declares the certificates that entries of a level name, on terms of the component", async () => {
  const issue = (certificate: string) => ({ certificate, part: "key" }) as const;
  const common = { source: "", strategy: "STRICT", symlinks: "refuse" } as const;
  const all: Declaration[] = [
    { ...common, target: "key", issued: issue("web") },
    { ...common, target: "own.key", issued: issue("own"), requires: "approved" },
  ];
  const own: ApplicationCertificate = {
    ...{ name: "own", names: null, usage: ["server", "client"], key: "P-256", lifetimeS: 3_600 },
  };
  const certificates = [{ ...own, name: "web", names: ["web.example.org"] }, own, {
    ...own,
    name: "unused",
  }];
  const declarations: Declarations = { all, hooks: [], certificates, of: () => all };
  const delivery = await prepare(declarations, {}, { app: "demo" });
  const low = await delivery.at("web", "first-use");
  assertEquals(low.certificates.map(({ name }) => name), ["web"]);
  const high = await delivery.at("web", "approved");
  assertEquals(high.certificates, certificates.slice(0, 2));
  const read = decodeManifest(high.manifest.bytes);
  assertEquals(read.certificates?.map(({ name, key }) => `${name} ${key}`), [
    ...["own P-256", "web P-256"],
  ]);
  const other = decodeManifest((await delivery.at("db", "approved")).manifest.bytes);
  const terms = (manifest: typeof read) => manifest.certificates?.map((one) => one.terms) ?? [];
  // Names that are declared are the same for all, those of the container are not.
  assertEquals(terms(other)[1], terms(read)[1]);
  assert(terms(other)[0] !== terms(read)[0]);
  assertEquals(delivery.totalBytes, 0);
});
