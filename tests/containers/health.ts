import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ContainedKeeper } from "../support/contained_keeper.ts";
import { type Container, ContainerHost, POOR } from "../support/container_host.ts";
import { carriersOfSuite, imageName } from "../support/container_images.ts";
import { ContainerNetwork } from "../support/container_network.ts";

const host = ContainerHost.ofSuite();

const LACKING = {
  status: "unhealthy",
  says: "takes keepers; not all files are known to be in place",
};
const WELL = { status: "healthy", says: "takes keepers; all files are in place" };

/** Stops or continues the first process of a container, which does not notice. */
async function signalFirst(agent: Container, signal: Deno.Signal): Promise<void> {
  Deno.kill(Number(await agent.inspect(".State.Pid")), signal);
}

for (const carrier of carriersOfSuite()) {
  Deno.test(`the health of ${carrier} follows what becomes of the agent`, async () => {
    await using network = await ContainerNetwork.open("keeper", "agent");
    const { keeper: keeperPlace, agent: place } = network.members;
    await using keeper = await ContainedKeeper.open(host, {
      image: imageName({ target: "keeper", base: "scratch", carrier }),
      place: keeperPlace,
      secret: "correct horse",
    });
    const image = imageName({ target: "agent", base: "scratch", carrier });
    // Podman has options for the pauses only together with the command: here it is the image's.
    const [, ...command] = JSON.parse(
      await host.podman("image", "inspect", "--format={{json .HealthCheck.Test}}", image),
    );
    const health = [
      `--health-cmd=${JSON.stringify(command)}`,
      "--health-retries=1",
      "--health-timeout=120s",
    ];
    await using agent = await host.start({
      image,
      name: "health",
      network: place.namespace,
      options: [...POOR, ...health],
      variables: {
        FLUXVAULT_WHITELISTED_ADDRESSES: keeperPlace.address,
        FLUXVAULT_HEALTHY_WHEN: "delivered",
      },
    });
    await agent.waitForLog((logs) => /listening on/.exec(logs)?.[0]);
    assertEquals(await agent.checkHealth(), LACKING);

    assertEquals((await keeper.deliverTo(place)).outcome, "delivered");
    await agent.waitForLog((logs) => /a keeper has delivered/.exec(logs)?.[0]);
    assertEquals(await agent.checkHealth(), WELL);

    // An agent that hangs still has its port and its socket, but answers nobody.
    await signalFirst(agent, "SIGSTOP");
    const { status, says } = await agent.checkHealth();
    assertEquals(status, "unhealthy");
    assertMatch(says, /the agent did not answer within/);
    await signalFirst(agent, "SIGCONT");
    assertEquals(await agent.checkHealth(), WELL);
    const logs = await agent.readLogs();
    assert(!/WARN (?!.*only in memory|.*tmpfs)/.test(logs), logs);
  });
}
