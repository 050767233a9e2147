import * as v from "valibot";
import { OfferedActions } from "../../../keeper/actions/offered_actions.ts";
import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import type { Action } from "../../../protocol/calls/action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import type { SessionOrigin } from "../../../protocol/session_parts.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";

function agentOf(members: Partial<CalledAgent> = {}): CalledAgent {
  return {
    address: { host: "192.0.2.7", port: 8_888 },
    app: "shop",
    component: "web",
    fingerprint: "SHA256:x",
    level: "approved",
    isPlan: false,
    origin: {} as SessionOrigin,
    extendTime() {},
    ...members,
  };
}

function namesFor(offered: OfferedActions, members: Partial<CalledAgent> = {}): string[] {
  return offered.actionsFor(agentOf(members)).map(({ name }) => name);
}

const greet = { app: "shop", level: "approved", run: () => "hello" } as const;

Deno.test("OfferedActions offers an action to agents of the app that are trusted so far", () => {
  const offered = new OfferedActions();
  offered.add("greet", greet);
  assertEquals(namesFor(offered), ["greet"]);
  assertEquals(namesFor(offered, { app: "Shop" }), ["greet"]);
  assertEquals(namesFor(offered, { level: "enrolled" }), ["greet"]);
  for (
    const members of [
      { app: "blog" },
      { app: null },
      { level: "first-use" },
      { level: "address" },
      { isPlan: true },
    ] as const
  ) {
    assertEquals(namesFor(offered, members), [], JSON.stringify(members));
  }
});

Deno.test("OfferedActions offers an action to some components alone", () => {
  const offered = new OfferedActions();
  offered.add("greet", { ...greet, components: ["db"] });
  assertEquals(namesFor(offered, { component: "db" }), ["greet"]);
  assertEquals(namesFor(offered, { component: "Db" }), []);
  assertEquals(namesFor(offered, { component: null }), []);
});

Deno.test("OfferedActions tells an action which agent calls, and checks what it is given", async () => {
  const offered = new OfferedActions();
  const { contract } = offered.add("greet", {
    app: "shop",
    level: "first-use",
    input: v.string(),
    output: v.string(),
    run: ({ agent, isOneWay }, name) => `${name} of ${agent.component}, ${isOneWay}`,
  });
  const actions = offered.actionsFor(agentOf());
  await using desks = await openCallDesks({ keeperCalls: { actions } });
  assertEquals(await desks.agent.call(contract, { input: "Ann" }), "Ann of web, false");
  const call = () => desks.agent.call("greet", { input: 7 });
  await assertRejects(call, CallError, "input-malformed");
});

Deno.test("OfferedActions puts what an agent may call beside what else there is", () => {
  const offered = new OfferedActions();
  const other: Action = { name: "other", run: () => Promise.resolve() };
  const beside = offered.beside(() => ({ actions: [other] }));
  const names = () => beside(agentOf())?.actions?.map(({ name }) => name);
  assertEquals(names(), ["other"]);
  using _registration = offered.add("greet", greet);
  assertEquals(names(), ["actions", "greet", "other"]);
  assertEquals(offered.beside(undefined)(agentOf({ app: null })), null);
});

Deno.test("OfferedActions offers nothing that was taken back", () => {
  const offered = new OfferedActions();
  offered.add("greet", greet)[Symbol.dispose]();
  assertEquals(namesFor(offered), []);
});

Deno.test("OfferedActions refuses two actions of a name that one agent would find", () => {
  const offered = new OfferedActions();
  offered.add("greet", { ...greet, components: ["web"] });
  offered.add("greet", { ...greet, components: ["db"] });
  offered.add("greet", { ...greet, app: "blog" });
  assertThrows(() => offered.add("greet", greet), TypeError);
  assertThrows(() => offered.add("greet", { ...greet, components: ["a", "db"] }), TypeError);
  assertThrows(() => offered.add("Greet", greet), TypeError);
  assertEquals(namesFor(offered), ["greet"]);
});
