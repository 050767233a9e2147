/**
 * The real programs and services: what is started, changed, stopped and refused, and what is told.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  isAlive,
  ServiceSite,
  servicesOf,
  shellService,
  waitUntil,
} from "../support/service_site.ts";

/** Programs of a Unix are run, and what Linux tells of them is read. */
const LINUX = { ignore: Deno.build.os !== "linux" };

/** Notes each start beside the agent's folders, with the number of the process, and goes on. */
const STEADY = 'echo "$$" >>../starts; echo "hello $GREETING"; while :; do sleep 0.1; done';

async function startsOf(place: ServiceSite): Promise<string[]> {
  return (await place.read("starts")).split("\n").filter((line) => line !== "");
}

Deno.test(
  "services: one is started, told of, runs on, and is stopped once it is declared no longer",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const services = { web: shellService(STEADY, "env: { GREETING: you }") };
    const first = await place.deliver(agent, { services });
    assertEquals([first.code, ...servicesOf(first)], [0, "web started"]);
    const [pid = ""] = await startsOf(place);
    assert(isAlive(pid));
    const second = await place.deliver(agent, { services });
    assertEquals([second.code, ...servicesOf(second)], [0, "web running"]);
    const listed = await place.stateOf("web");
    assertEquals([listed?.state, listed?.starts, `${listed?.pid}`], ["running", 1, pid]);
    assertEquals(await place.print("service", "logs", "demo", "web"), "hello you\n");
    const third = await place.deliver(agent, { services: {} });
    assertEquals([third.code, ...servicesOf(third)], [0, "web stopped"]);
    assert(!isAlive(pid));
  },
);

Deno.test(
  "services: another definition, or a change of a file it depends on, starts it again",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const script = 'echo "$SECRET $MODE" >>../seen; while :; do sleep 0.1; done';
    const declare = (mode: string, secret: string) => ({
      services: {
        web: shellService(script, `env: { MODE: ${mode} }, env_files: { SECRET: db.password }`),
      },
      files: { "db.password": `${secret}\n`, "app.conf": "one" },
    });
    await place.deliver(agent, declare("slow", "first"));
    const changed = await place.deliver(agent, declare("slow", "second"));
    assertEquals(servicesOf(changed), ["web restarted"]);
    const upgraded = await place.deliver(agent, declare("fast", "second"));
    assertEquals(servicesOf(upgraded), ["web restarted"]);
    assertEquals(await place.read("seen"), "first slow\nsecond slow\nsecond fast\n");
  },
);

Deno.test("services: a change of another file leaves it alone", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent();
  const services = { web: shellService(STEADY, "restart_on_change: [tls]") };
  await place.deliver(agent, { services, files: { "tls/key": "one", "app.conf": "one" } });
  const files = { "tls/key": "one", "app.conf": "two" };
  assertEquals(servicesOf(await place.deliver(agent, { services, files })), ["web running"]);
  const later = { "tls/key": "two", "app.conf": "two" };
  assertEquals(servicesOf(await place.deliver(agent, { services, files: later })), [
    "web restarted",
  ]);
  assertEquals((await startsOf(place)).length, 2);
});

Deno.test(
  "services: one that ignores its signal is killed after its time, with the child that it forked",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const child = "sh -c 'trap \"\" TERM; echo $$ >>../starts; while :; do sleep 0.1; done' &";
    const script = `trap "" TERM; ${child} ${STEADY}`;
    await place.deliver(agent, { services: { web: shellService(script, "stop_timeout: 1") } });
    const pids = await waitUntil(async () => {
      const pids = await startsOf(place);
      return pids.length === 2 && pids;
    });
    assert(pids.every(isAlive));
    assertEquals(servicesOf(await place.deliver(agent, { services: {} })), ["web stopped"]);
    assertEquals(pids.filter(isAlive), []);
  },
);

Deno.test(
  "services: one whose program no --allow-run names is refused, and all else is delivered",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent({ allowed: ["true"] });
    const run = await place.deliver(agent, { services: { web: shellService(STEADY) } });
    assertEquals([run.code, ...servicesOf(run)], [1, "web refused service-refused"]);
    assertEquals(await Deno.readTextFile(`${agent.files}/app.conf`), "one");
    assertEquals(await place.read("starts"), "");
    const { code, lines } = await place.command("service", "restart", "demo", "web");
    assertEquals([code, lines[0]?.services[0].state], [1, "refused"]);
  },
);

Deno.test(
  "services: an agent that runs no programs refuses them, knows no calls about them, and is delivered to",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent({ mayRun: false, allowed: [] });
    const run = await place.deliver(agent, { services: { web: shellService(STEADY) } });
    assertEquals([run.code, ...servicesOf(run)], [1, "web refused service-refused"]);
    assertEquals(await Deno.readTextFile(`${agent.files}/app.conf`), "one");
    const { code, lines } = await place.command("service", "list");
    assertEquals([code, lines[0]?.code], [1, "unknown-action"]);
    await assertStays(`${agent.state}/services.json`);
  },
);

/** Such an agent remembers nothing of services. */
async function assertStays(path: string): Promise<void> {
  const found = await Deno.stat(path).then(() => true, () => false);
  assertEquals(found, false);
}

Deno.test("services: a plan says what would be done, and does nothing", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent();
  const services = { web: shellService(STEADY) };
  // An agent that is trusted is asked.
  await place.deliver(agent, { services: {} });
  await place.declare(agent, { services });
  const planned = await place.command("plan");
  assertEquals([planned.code, planned.lines[0]?.services], [3, [
    { service: "web", outcome: "started" },
  ]]);
  assert((await place.print("plan")).includes("\n  start   service web\n"));
  assertEquals(await place.read("starts"), "");
  await place.deliver(agent, { services });
  assertEquals((await place.command("plan")).code, 0);
  await place.declare(agent, { services: { web: shellService(`true; ${STEADY}`) } });
  assert((await place.print("plan")).includes("\n  restart service web\n"));
  await place.declare(agent, { services: {} });
  assert((await place.print("plan")).includes("\n  stop    service web\n"));
  assertEquals((await startsOf(place)).length, 1);
});

Deno.test(
  "services: an operator stops one, and starts and restarts it by hand",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const services = { web: shellService(STEADY) };
    await place.deliver(agent, { services });
    const turn = async (verb: string) => {
      const { code, lines } = await place.command("service", verb, "demo", "web");
      return [code, lines[0]?.services[0].state, lines[0]?.services[0].starts];
    };
    assertEquals(await turn("restart"), [0, "running", 2]);
    assertEquals(await turn("stop"), [0, "stopped", 2]);
    assertEquals((await startsOf(place)).filter(isAlive), []);
    // What is delivered again leaves it stopped, as the operator wants it.
    const run = await place.deliver(agent, { services });
    assertEquals([run.code, ...servicesOf(run)], [0, "web stopped service-held"]);
    assertEquals(await turn("start"), [0, "running", 3]);
    const unknown = await place.command("service", "stop", "demo", "wep");
    assertEquals([unknown.code, unknown.lines[0]?.code], [1, "service-unknown"]);
    const audit = await Deno.readTextFile(place.site.path("keeper-state/audit.jsonl"));
    for (const verb of ["restart", "stop", "start"]) {
      assert(audit.includes(`"command":"service ${verb}"`), verb);
      assert(audit.includes(`"action":"service-${verb}"`), verb);
    }
  },
);

Deno.test("services: a wipe stops them with all else", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent();
  await place.deliver(agent, { services: { web: shellService(STEADY) } });
  const [pid = ""] = await startsOf(place);
  const { code, text } = await place.command("wipe", "demo", "--yes");
  assertEquals([code, isAlive(pid)], [0, false], text);
  assertEquals(await place.stateOf("web"), undefined);
});
