import type { Action } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { ECHO } from "../../../support/call_desks.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { FleetSite } from "../fleet_site.ts";

Deno.test("CallRound ends a call that takes longer than it may, and makes it once", async () => {
  await using site = await FleetSite.open({ a: "1" });
  const reasons: unknown[] = [];
  let runs = 0;
  const hang: Action = {
    name: "hang",
    run({ signal }) {
      runs++;
      signal.addEventListener("abort", () => reasons.push(signal.reason?.code));
      return new Promise(() => {});
    },
  };
  const agent = await site.add({ app: "shop", component: "web", calls: { actions: [hang] } });
  const fleet = site.deliveryOf([agent], "a");
  assertEquals((await site.run(["--run-once", "--app-name", "shop", ...fleet])).code, 0);
  const words = ["call", "shop/web", "hang", "--timeout", "1", "--json", ...fleet.slice(-2)];
  const { code, stdout } = await site.run(words);
  assertEquals([code, jsonLines(stdout)[0]?.code, runs], [1, "timed-out", 1]);
  assertEquals(reasons, ["cancelled"]);
});

Deno.test("CallRound calls the agents of several apps, each where it is trusted", async () => {
  await using site = await FleetSite.open({ "shop/a": "1", "blog/a": "1" });
  const calls = { actions: [ECHO] };
  const shop = await site.add({ app: "shop", component: "web", calls });
  const blog = await site.add({ app: "blog", component: "web", calls });
  const written = [["shop", shop], ["blog", blog]] as const;
  for (const [app, { address }] of written) {
    const text =
      `version: 1\nagents: ["${address}"]\ncomponents:\n  web:\n    state_directives:\n      - source: a\n`;
    await site.store({ [`${app}/fluxvault.yaml`]: text });
  }
  const vault = ["--vault-dir", site.path("vault")];
  const run = await site.run(["--run-once", ...vault]);
  if (run.code === 2) throw new TypeError(run.stderr);
  const { stdout } = await site.run(["call", "*/web", "echo", "n:=1", "--json", ...vault]);
  const lines = jsonLines(stdout).filter(({ type }) => type === "call");
  assertEquals(lines.map(({ app, outcome }) => [app, outcome]).sort(), [
    ["blog", "answered"],
    ["shop", "answered"],
  ]);
  const one = await site.run(["call", "blog", "echo", "--json", ...vault]);
  assertEquals(jsonLines(one.stdout).filter(({ type }) => type === "call").length, 1);
  const none = await site.run(["call", "shap", "echo", ...vault]);
  assertEquals(none.code, 2);
  assert(none.stderr.includes("shop"), none.stderr);
});
