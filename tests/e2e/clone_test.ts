/**
 * An agent whose state folder somebody copied, with the real programs.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import type { RunningProgram } from "../support/running_program.ts";
import { hasManyLoopbacks, readTree, Site } from "../support/site.ts";

/** Copies what is there; what the agent takes away meanwhile is not. */
async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode: 0o700 });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
}

/** Waits until a line about an address that comes from now on ends in this outcome or code. */
async function waitForNext(
  keeper: RunningProgram,
  address: string,
  expected: string,
): Promise<void> {
  const seen = keeper.stdout.length;
  await keeper.waitFor(() => {
    const end = keeper.stdout.lastIndexOf("\n") + 1;
    const lines = end > seen ? jsonLines(keeper.stdout.slice(seen, end)) : [];
    return lines.find((line) => {
      return line.address === address && (line.code ?? line.outcome) === expected;
    });
  });
}

Deno.test({
  name: "keeper: holds an agent and its clone, gives neither anything, and goes on once one ends",
  ignore: !hasManyLoopbacks(),
  async fn() {
    await using site = await Site.open({ "db.password": "1" });
    const agent = await site.startAgent({ name: "agent", host: "127.0.0.1" });
    // Two polling intervals are as long as a sighting lasts, and longer than two contacts take.
    const keeper = await site.startKeeper({
      agents: [agent.address, `127.0.0.2:${agent.port}`],
      args: ["--polling-interval", "4"],
    });
    await waitForNext(keeper, agent.address, "delivered");
    await copyFolder(agent.state, site.path("clone/state"));
    const { port } = agent;
    const clone = await site.startAgent({ name: "clone", host: "127.0.0.2", port });
    assertEquals(clone.fingerprint, agent.fingerprint);
    await waitForNext(keeper, clone.address, "clone-suspected");
    await waitForNext(keeper, agent.address, "clone-suspected");
    await site.store({ "db.password": "2" });
    await waitForNext(keeper, agent.address, "clone-suspected");
    const vault = await readTree(site.path("vault"));
    assertEquals(await readTree(clone.files), {});
    assert((await readTree(agent.files))["db.password"] !== vault["db.password"]);
    await clone.program.stop();
    await waitForNext(keeper, agent.address, "delivered");
    assertEquals(await readTree(agent.files), vault);
    assertEquals((await keeper.stop()).code, 0);
  },
});
