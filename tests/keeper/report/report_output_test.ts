import type { ServeContext } from "../../../keeper/commands/run_context.ts";
import { printNews, printReport } from "../../../keeper/report/report_output.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { agentOf, passOf } from "./report_fixtures.ts";

function contextOf(settings: Partial<ServeContext["settings"]> = {}) {
  const stdout = new MemoryOutput();
  return { context: { settings, stdout } as unknown as ServeContext, stdout };
}

const WAITING = agentOf({ kind: "pending", reason: "new" }, { failures: 1 });
const AGAIN = { ...WAITING, failures: 2 };

Deno.test("printReport writes for people, or in JSON where it is asked for", async () => {
  const { context, stdout } = contextOf({ stateDir: "my state" });
  await printReport(context, passOf([WAITING]));
  assert(stdout.text.includes("--app-name demo --state-dir 'my state'\n"), stdout.text);
  const other = contextOf({ json: true });
  await printReport(other.context, passOf([WAITING]));
  assertEquals(other.stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line).type), [
    "agent",
    "pass",
  ]);
});

Deno.test("printReport hands on what is said of agents that wait", async () => {
  const { context, stdout } = contextOf();
  await printReport(context, passOf([WAITING]), { waitingHint: "none" });
  assert(!stdout.text.includes("agents approve"), stdout.text);
});

Deno.test("printNews tells before it prints, and prints no retries that fail again", async () => {
  const { context, stdout } = contextOf();
  const told: string[] = [];
  const onPrint = () => {
    told.push(stdout.text);
    return Promise.resolve();
  };
  const retry = passOf([AGAIN], { isWhole: false });
  assertEquals([await printNews(context, retry, { onPrint }), stdout.text, told], [false, "", []]);
  assertEquals(await printNews(context, passOf([WAITING, AGAIN]), { onPrint }), true);
  assertEquals(told, [""]);
  assert(stdout.text.includes("2 agents wait"), stdout.text);
});
