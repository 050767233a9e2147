import { findRelayOnly } from "../../../keeper/relay/relay_only.ts";
import { assertEquals } from "../../support/assert.ts";
import { pendingOf, pinOf } from "../trust/known_agents_fixtures.ts";

const PRIMARY = pinOf("p", { component: "agent", address: "p:1" });
const OTHER_PRIMARY = pinOf("q", { component: "agent", address: "q:1" });
const WEB = pinOf("w", { component: "web", address: "w:1" });
const DB = pinOf("d", { component: "db", address: "p:1/db" });
const isDb = (component: string | null) => component === "db";

function find(
  agents: Parameters<typeof findRelayOnly>[0],
  pending: ReturnType<typeof pendingOf>[] = [],
): Record<string, boolean> {
  return Object.fromEntries(findRelayOnly(agents, { pending, isMeant: isDb }));
}

Deno.test("findRelayOnly needs those behind whom somebody is on record, and others of their kind", () => {
  assertEquals(find([PRIMARY, OTHER_PRIMARY, WEB, DB]), {
    "p:1": true,
    "q:1": true,
    "w:1": false,
  });
});

Deno.test("findRelayOnly goes by those who wait, too", () => {
  const pending = [pendingOf("d", { component: "db", address: "p:1/db" })];
  assertEquals(find([PRIMARY, WEB], pending), { "p:1": true, "w:1": false });
});

Deno.test("findRelayOnly needs everybody where nobody on record is meant", () => {
  assertEquals(find([PRIMARY, WEB]), { "p:1": true, "w:1": true });
});

Deno.test("findRelayOnly needs nobody where those that are meant are dialled themselves", () => {
  const direct = pinOf("d", { component: "db", address: "d:1" });
  assertEquals(find([PRIMARY, WEB, direct]), { "p:1": false, "w:1": false });
});

Deno.test("findRelayOnly says nothing of those whose component or place nobody knows", () => {
  const unseen = pinOf("u", { component: undefined, address: "u:1" });
  const lost = pinOf("l", { component: "web", address: null });
  assertEquals(find([unseen, lost, DB]), {});
});
