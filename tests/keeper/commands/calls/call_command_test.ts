import {
  type Action,
  CallError,
  defineAction,
  openActionRegister,
} from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { ECHO } from "../../../support/call_desks.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { KEY } from "../../keys/key_fixtures.ts";
import { FleetSite, type SiteAgent } from "../fleet_site.ts";

const WORK = defineAction("work", {
  describe: "Works.",
  describeInput: { type: "object", properties: { days: { type: "integer" } }, required: ["days"] },
  input: {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "object" && value !== null && "days" in value
          ? { value }
          : { issues: [{ message: "days are needed" }] },
    },
  },
  async run({ progress }, input) {
    await progress({ Done: 1 });
    return input;
  },
});

const FAIL: Action = {
  name: "fail",
  run: () => Promise.reject(new CallError("no-room", "hunter2 has no room")),
};

interface CallSite extends AsyncDisposable {
  readonly site: FleetSite;
  readonly web: SiteAgent;
  readonly db: SiteAgent;
  /** Runs `call`. */
  call(...words: readonly string[]): ReturnType<FleetSite["run"]>;
}

/** Opens a place with two agents that are trusted, one of which has an action less. */
async function open(): Promise<CallSite> {
  const site = await FleetSite.open({ a: "1" });
  const calls = (actions: readonly Action[]) => ({ source: openActionRegister({ actions }) });
  const web = await site.add({ app: "shop", component: "web", calls: calls([WORK, ECHO, FAIL]) });
  const db = await site.add({ app: "shop", component: "db", calls: calls([ECHO, FAIL]) });
  const run = ["--app-name", "shop", ...site.deliveryOf([web, db], "a")];
  assertEquals((await site.run(["--run-once", ...run])).code, 0);
  const fleet = ["--agent-ips", `${web.address},${db.address}`];
  return {
    site,
    web,
    db,
    call: (...words) => site.run(["call", ...words, ...fleet]),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

Deno.test("call shows what each agent answers", async () => {
  await using place = await open();
  const { code, stdout, stderr } = await place.call("shop", "echo", "name=x", "n:=7");
  assertEquals([code, stderr], [0, ""]);
  assert(
    stdout.includes(`${place.web.address} (shop/web):\n  {\n    "name": "x",\n    "n": 7\n  }`),
  );
  assert(stdout.endsWith("echo: 2 of 2 agents answered\n"), stdout);
  assertEquals([place.web.agent.revisions.length, place.db.agent.revisions.length], [1, 1]);
});

Deno.test("call writes a line of JSON for each agent, and one for all", async () => {
  await using place = await open();
  const { code, stdout } = await place.call("shop/web", "echo", "n:=7", "--json");
  const [line, all, ...others] = jsonLines(stdout);
  assertEquals([code, others], [0, []]);
  assertEquals(
    [line?.type, line?.action, line?.app, line?.component, line?.address, line?.trust],
    ["call", "echo", "shop", "web", place.web.address, "first-use"],
  );
  assertEquals([line?.outcome, line?.output, typeof line?.durationMs], [
    "answered",
    { n: 7 },
    "number",
  ]);
  assertEquals(all, { type: "calls", action: "echo", agents: 1, answered: 1, problems: [] });
});

Deno.test("call tells progress on standard error", async () => {
  await using place = await open();
  const { code, stdout, stderr } = await place.call("shop/web", "work", "days:=1");
  assertEquals([code, stderr], [0, `${place.web.address}: {"Done":1}\n`]);
  assert(!stdout.includes("Done"), stdout);
  assertEquals((await place.call("shop/web", "work", "days:=1", "--quiet")).stderr, "");
});

Deno.test("call suggests a near name, and what an action takes, with status 2", async () => {
  await using place = await open();
  const near = await place.call("shop/web", "wrok", "days:=1");
  assertEquals(near.code, 2);
  assert(/unknown-action.*did\s+you mean work\?/s.test(near.stdout), near.stdout);
  const wrong = await place.call("shop/web", "work");
  assertEquals(wrong.code, 2);
  assert(/input-malformed.*it takes\s+days:integer/s.test(wrong.stdout), wrong.stdout);
});

Deno.test("call has status 1 where one of several does not answer", async () => {
  await using place = await open();
  const { code, stdout } = await place.call("shop", "work", "days:=1");
  assertEquals(code, 1);
  assert(stdout.includes("work: 1 of 2 agents answered"), stdout);
  const failed = await place.call("shop/db", "fail", "--json");
  assertEquals([failed.code, jsonLines(failed.stdout)[0]?.code], [1, "no-room"]);
  assert(!failed.stdout.includes("hunter2"), failed.stdout);
});

Deno.test("call says of an agent that is not trusted, or not there, what to do", async () => {
  await using place = await open();
  const stranger = await place.site.add({ app: "shop", component: "web" });
  const words = ["call", "shop", "echo", "--agent-ips", `${stranger.address},127.0.0.1:1`];
  const { code, stdout } = await place.site.run(words);
  assertEquals(code, 1);
  assert(/refused \(rejected\): its\s+key is not trusted yet/.test(stdout), stdout);
  assert(/127\.0\.0\.1:1 \(shop\): unreachable/.test(stdout), stdout);
  const { stdout: known } = await place.site.run(["agents", "list", "--json"]);
  assert(!known.includes(stranger.fingerprint), known);
});

Deno.test("call says of an agent that takes no calls that it does not", async () => {
  await using place = await open();
  const old = await place.site.add({ app: "shop", component: "old" });
  const fleet = place.site.deliveryOf([old], "a");
  await place.site.run(["--run-once", "--app-name", "shop", "--first-use-limit", "9", ...fleet]);
  const { code, stdout } = await place.site.run(["call", "shop/old", "echo", ...fleet.slice(-2)]);
  assertEquals(code, 1);
  assert(/failed \(calls-unknown\)/.test(stdout), stdout);
});

Deno.test("call --one calls one agent alone", async () => {
  await using place = await open();
  const { code, stdout } = await place.call("shop", "echo", "--one", "--json");
  const lines = jsonLines(stdout);
  assertEquals([code, lines.length, lines.at(-1)?.agents], [0, 2, 1]);
  const events = (await place.site.events()).filter(({ event }) => event === "called");
  assertEquals(events.length, 1);
});

Deno.test("call sends the bytes of a file, and puts those that come into one", async () => {
  await using place = await open();
  const [from, to] = [place.site.path("from"), place.site.path("to")];
  await Deno.writeTextFile(from, "some bytes");
  const { code, stdout } = await place.call("shop", "echo", "--stream", from, "--out", to);
  assertEquals([code, await Deno.readTextFile(to)], [0, "some bytes"]);
  assert(stdout.includes("1 of 1 agent answered"), stdout);
});

Deno.test("call takes its input from a file", async () => {
  await using place = await open();
  const file = place.site.path("input.json");
  await Deno.writeTextFile(file, '["a", {"b": 1}]');
  const { stdout } = await place.call("shop/db", "echo", "--input", file, "--json");
  assertEquals(jsonLines(stdout)[0]?.output, ["a", { b: 1 }]);
});

Deno.test("call puts its input on record as a fingerprint, before it is made", async () => {
  await using place = await open();
  await place.call("shop/web", "echo", "pin=4711");
  const events = await place.site.events();
  const called = events.find(({ event }) => event === "called");
  const { action, app, component, trust, fingerprint, input } = called ?? {};
  assertEquals([action, app, component, trust], ["echo", "shop", "web", "first-use"]);
  assertEquals([fingerprint, /^[0-9a-f]{32}$/.test(input)], [place.web.fingerprint, true]);
  const answer = events.find(({ event }) => event === "answer");
  assertEquals([answer?.action, answer?.outcome], ["echo", "answered"]);
  assert(!JSON.stringify(events).includes("4711"));
});

Deno.test("call is not made where it cannot be put on record", async () => {
  await using place = await open();
  await Deno.mkdir(place.site.path("taken"));
  const before = place.web.agent.contacts;
  const { code, stdout } = await place.call(
    "shop/web",
    "echo",
    "--audit-log",
    place.site.path("taken"),
  );
  assertEquals([code, stdout, place.web.agent.contacts], [1, "", before]);
});

Deno.test("call has status 2 for mistakes, and dials nobody", async () => {
  await using place = await open();
  const before = place.web.agent.contacts;
  for (
    const [words, reason] of [
      [[], "have to be named"],
      [["shop"], "have to be named"],
      [["shop", "Echo"], "in lower case"],
      [["sh op", "echo"], "names no app"],
      [["shop", "echo", "x"], "no form"],
      [["shop", "echo", "x:=y"], "not JSON"],
      [["shop", "echo", "x=1", "--input", "f"], "beside members"],
      [["shop", "echo", "--input", place.site.path("none")], "cannot be read"],
      [["shop", "echo", "--stream", place.site.path("none")], "cannot be read"],
      [["shop", "echo", "--out", place.site.path(".")], "no file, but something else"],
      [["shop", "echo", "--app-name", "blog"], "not that of --app-name"],
      [["shop", "echo", "--timeout", "0"], "--timeout"],
      [["shop", "echo", `key=${KEY.wif}`], "a private key"],
      [["shop", "echo", `x=${"y".repeat(66_000)}`], "takes 65024"],
    ] as const
  ) {
    const { code, stderr, stdout } = await place.call(...words);
    assertEquals([code, stdout], [2, ""], stderr);
    assert(stderr.includes(reason), stderr);
  }
  assertEquals(place.web.agent.contacts, before);
});

Deno.test("call says where nobody is meant", async () => {
  await using place = await open();
  const { code, stdout } = await place.call("shop/wbe", "echo");
  assertEquals(code, 1);
  assert(stdout.includes("problem: shop/wbe means no agent that answered"), stdout);
});
