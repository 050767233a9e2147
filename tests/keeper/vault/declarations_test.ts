import type { TrustLevel } from "../../../keeper/trust/mod.ts";
import type { ApplicationCertificate } from "../../../keeper/vault/application_certificate.ts";
import type { Declaration } from "../../../keeper/vault/declaration.ts";
import {
  type Declarations,
  declareForAll,
  findGivenCertificate,
  isOfVault,
} from "../../../keeper/vault/declarations.ts";
import { assertEquals } from "../../support/assert.ts";

const FILE: Declaration = { source: "a", target: "a", strategy: "STRICT", symlinks: "refuse" };

function issued(certificate: string, more: Partial<Declaration> = {}): Declaration {
  return { ...FILE, source: "", issued: { certificate, part: null }, ...more };
}

function certificate(name: string): ApplicationCertificate {
  return { name, names: null, usage: ["server"], key: "P-256", lifetimeS: 3_600 };
}

Deno.test("isOfVault tells what is looked for in a vault from what is issued", () => {
  assertEquals([FILE, issued("web")].map(isOfVault), [true, false]);
});

Deno.test("findGivenCertificate finds what a component of a level is given something of, and nothing else", () => {
  const [web, mail, high] = [certificate("web"), certificate("mail"), certificate("high")];
  const own = [FILE, issued("web"), issued("high", { requires: "approved" })];
  const declarations: Declarations = {
    all: [],
    hooks: [],
    certificates: [web, mail, high],
    of: (component) => component === "web" ? own : [FILE],
  };
  const find = (name: string, component: string | null, level: TrustLevel) => {
    return findGivenCertificate(declarations, name, { component, level });
  };
  assertEquals(find("web", "web", "first-use"), web);
  assertEquals(find("high", "web", "approved"), high);
  assertEquals(find("high", "web", "first-use"), null);
  assertEquals(find("mail", "web", "enrolled"), null);
  assertEquals([find("web", "db", "enrolled"), find("web", null, "enrolled")], [null, null]);
  const none = declareForAll([issued("web")]);
  assertEquals(findGivenCertificate(none, "web", { component: null, level: "enrolled" }), null);
});
