/**
 * The fleets of several apps before a change, after it, and in between, with the real programs.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { FleetTranscript } from "../support/fleet_transcript.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import { freePort } from "../support/free_port.ts";
import { assertGolden } from "../support/golden.ts";
import { type RunningAgent, Site } from "../support/site.ts";

/** Two apps; one of the hooks needs a keeper that signs, and this one does not. */
function loadoutOf(shop: RunningAgent, blog: RunningAgent): string {
  return `version: 1
apps:
  shop:
    agents: ["${shop.address}"]
    hooks:
      changed: { touch: changed-at }
      reload: { run: [reload-the-shop] }
    groups:
      all:
        state_directives:
          - { source: app.conf, hook: changed }
    components:
      web:
        state_directives:
          - { source: tls, target: etc/tls, hook: reload }
  blog:
    agents: ["${blog.address}"]
    groups:
      all:
        state_directives:
          - source: post
`;
}

function hooksIn(line: JsonLine | undefined): string[] {
  const hooks: { hook: string; outcome: string; code?: string }[] = line?.hooks ?? [];
  return hooks.map(({ hook, outcome, code = "" }) => `${hook} ${outcome} ${code}`.trim()).sort();
}

Deno.test("keeper: plans, applies and shows several apps of a loadout, with their hooks", async () => {
  await using site = await Site.open();
  await site.store({ "shop/app.conf": "a=1", "shop/tls/key.pem": "a key", "blog/post": "1" }, "lo");
  const names = ["--app-name", "shop", "--component-name", "web"];
  const [shop, blog] = [
    await site.startAgent({ args: names }),
    await site.startAgent({ name: "two", args: ["--app-name", "blog"] }),
  ];
  await Deno.writeTextFile(site.path("lo/loadout.yaml"), loadoutOf(shop, blog));
  const state = ["--state-dir", site.path("state"), "--json"];
  const run = async (...words: readonly string[]) => {
    const from = words[0] === "status" ? [] : ["--loadout", site.path("lo/loadout.yaml")];
    const end = await site.run("keeper", [...words, ...from, ...state]);
    const lines = jsonLines(end.stdout);
    const of = (app: string, type: string) =>
      lines.find((line) => line.type === type && line.app === app);
    return { ...end, lines, of };
  };

  // 1. Everything is brought; the hook that may not run is no secret.
  const first = await run("apply", "--yes");
  assertEquals([first.of("blog", "agent")?.wanted, first.of("shop", "agent")?.wanted], [
    ...[true, false],
  ], first.stderr);
  assertEquals(hooksIn(first.of("shop", "agent")), ["changed ran", "reload refused hook-refused"]);

  // 2. A plan says which hooks would run, and which may not.
  await site.store({ "shop/app.conf": "a=2", "shop/tls/new.pem": "2" }, "lo");
  const plan = await run("plan");
  assertEquals([plan.code, plan.lines.at(-1)?.verdict], [1, "trouble"]);
  assertEquals(hooksIn(plan.of("shop", "agent-plan")), [
    ...["changed due", "reload refused hook-refused"],
  ]);
  assertEquals(plan.of("blog", "agent-plan")?.changed, false);

  // 3. One app is changed; the other is not even asked.
  const before = (await run("status")).of("shop", "agent-status")?.contact.at;
  await site.store({ "blog/post": "2" }, "lo");
  const apply = await run("apply", "--yes", "--only", "blog");
  assertEquals([apply.code, apply.of("shop", "agent-plan")], [0, undefined], apply.stderr);
  const status = await run("status");
  assertEquals(status.of("shop", "agent-status")?.contact.at, before);

  // 4. The status says what is wrong, and with whom.
  const [ofShop, ofBlog] = [status.of("shop", "agent-status"), status.of("blog", "agent-status")];
  assertEquals([status.code, ofBlog?.wanted, ofBlog?.concerns], [1, true, []]);
  assert(ofShop?.concerns.includes("planned"), JSON.stringify(ofShop));
  assertEquals((await run("status", "--only", "blog")).code, 0);

  // 5. One app is wiped; the other keeps what it has.
  const wipe = await run("wipe", "blog", "--yes");
  assertEquals([wipe.code, wipe.of("blog", "agent")?.counts.removed], [0, 1], wipe.stderr);
  assertEquals((await run("status")).of("blog", "agent-status")?.held.wiped, true);
});

Deno.test("keeper: reports on the hooks of several apps, word for word", async () => {
  await using site = await Site.open();
  await site.store({ "shop/app.conf": "a=1", "shop/tls/key.pem": "a key", "blog/post": "1" }, "lo");
  await Deno.chmod(site.path("lo"), 0o700);
  const ports = [freePort(), freePort()].sort((a, b) => a - b);
  const names = ["--app-name", "shop", "--component-name", "web"];
  const [shop, blog] = [
    await site.startAgent({ port: ports[0] ?? 0, args: names }),
    await site.startAgent({ port: ports[1] ?? 0, name: "two", args: ["--app-name", "blog"] }),
  ];
  await Deno.writeTextFile(site.path("lo/loadout.yaml"), loadoutOf(shop, blog));
  const transcript = new FleetTranscript(site, [shop, blog], [
    ...["--loadout", site.path("lo/loadout.yaml"), "--quiet"],
    ...["--state-dir", site.path("keeper-state")],
  ]);
  await transcript.run("apply", "--yes");
  transcript.note("app.conf and tls/key.pem are others now");
  await site.store({ "shop/app.conf": "a=2", "shop/tls/key.pem": "another key" }, "lo");
  await transcript.run("plan");
  await transcript.run("apply", "--yes", "--only", "shop/web");
  await transcript.run("status");
  await transcript.run("wipe", "blog", "--yes");
  await assertGolden("hooks_of_several_apps", transcript.toString());
});
