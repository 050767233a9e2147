import { formatPlanText } from "../../../keeper/plan/plan_text.ts";
import type { AgentReport } from "../../../keeper/report/report.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { agentOf, hookOf, passOf } from "../report/report_fixtures.ts";
import { fileOf, folderOf, plannedAgent, planOf, viewsOf } from "./plan_fixtures.ts";

async function textOf(
  agents: readonly AgentReport[],
  options: { readonly isWhole?: boolean } = {},
): Promise<string> {
  const pass = passOf(agents);
  const givenBefore = () =>
    Promise.resolve(({ path }: { readonly path: string }) =>
      path === "app.conf"
        ? { contents: "0123456789abcdef0123", size: 9, time: "2030-01-02T03:04:05.000Z" }
        : null
    );
  return formatPlanText(await viewsOf(pass, { givenBefore }), [pass], options);
}

const CHANGED = planOf(
  [fileOf("db.password"), fileOf("app.conf", { size: 1_200, mode: 0o644 }), folderOf("tls")],
  [
    { path: "db.password", outcome: "created" },
    { path: "app.conf", outcome: "updated" },
    { path: "tls", outcome: "reowned" },
    { path: "old", outcome: "removed" },
    { path: "ro", outcome: "failed", code: "owner-refused" },
  ],
  { hooks: [hookOf("due", { attempts: 0 })] },
);

Deno.test("formatPlanText writes each change of an agent, and then what it comes to", async () => {
  assertEquals(
    await textOf([plannedAgent(CHANGED, { component: "web" })]),
    `203.0.113.1:8888 (web, approved)
  refuse                                  ro (owner-refused)
  remove                                  old
  create  0600    24 B  f00d110000000000  db.password
  update  0644  1.2 kB  f00d110000000000  app.conf (given before: 0123456789abcdef, 9 B, 2030-01-02 03:04 UTC)
  reown   0700                            tls/
  run     hook reload

owner-refused: the agent may not give files to that user or group: it needs
  CAP_CHOWN
plan: 1 agent: 1 to create, 1 to update, 1 to reown, 1 to remove, 1 hook to run;
  not all would be as declared
`,
  );
});

Deno.test("formatPlanText says where there is nothing to do", async () => {
  const plan = planOf([fileOf("a")], [{ path: "a", outcome: "unchanged" }]);
  assertEquals(await textOf([plannedAgent(plan)]), "plan: 1 agent: nothing to do\n");
});

Deno.test("formatPlanText says once what would be done at many agents alike", async () => {
  const agents = Array.from({ length: 9 }, (_, i) => {
    return plannedAgent(CHANGED, { address: `203.0.113.${i}:8888` });
  });
  const text = await textOf(agents);
  assert(text.includes("203.0.113.5:8888 and 3 more"), text);
  assert(text.includes("; 9 agents, each:\n"), text);
  assertEquals(text.match(/db\.password/g)?.length, 1);
  assert((await textOf(agents, { isWhole: true })).includes("203.0.113.8:8888"));
});

Deno.test("formatPlanText folds long lists, says what it left out, and unfolds them", async () => {
  const names = Array.from({ length: 50 }, (_, i) => `f${String(i).padStart(2, "0")}`);
  const files = names.map((path) => ({ path, outcome: "created" }) as const);
  const removed = { path: "zz", outcome: "removed" } as const;
  const plan = planOf(names.map((name) => fileOf(name)), [...files, removed]);
  const folded = await textOf([plannedAgent(plan)]);
  assert(folded.includes("  remove"), "what is lost is never left out");
  assert(folded.includes("  ... and 31 to create; --all shows them\n"), folded);
  const whole = await textOf([plannedAgent(plan)], { isWhole: true });
  assert(names.every((name) => whole.includes(name)) && !whole.includes("..."), whole);
});

Deno.test("formatPlanText says that a new agent would be trusted, and what it would be offered", async () => {
  const plan = planOf([fileOf("a")], [], { isAsked: false });
  const news = { kind: "first-use", place: 2, places: 3 } as const;
  const text = await textOf([plannedAgent(plan, { news, trust: null })]);
  assert(text.includes("would be trusted at first use, in place 2 of 3"), text);
  assert(text.includes("1 file, 24 B"), text);
  assert(text.includes("1 to trust at first use"), text);
});

Deno.test("formatPlanText lists agents of which nothing is known, and why", async () => {
  const text = await textOf([
    agentOf({ kind: "unreachable", code: "connection-refused" }, { trust: null }),
    agentOf({ kind: "pending", reason: "new" }, { address: "203.0.113.2:8888" }),
    agentOf({ kind: "rejected", code: "busy", by: "peer" }, { address: "203.0.113.3:8888" }),
  ]);
  assert(text.includes("203.0.113.1:8888: unreachable (connection-refused): nothing"), text);
  assert(text.includes("203.0.113.2:8888: pending (new)"), text);
  assert(text.includes("203.0.113.3:8888: refuses us (busy): another delivery"), text);
  const end = "plan: 3 agents: nothing is known of 3 agents; not all would be as declared\n";
  assert(text.endsWith(end), text);
});

Deno.test("formatPlanText lets nothing through that moves the cursor", async () => {
  const plan = planOf([fileOf("a\u202e")], [
    { path: "a\u202e", outcome: "created" },
    { path: "\x1b[2Jb", outcome: "removed" },
  ], { hooks: [hookOf("due", { hook: "x\x07" })] });
  const text = await textOf([plannedAgent(plan, { component: "w\x1b" })]);
  assert(!/[^\P{C}\n]/u.test(text), JSON.stringify(text));
});
