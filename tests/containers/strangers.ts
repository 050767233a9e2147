import { generatePrivateKey } from "../../flux/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ContainedKeeper } from "../support/contained_keeper.ts";
import { type Container, ContainerHost, POOR } from "../support/container_host.ts";
import { carriersOfSuite, imageName } from "../support/container_images.ts";
import { ContainerNetwork, type NetworkMember } from "../support/container_network.ts";

const host = ContainerHost.ofSuite();

async function listSecrets(agent: Container): Promise<string[]> {
  const folder = await agent.pathOf("/secrets");
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

for (const carrier of carriersOfSuite()) {
  const agentImage = imageName({ target: "agent", base: "scratch", carrier });
  Deno.test(`containers of ${carrier}: a keeper with another key is refused, one with a secret of the engine serves whom it approves`, async () => {
    await using network = await ContainerNetwork.open("keeper", "stranger", "agent");
    const { keeper: place, stranger, agent: agentPlace } = network.members;
    const image = imageName({ target: "keeper", base: "scratch", carrier });
    const ofKeeper = { image, place, secret: "correct horse" };
    await using ours = await ContainedKeeper.open(host, ofKeeper);
    await using theirs = await ContainedKeeper.open(host, { ...ofKeeper, place: stranger });
    const zelId = await ours.sign(generatePrivateKey());
    await theirs.sign(generatePrivateKey());
    await using agent = await host.start({
      image: agentImage,
      name: "signed",
      network: agentPlace.namespace,
      options: POOR,
      variables: { FLUXVAULT_SIGNED_VAULT_CONNECTIONS: "true", FLUXVAULT_ZELID: zelId },
      args: ["--json"],
    });
    const fingerprint = await agent.waitForLog((logs) => /SHA256:\S{43}/.exec(logs)?.[0]);
    const deliver = async (keeper: ContainedKeeper, ...more: string[]) => {
      const { outcome, code, reason } = await keeper.deliverTo(agentPlace, ...more);
      return [outcome, code ?? reason ?? null];
    };

    // 1. Somebody else's key is worth nothing.
    assertEquals(await deliver(theirs), ["rejected", "statement-invalid"]);
    assertEquals(await listSecrets(agent), []);

    // 2. Ours is believed; the agent in turn gets nothing until it is approved.
    const approve = ["--trust", "approve"];
    assertEquals(await deliver(ours, ...approve), ["pending", "new"]);
    assertEquals(await listSecrets(agent), []);
    assertEquals((await ours.run("agents", "approve", fingerprint)).code, 0);
    assertEquals(await deliver(ours, ...approve), ["delivered", null]);
    assertEquals(await listSecrets(agent), ["db.password"]);

    // 3. And once more, now that there is something to lose.
    assertEquals(await deliver(theirs), ["rejected", "statement-invalid"]);
    assertEquals(await listSecrets(agent), ["db.password"]);
  });

  Deno.test(`containers of ${carrier}: who has another address gets not a byte`, async () => {
    await using network = await ContainerNetwork.open("keeper", "stranger", "agent");
    const { keeper: place, stranger, agent: agentPlace } = network.members;
    await using agent = await host.start({
      image: agentImage,
      name: "listed",
      network: agentPlace.namespace,
      options: POOR,
      variables: { FLUXVAULT_WHITELISTED_ADDRESSES: place.address },
    });
    await agent.waitForLog((logs) => /listening on/.exec(logs)?.[0]);
    const knock = async (from: NetworkMember) => {
      const script = `import socket, sys
s = socket.create_connection((sys.argv[1], 8888), 60)
s.settimeout(60)
print(len(s.recv(4096)))`;
      const starter = ["nsenter", `--net=/run/netns/${from.namespace}`];
      const command = [...starter, "python3", "-c", script, agentPlace.address];
      const { code, stdout, stderr } = await host.follow(command).end;
      assertEquals(code, 0, stderr);
      return Number(stdout);
    };
    assertEquals(await knock(stranger), 0);
    assert(await knock(place) > 0);
    const told = new RegExp(`turned away.* address=${stranger.address} `);
    await agent.waitForLog((logs) => told.exec(logs)?.[0]);
  });
}
