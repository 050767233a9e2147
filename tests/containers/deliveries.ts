// deno-lint-ignore-file no-console -- what is measured is part of the report.
import { statfsSync } from "node:fs";
import { assert, assertEquals } from "../support/assert.ts";
import { ContainedKeeper, NOBODY } from "../support/contained_keeper.ts";
import { type Container, ContainerHost, POOR } from "../support/container_host.ts";
import { carriersOfSuite, imageName } from "../support/container_images.ts";
import { ContainerNetwork, type NetworkMember } from "../support/container_network.ts";
import { outcomesOf } from "../support/site.ts";

const TMPFS_TYPE = 0x0102_1994;
const SECRET = "correct horse battery staple";
const host = ContainerHost.ofSuite();

/** Brings the secret to agents; returns what became of each, in the order of the agents. */
async function deliver(keeper: ContainedKeeper, agents: readonly NetworkMember[]) {
  const run = await keeper.deliver(agents);
  return agents.map(({ address }) => {
    const report = run.agents.get(`${address}:8888`);
    assert(report !== undefined, run.stderr);
    return { outcome: report.outcome, files: outcomesOf(report), print: report.fingerprint };
  });
}

/** Starts an agent as poor as they come, whose files lie in memory and whose state is kept. */
function startAgent(image: string, { name, place, keeper }: {
  readonly name: string;
  readonly place: NetworkMember;
  readonly keeper: NetworkMember;
}): Promise<Container> {
  return host.start({
    image,
    name,
    network: place.namespace,
    options: [...POOR, "--tmpfs=/secrets:size=1m", `--add-host=vault:${keeper.address}`],
    variables: {
      // A name, so that what looks it up has to be in the image too.
      FLUXVAULT_WHITELISTED_ADDRESSES: "vault",
      FLUXVAULT_REQUIRE_TMPFS: "true",
    },
    args: ["--json"],
  });
}

/** Waits until an agent listens, for the so-manieth time. */
function untilListening(agent: Container, starts = 1): Promise<true> {
  return agent.waitForLog((logs) => {
    return (logs.match(/"event":"listening"/g) ?? []).length >= starts || undefined;
  });
}

/** Returns whose the secret is in a container, what it may be used for, and what it says. */
async function lookAtSecret(agent: Container) {
  const path = await agent.pathOf("/secrets/db.password");
  const { uid, gid, mode } = await Deno.lstat(path);
  return {
    owner: [uid, gid],
    mode: ((mode ?? 0) & 0o777).toString(8),
    text: await Deno.readTextFile(path),
    isInMemory: statfsSync(path).type === TMPFS_TYPE,
  };
}

/** Returns the most memory that a container took, where this machine counts it. */
async function peakMemory(agent: Container): Promise<string> {
  const id = await agent.inspect(".Id");
  const path = `/sys/fs/cgroup/memory/libpod_parent/libpod-${id}/memory.max_usage_in_bytes`;
  const bytes = await Deno.readTextFile(path).catch(() => null);
  return bytes === null ? "not counted here" : `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`;
}

for (const carrier of carriersOfSuite()) {
  for (const base of ["scratch", "alpine"] as const) {
    const image = (target: string) => imageName({ target, base, carrier });
    Deno.test(`containers of ${base}-${carrier}: a secret comes, changes, and comes back after a restart and a kill`, async () => {
      await using network = await ContainerNetwork.open("keeper", "a", "b");
      const { keeper: place, a, b } = network.members;
      const ofKeeper = { image: image("keeper"), place, secret: SECRET };
      await using keeper = await ContainedKeeper.open(host, ofKeeper);
      const agents = [a, b];
      const startedMs = performance.now();
      await using first = await startAgent(image("agent"), { name: "a", place: a, keeper: place });
      await using second = await startAgent(image("agent"), { name: "b", place: b, keeper: place });
      await Promise.all([untilListening(first), untilListening(second)]);

      // 1. Both get it, and hold it as their own and in memory.
      const delivered = await deliver(keeper, agents);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`first delivery ${seconds} s after both began to start, 0.1 CPU each`);
      const created = { outcome: "delivered", files: { "db.password": "created" } };
      assertEquals(delivered.map(({ print: _, ...rest }) => rest), [created, created]);
      const prints = delivered.map(({ print }) => print);
      const held = { owner: [NOBODY, NOBODY], mode: "600", text: SECRET, isInMemory: true };
      assertEquals([await lookAtSecret(first), await lookAtSecret(second)], [held, held]);

      // 2. Nothing to do, and then a change.
      assertEquals((await deliver(keeper, agents)).map(({ files }) => files), [{}, {}]);
      await keeper.keep("changed");
      const changed = { "db.password": "updated" };
      assertEquals((await deliver(keeper, agents)).map(({ files }) => files), [changed, changed]);
      assertEquals((await lookAtSecret(first)).text, "changed");

      // 3. Stopped in order, and killed; who they are is kept, what lay in memory is not.
      await first.do("stop", "--time=60");
      assertEquals(await first.inspect(".State.ExitCode"), "0");
      await first.do("start");
      await second.kill();
      await second.do("start");
      await Promise.all([untilListening(first, 2), untilListening(second, 2)]);
      const again = await deliver(keeper, agents);
      assertEquals(again.map(({ print }) => print), prints);
      assertEquals(again.map(({ outcome }) => outcome), ["delivered", "delivered"]);
      const brought = { ...held, text: "changed" };
      assertEquals([await lookAtSecret(first), await lookAtSecret(second)], [brought, brought]);
      console.log(`memory at most, of 64 MiB: ${await peakMemory(first)}`);
    });
  }
}
