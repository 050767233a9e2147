import { CallError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { openPushedFleet } from "./pushed_fleet.ts";

const LISTED = {
  Name: "greeter",
  Version: "1.2.0",
  State: "running",
  Code: null,
  Restarts: 2,
  OpenCalls: 1,
  LastEnd: "timed-out",
};
const REFUSED = { ...LISTED, Name: "worker", State: "refused", Code: "package-changed" };

Deno.test("listPlugins shows the plugins of each agent, and who takes none", async () => {
  await using fleet = await openPushedFleet(
    { "plugin-list": [LISTED, REFUSED] },
    { "plugin-list": [] },
    {},
  );
  const { code, stdout, stderr } = await fleet.plugin("list");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^AGENT +PLUGIN +VERSION +STATE +RESTARTS +CALLS +LAST END\n/);
  assertMatch(stdout, /\(shop\/c1\) +greeter +1\.2\.0 +running +2 +1 +timed-out\n/);
  assertMatch(stdout, /\(shop\/c1\) +worker +1\.2\.0 +refused \(package-changed\) /);
  assertMatch(stdout, /\(shop\/c2\) +-\n/);
  assertMatch(stdout, /\(shop\/c3\) +takes none\n/);
  assertMatch(stdout, /\n\n3 of 3 agents answered\n$/);
});

Deno.test("listPlugins writes a line of JSON for each agent", async () => {
  await using fleet = await openPushedFleet({ "plugin-list": [LISTED] }, {});
  const lines = jsonLines((await fleet.plugin("list", "--json")).stdout);
  const [first, second] = ["c1", "c2"].map((name) => {
    return lines.find(({ component }) => component === name);
  });
  const all = lines.at(-1);
  assertEquals([first?.type, first?.outcome, first?.plugins], ["plugins", "answered", [LISTED]]);
  assertEquals([second?.outcome, second?.code], ["failed", "unknown-action"]);
  assertEquals(all, { type: "all-plugins", agents: 2, answered: 1, problems: [] });
});

Deno.test("listPlugins has status 1 where an agent does not answer", async () => {
  const failure = new CallError("busy", "hunter2");
  await using fleet = await openPushedFleet({ "plugin-list": [] }, { "plugin-list": failure });
  const { code, stdout } = await fleet.plugin("list");
  assertEquals(code, 1);
  assertMatch(stdout, /\(shop\/c2\): failed\s+\(busy\).*1 of 2 agents answered\n$/s);
});

Deno.test("listPlugins shows nothing of what an agent makes up", async () => {
  const odd = [7, null, "x", { Name: "\u001b[2J", State: { toString: "no" } }];
  await using fleet = await openPushedFleet({ "plugin-list": odd }, { "plugin-list": "no list" });
  const { code, stdout } = await fleet.plugin("list");
  assertEquals(code, 0);
  assert(!stdout.includes("\u001b"), JSON.stringify(stdout));
});

Deno.test("listPlugins takes no operand", async () => {
  await using fleet = await openPushedFleet({ "plugin-list": [] });
  assertEquals((await fleet.plugin("list", "greeter")).code, 2);
});
