import { AGENT_PROGRAM } from "../../../agent/program.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { type RunningAgent, Site } from "../../support/site.ts";

const ignore = Deno.build.os === "windows";

function askAgent({ state }: RunningAgent, ...args: string[]): Promise<ProgramRun> {
  const variables = { FLUXVAULT_BIND_PORT: "1" };
  return runInProcess(AGENT_PROGRAM, ["health", "--state-dir", state, ...args], { variables });
}

Deno.test("health says that an agent takes keepers, and once it has its files", {
  ignore,
}, async () => {
  await using site = await Site.open({ "db.password": "correct horse" });
  await using agent = await site.startAgent();
  const before = await askAgent(agent);
  assertEquals([before.code, before.stderr], [0, ""]);
  assertEquals(before.stdout, "takes keepers; not all files are known to be in place\n");
  assertEquals((await askAgent(agent, "--healthy-when=delivered")).code, 1);

  await site.deliver({ agents: [agent.address] });
  await agent.program.waitForLog(/a keeper has delivered/);
  const { code, stdout } = await askAgent(agent, "--healthy-when=delivered", "--json");
  assertEquals([code, JSON.parse(stdout)], [0, {
    event: "health",
    serving: true,
    delivered: true,
  }]);
});

Deno.test("health finds no agent that was killed, and the next one anew", { ignore }, async () => {
  await using site = await Site.open();
  {
    await using agent = await site.startAgent();
    await agent.program.stop("SIGKILL");
    const run = await askAgent(agent);
    assertEquals([run.code, run.stdout], [1, ""]);
    assertMatch(
      run.stderr,
      /^error: no agent answers at .*\nbecause: Connection refused.*\nhint: /,
    );
  }
  await using agent = await site.startAgent();
  assertEquals((await askAgent(agent)).code, 0);
});
