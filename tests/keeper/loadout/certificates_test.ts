import { readCertificates } from "../../../keeper/loadout/certificates.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { limits } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function read(text: string) {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const certificates = readCertificates(tree, problems);
  return { certificates, errors: problems.errors().map(({ problem }) => problem) };
}

function namesOf(names: string): readonly string[] | null | undefined {
  const { certificates, errors } = read(`a: { names: ${names} }`);
  return errors.length > 0 ? undefined : certificates.get("a")?.certificate.names;
}

Deno.test("readCertificates reads all that can be said, and what is so where nothing is", () => {
  const { certificates, errors } = read(`
web:
  names: [Web.Example.org, "*.example.org", 10.0.0.7, "2001:db8::1", fluxweb_demo]
  usage: [client, server]
  key: Ed25519
  lifetime: 12h
own:
`);
  assertEquals(errors, []);
  assertEquals([...certificates.values()].map((written) => written?.certificate), [
    {
      name: "web",
      names: ["web.example.org", "*.example.org", "10.0.0.7", "2001:db8::1", "fluxweb_demo"],
      usage: ["server", "client"],
      key: "Ed25519",
      lifetimeS: 43_200,
    },
    {
      ...{ name: "own", names: null, usage: ["server", "client"], key: "P-256" },
      lifetimeS: 2_592_000,
    },
  ]);
  assertEquals(certificates.get("own")?.place.text, "f:7:1");
});

Deno.test("readCertificates takes host names and addresses, and nothing else", () => {
  const good = ["a", "a.b", "_x.a", "x--y.de", "0.a", "255.255.255.255", "::1", "::ffff:1.2.3.4"];
  for (const name of good) assertEquals(namesOf(`["${name}"]`), [name]);
  const bad = [
    ...["a.", ".a", "a..b", "-a", "a-", "*", "*.a", "a.*", "a b", "a/b", "a:1", "\u00e4.de"],
    ...["1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "10.0.0.0/8", ":::", "[::1]", "a.1"],
    ...["::1]/a", "::1]:8", "::1]?b["],
    ...["x".repeat(64), `${"x.".repeat(127)}x`, "internal", "web.demo.fluxvault.internal"],
  ];
  for (const name of bad) assertEquals(namesOf(JSON.stringify([name])), undefined, name);
});

Deno.test("readCertificates keeps the name of one that cannot be used, so that it counts as defined", () => {
  const { certificates, errors } = read("web: [a.org]\nWeb: { names: [a.org] }\n");
  assertEquals([...certificates], [["web", null], ["Web", null]]);
  assertEquals(errors.length, 2);
});

Deno.test("readCertificates bounds their number by that of a manifest, and the names of each", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `c${i}:\n`).join("");
  assertEquals(read(many(limits.MAX_CERTIFICATES)).errors, []);
  assertEquals(read(many(limits.MAX_CERTIFICATES + 1)).errors.length, 1);
  const names = (count: number) => {
    return JSON.stringify(Array.from({ length: count }, (_, i) => `a${i}.org`));
  };
  assertEquals(namesOf(names(64))?.length, 64);
  assertEquals(namesOf(names(65)), undefined);
});

Deno.test("readCertificates has a certificate live from an hour to 90 days", () => {
  const lives = (lifetime: string) => read(`a: { lifetime: ${lifetime} }`).errors.length === 0;
  assertEquals(["3600", "1h", "90d", "7776000"].map(lives), [true, true, true, true]);
  assertEquals(["3599", "59m", "91d", "7776001", "soon"].some(lives), false);
});
