import { AuthorityError } from "../../../keeper/authority/errors.ts";
import {
  agentName,
  checkApplicationNames,
  containerNames,
  isBelow,
  keeperName,
  readNames,
} from "../../../keeper/authority/subject_names.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const OWNER = { app: "VaultDemo", component: "db" };

Deno.test("agentName and keeperName can never be one another", () => {
  assertEquals(agentName(OWNER), "db.agent.VaultDemo.fluxvault.internal");
  assertEquals(agentName({ ...OWNER, component: null }), "agent.VaultDemo.fluxvault.internal");
  assertEquals(
    agentName({ app: "VaultDemo", component: "keeper" }),
    "keeper.agent.VaultDemo.fluxvault.internal",
  );
  assertEquals(keeperName("VaultDemo"), "keeper.VaultDemo.fluxvault.internal");
});

Deno.test("containerNames are what Docker answers for, none where Flux has no such container", () => {
  assertEquals(containerNames(OWNER), [
    "fluxdb_vaultdemo",
    "fluxdb_vaultdemo.fluxdockernetwork_vaultdemo",
    "db",
  ]);
  assertEquals(containerNames({ app: "old", component: null }), [
    "fluxold",
    "fluxold.fluxdockernetwork_old",
  ]);
  assertEquals(containerNames({ app: "fluxapp", component: "db" }), []);
  assertEquals(containerNames({ app: "app", component: "my-db" }), []);
});

Deno.test("readNames writes names as they are compared, each once", () => {
  const names = ["Example.ORG", "*.Example.org", "10.0.0.7", "FD00:0::1", "a_b", "example.org"];
  assertEquals(readNames(names), [
    "example.org",
    "*.example.org",
    "10.0.0.7",
    "fd00::1",
    "a_b",
  ]);
});

const BAD_NAMES = [
  "",
  ".",
  "a..b",
  "a.",
  "-a.org",
  "a-.org",
  "a b",
  "a,b",
  "*",
  "*.org",
  "a.*.org",
  "**.a.org",
  "256.0.0.1",
  "1.2.3",
  "::g",
  "fe80::1%eth0",
  "a\0.org",
  "b\u00fccher.org",
  "http://a.org",
  "a@b.org",
  `${"a".repeat(64)}.org`,
  `${"a.".repeat(126)}org`,
];

for (const name of BAD_NAMES) {
  Deno.test(`readNames refuses ${JSON.stringify(name.slice(0, 30))}`, () => {
    const error = assertThrows(() => readNames([name]), AuthorityError);
    assertEquals(error.code, "name-refused");
  });
}

Deno.test("readNames refuses more names than a certificate carries", () => {
  const names = Array.from({ length: 65 }, (_, index) => `a${index}.org`);
  assertThrows(() => readNames(names), AuthorityError);
  assertEquals(readNames(names.slice(1)).length, 64);
});

Deno.test("isBelow takes a name, what is below it, and an address alone", () => {
  const pairs: readonly (readonly [name: string, tree: string, is: boolean])[] = [
    ["example.org", "Example.org", true],
    ["a.example.org", "example.org", true],
    ["*.example.org", "example.org", true],
    ["badexample.org", "example.org", false],
    ["example.org", "a.example.org", false],
    ["10.0.0.7", "10.0.0.7", true],
    ["1.10.0.0.7", "10.0.0.7", false],
  ];
  for (const [name, tree, is] of pairs) assertEquals(isBelow(name, tree), is, `${name} ${tree}`);
});

const REFUSED = [
  "fluxweb_vaultdemo",
  "fluxdb_other",
  "fluxother",
  "zelother",
  "fluxdb_other.fluxdockernetwork_other",
  "fluxweb_vaultdemo.fluxdockernetwork_vaultdemo",
  "keeper.vaultdemo.fluxvault.internal",
  "db.agent.vaultdemo.fluxvault.internal",
  "*.fluxvault.internal",
  "fluxvault.internal",
  "internal",
  "web",
  "org",
];

for (const name of REFUSED) {
  Deno.test(`checkApplicationNames refuses ${name} to a component that is not called so`, () => {
    const allowed = ["example.org"];
    assertThrows(() => checkApplicationNames([name], OWNER, { allowed }), AuthorityError);
  });
}

Deno.test("checkApplicationNames refuses what is kept for others though it was allowed", () => {
  for (const name of REFUSED.slice(0, -2)) {
    const allowed = [name, name.replace("*.", "")];
    assertThrows(() => checkApplicationNames([name], OWNER, { allowed }), AuthorityError);
  }
  checkApplicationNames(["web"], OWNER, { allowed: ["web"] });
});

Deno.test("checkApplicationNames refuses a certificate without a name", () => {
  assertThrows(() => checkApplicationNames([], OWNER, { allowed: [] }), AuthorityError);
});
