import { AuthorityError } from "../../../keeper/authority/errors.ts";
import {
  allowNames,
  type ApplicationTerms,
  checkOwner,
  decideTerms,
  keeperTerms,
} from "../../../keeper/authority/issue_order.ts";
import { emptyAppIndex } from "../../../keeper/authority/state/app_index.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { APP, DAY_MS } from "./authority_site.ts";

const INDEX = emptyAppIndex(APP);

function order(application: ApplicationTerms, lifetimeMs?: number) {
  return {
    app: APP,
    component: "db",
    purpose: "application" as const,
    request: new Uint8Array(),
    application,
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  };
}

Deno.test("decideTerms lets an agent serve under its own name alone, whatever is asked", () => {
  const wanted = { names: ["example.org"], usage: ["client" as const], name: "web" };
  assertEquals(decideTerms({ ...order(wanted), purpose: "agent", holder: "x" }, INDEX), {
    component: "db",
    purpose: "agent",
    declared: null,
    usage: ["server"],
    names: [`db.agent.${APP}.fluxvault.internal`],
    lifetimeMs: DAY_MS,
    holder: "x",
  });
});

Deno.test("decideTerms gives an application what was declared, or what its container is called", () => {
  const plain = decideTerms(order({}), INDEX);
  assertEquals(plain.names, [
    "fluxdb_vaultdemo",
    "fluxdb_vaultdemo.fluxdockernetwork_vaultdemo",
    "db",
  ]);
  assertEquals([plain.usage, plain.holder, plain.declared], [["server", "client"], null, null]);
  const wanted = { name: "web", names: ["A.example.org", "10.0.0.7"], usage: ["client" as const] };
  const allowed = ["example.org", "10.0.0.7"];
  const terms = decideTerms(order(wanted, 3_600_000), { ...INDEX, allowed });
  assertEquals([terms.names, terms.usage, terms.declared, terms.lifetimeMs], [
    ["a.example.org", "10.0.0.7"],
    ["client"],
    "web",
    3_600_000,
  ]);
});

Deno.test("decideTerms refuses names that nobody declared", () => {
  const error = assertThrows(
    () => decideTerms(order({ names: ["example.org"] }), INDEX),
    AuthorityError,
  );
  assertEquals(error.code, "name-refused");
});

Deno.test("decideTerms refuses a life that is too short or too long, and no usage", () => {
  for (const lifetimeMs of [0, 59_999, 90 * DAY_MS + 1, NaN]) {
    assertThrows(() => decideTerms(order({}, lifetimeMs), INDEX), RangeError);
  }
  assertThrows(() => decideTerms(order({ usage: [] }), INDEX), RangeError);
});

Deno.test("keeperTerms is for a client of the app's agents", () => {
  const { names, usage, purpose } = keeperTerms(APP);
  assertEquals([names, usage, purpose], [
    [`keeper.${APP}.fluxvault.internal`],
    ["client"],
    "keeper",
  ]);
});

Deno.test("allowNames adds each name once, and refuses those that nobody can allow", () => {
  const once = allowNames(INDEX, order({ allowedNames: ["Example.org", "fd00:0::1"] }));
  assertEquals(once.allowed, ["example.org", "fd00::1"]);
  assertEquals(allowNames(once, order({ allowedNames: ["example.ORG"] })), once);
  for (const name of ["x.fluxvault.internal", "fluxweb_other", "*.example.org", "a b"]) {
    assertThrows(() => allowNames(INDEX, order({ allowedNames: [name] })), AuthorityError);
  }
});

Deno.test("checkOwner refuses what is no name of an app or component", () => {
  checkOwner({ app: APP, component: null });
  assertThrows(() => checkOwner({ app: "a/b", component: null }), RangeError);
  assertThrows(() => checkOwner({ app: APP, component: "a_b" }), RangeError);
});
