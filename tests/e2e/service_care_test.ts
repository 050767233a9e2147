/**
 * The real programs and services that fail: they crash, are unwell, grow, flood, or outlive their agent.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { assertHidden, scan } from "../support/service_canary.ts";
import { missingForTerminal } from "../support/terminal.ts";
import {
  isAlive,
  ServiceSite,
  servicesOf,
  shellService,
  waitUntil,
} from "../support/service_site.ts";

/** Programs of a Unix are run, and what Linux tells of them is read. */
const LINUX = { ignore: Deno.build.os !== "linux" };

const STEADY = 'echo "$$" >>../starts; while :; do sleep 0.1; done';

async function startsOf(place: ServiceSite): Promise<string[]> {
  return (await place.read("starts")).split("\n").filter((line) => line !== "");
}

Deno.test(
  "services: one that crashes is started again, ever later, and told of",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const script = "echo $$ >>../starts; echo last words >&2; exit 7";
    const services = { web: shellService(script) };
    const run = await place.deliver(agent, { services });
    assertEquals([run.code, ...servicesOf(run)], [1, "web failed service-failed"]);
    await waitUntil(async () => (await startsOf(place)).length >= 2);
    const told = await place.stateOf("web");
    assertEquals(told?.lastEnd, "service-failed, exit status 7");
    assert(
      (await place.print("service", "logs", "demo", "web")).startsWith("last words\nlast words"),
    );
    const { code, text } = await place.command("status");
    assertEquals([code, text.includes('"service":"web","outcome":"failed"')], [1, true]);
  },
);

Deno.test(
  "services: one that ends as it should is left so where its policy says",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const services = {
      once: shellService("exit 3", "restart: never"),
      done: shellService("exit 0", "restart: on-failure"),
    };
    const run = await place.deliver(agent, { services });
    assertEquals([run.code, ...servicesOf(run)], [
      0,
      "done stopped service-ended",
      "once stopped service-failed",
    ]);
  },
);

Deno.test("services: one that is unwell too often is started again", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent({ allowed: ["sh", "test"] });
  const health = "health: { run: [test, -e, ../well], interval: 1, retries: 2 }";
  await Deno.writeTextFile(place.site.path("agent/well"), "");
  await place.deliver(agent, { services: { web: shellService(STEADY, health) } });
  await waitUntil(async () => (await place.stateOf("web"))?.health === "well");
  await Deno.remove(place.site.path("agent/well"));
  await waitUntil(async () => (await startsOf(place)).length >= 2);
  await agent.program.waitForLog(/service-unhealthy/);
  const [first = ""] = await startsOf(place);
  assert(!isAlive(first));
});

Deno.test("services: one that grows beyond its memory is started again", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent({ allowed: ["sh"] });
  const script = 'echo "$$" >>../starts; x=$(head -c 60000000 /dev/zero | tr "\\\\0" x); sleep 60';
  await place.deliver(agent, { services: { web: shellService(script, "memory: 32") } });
  await waitUntil(async () => (await startsOf(place)).length >= 2);
  await agent.program.waitForLog(/service-memory/);
});

Deno.test(
  "services: of a flood the last 64 KiB are kept, and shown without harm",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; " +
      'printf "\\\\033[31mred\\\\n"; while :; do sleep 0.1; done';
    await place.deliver(agent, { services: { web: shellService(script) } });
    const log = await waitUntil(async () => {
      const log = await place.print("service", "logs", "demo", "web");
      return log.includes("red") && log;
    });
    assert(log.length <= 65_537 && log.length > 60_000, `${log.length}`);
    assert(log.includes("line 19999\n") && !log.includes("line 1\n"));
  },
);

const missing = missingForTerminal();

Deno.test({
  name: "services: what one writes moves no cursor of a terminal" +
    (missing === null ? "" : ` (skipped: ${missing} is missing)`),
  ignore: LINUX.ignore || missing !== null,
  fn: async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent();
    const script = `printf "\\\\033[31mred\\\\n"; ${STEADY}`;
    await place.deliver(agent, { services: { web: shellService(script) } });
    const raw = await place.print("service", "logs", "demo", "web");
    assertEquals(raw, "\x1b[31mred\n");
    const shown = await place.showAtTerminal("service", "logs", "demo", "web");
    assert(shown.includes("\\x1b[31mred") && !shown.includes("\x1b[31m"), shown);
  },
});

Deno.test("services: what one writes is followed until that is interrupted", LINUX, async () => {
  await using place = await ServiceSite.open();
  const agent = await place.startAgent();
  const script = "i=0; while :; do echo tick $i; i=$((i+1)); sleep 0.2; done";
  await place.deliver(agent, { services: { web: shellService(script) } });
  const following = place.start("service", "logs", "demo", "web", "--follow");
  await following.waitFor(() => /tick 8\n/.test(following.stdout) || undefined);
  await following.stop("SIGINT");
  const numbers = [...following.stdout.matchAll(/^tick (\d+)$/gm)].map(([, number]) =>
    Number(number)
  );
  assertEquals(numbers, numbers.map((_, i) => i));
});

Deno.test(
  "services: an agent that was killed ends what it left behind, and starts it once, without the keeper",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const first = await place.startAgent();
    const child = "sh -c 'echo $$ >>../starts; while :; do sleep 0.1; done' &";
    const services = { web: shellService(`${child} ${STEADY}`) };
    await place.deliver(first, { services });
    const left = await waitUntil(async () => {
      const pids = await startsOf(place);
      return pids.length === 2 && pids;
    });
    await first.program.stop("SIGKILL");
    assertEquals(left.filter(isAlive), left);
    const second = await place.startAgent({ port: first.port });
    const pids = await waitUntil(async () => {
      const pids = await startsOf(place);
      return pids.length === 4 && pids;
    });
    assertEquals(left.filter(isAlive), []);
    assertEquals(pids.filter(isAlive).length, 2);
    await second.program.waitForLog(/an earlier agent left behind is ended/);
  },
);

Deno.test(
  "services: after a restart one whose file is gone waits for the keeper",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const first = await place.startAgent();
    const services = { web: shellService(STEADY, "env_files: { SECRET: db.password }") };
    const declared = { services, files: { "db.password": "hunter2" } };
    await place.deliver(first, declared);
    await first.program.stop("SIGTERM");
    assertEquals((await startsOf(place)).filter(isAlive), []);
    await Deno.remove(`${first.files}/db.password`);
    const second = await place.startAgent({ port: first.port });
    await second.program.waitForLog(/a service is waiting/);
    assertEquals((await startsOf(place)).length, 1);
    assertEquals(servicesOf(await place.deliver(second, declared)), ["web started"]);
    assertEquals((await startsOf(place)).length, 2);
  },
);

Deno.test(
  "services: nothing of what one writes or is given is in a log, a report or the state of anybody",
  LINUX,
  async () => {
    await using place = await ServiceSite.open();
    const agent = await place.startAgent({ variables: { FLUXVAULT_DEBUG: "true" } });
    const [secret, spoken] = ["canary-of-the-file-7Qx", "canary-of-the-output-9Zp"];
    // It is spoken in two halves, so that its definition does not hold it.
    const script = 'echo "canary-of-the-""output-9Zp"; echo "canary-of-the-""output-9Zp" >&2; ' +
      '[ -n "$SECRET" ] && exit 1';
    const services = { web: shellService(script, "env_files: { SECRET: db.password }") };
    const declared = { services, files: { "db.password": secret } };
    const runs = [await place.deliver(agent, declared), await place.deliver(agent, declared)];
    const listed = await place.command("service", "list");
    const status = await place.command("status");
    assert((await place.print("service", "logs", "demo", "web")).includes(spoken));
    await agent.program.stop("SIGTERM");
    const texts = [
      agent.program.stdout,
      agent.program.stderr,
      ...runs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      listed.text,
      status.text,
    ];
    for (const text of texts) {
      assertHidden(text, [secret, spoken]);
    }
    assertEquals(await scan([agent.state, place.site.path("keeper-state")], [secret, spoken]), []);
    // It is where it has to be, so that the scan is known to find it.
    assertEquals(await scan([agent.files], [secret]), [`${agent.files}/db.password`]);
  },
);
