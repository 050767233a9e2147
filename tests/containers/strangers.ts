import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Container, ContainerHost, POOR } from "../support/container_host.ts";
import { carriersOfSuite, imageName } from "../support/container_images.ts";
import { ContainerNetwork, type NetworkMember } from "../support/container_network.ts";
import type { ProcessEnd } from "../support/followed_process.ts";
import { readKeeperRun, Site } from "../support/site.ts";

const NOBODY = 65_534;
const host = ContainerHost.ofSuite();

/** A key that is a secret of the engine while the test runs, as an operator would keep it. */
async function storeKey(site: Site, name: string) {
  const key = generatePrivateKey();
  await Deno.writeTextFile(site.path(name), encodeWif(key), { mode: 0o600 });
  await host.podman("secret", "create", name, site.path(name));
  return {
    address: zelIdOfKey(key),
    options: [
      // Podman 4 mounts none below /run/secrets where nothing can be written to.
      `--secret=${name},target=/credentials/fluxvault-key,uid=${NOBODY},mode=0400`,
      "--env=CREDENTIALS_DIRECTORY=/credentials",
    ],
    [Symbol.asyncDispose]: async () => void await host.podman("secret", "rm", name),
  };
}

/** Runs a keeper once, or another command of it. */
function runKeeper(site: Site, { image, place, state, options = [], args }: {
  readonly image: string;
  readonly place: NetworkMember;
  readonly state: string;
  readonly options?: readonly string[];
  readonly args: readonly string[];
}): Promise<ProcessEnd> {
  const poor = POOR.filter((option) => !/^--(?:memory|cpus)/.test(option));
  const volumes = [`--volume=${site.path("vault")}:/vault:ro`, `--volume=${state}:/state`];
  return host.runOnce({
    image,
    name: `keeper-${state}`,
    network: place.namespace,
    options: [...poor, ...volumes, ...options],
    args,
  });
}

async function handOver(site: Site): Promise<void> {
  for (const path of ["vault", "vault/db.password"]) {
    await Deno.chown(site.path(path), NOBODY, NOBODY);
  }
}

async function listSecrets(agent: Container): Promise<string[]> {
  const folder = await agent.pathOf("/secrets");
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

for (const carrier of carriersOfSuite()) {
  const image = (target: string) => imageName({ target, base: "scratch", carrier });
  Deno.test(`containers of ${carrier}: a keeper with another key is refused, one with a secret of the engine serves whom it approves`, async () => {
    await using network = await ContainerNetwork.open("keeper", "stranger", "agent");
    const { keeper: place, stranger, agent: agentPlace } = network.members;
    await using site = await Site.open({ "db.password": "correct horse" });
    await handOver(site);
    await using ours = await storeKey(site, "ours");
    await using theirs = await storeKey(site, "theirs");
    await using agent = await host.start({
      image: image("agent"),
      name: "signed",
      network: agentPlace.namespace,
      options: POOR,
      variables: { FLUXVAULT_SIGNED_VAULT_CONNECTIONS: "true", FLUXVAULT_ZELID: ours.address },
      args: ["--json"],
    });
    const fingerprint = await agent.waitForLog((logs) => /SHA256:\S{43}/.exec(logs)?.[0]);
    const deliver = async (from: NetworkMember, key: typeof ours, ...trust: string[]) => {
      const state = from === place ? "ours" : "theirs";
      const args = [
        ...["--json", "--run-once", "--agent-ips", agentPlace.address, ...trust],
        ...["--managed-files", "db.password", "--sign-connections", "--zelid", key.address],
      ];
      const run = { image: image("keeper"), place: from, state, options: key.options, args };
      const { agents, stderr } = readKeeperRun(await runKeeper(site, run));
      const report = agents.get(`${agentPlace.address}:8888`);
      assert(report !== undefined, stderr);
      return [report.outcome, report.code ?? report.reason ?? null];
    };
    try {
      // 1. Somebody else's key is worth nothing.
      assertEquals(await deliver(stranger, theirs), ["rejected", "statement-invalid"]);
      assertEquals(await listSecrets(agent), []);

      // 2. Ours is believed; the agent in turn gets nothing until it is approved.
      const approve = ["--trust", "approve"];
      assertEquals(await deliver(place, ours, ...approve), ["pending", "new"]);
      assertEquals(await listSecrets(agent), []);
      const args = ["agents", "approve", fingerprint];
      const approval = { image: image("keeper"), place, state: "ours", args };
      assertEquals((await runKeeper(site, approval)).code, 0);
      assertEquals(await deliver(place, ours, ...approve), ["delivered", null]);
      assertEquals(await listSecrets(agent), ["db.password"]);

      // 3. And once more, now that there is something to lose.
      assertEquals(await deliver(stranger, theirs), ["rejected", "statement-invalid"]);
      assertEquals(await listSecrets(agent), ["db.password"]);
    } finally {
      await host.tryPodman("volume", "rm", "ours", "theirs");
    }
  });

  Deno.test(`containers of ${carrier}: who has another address gets not a byte`, async () => {
    await using network = await ContainerNetwork.open("keeper", "stranger", "agent");
    const { keeper: place, stranger, agent: agentPlace } = network.members;
    await using agent = await host.start({
      image: image("agent"),
      name: "listed",
      network: agentPlace.namespace,
      options: POOR,
      variables: { FLUXVAULT_WHITELISTED_ADDRESSES: place.address },
    });
    await agent.waitForLog((logs) => /listening on/.exec(logs)?.[0]);
    const knock = async (from: NetworkMember) => {
      const script = `import socket, sys
s = socket.create_connection((sys.argv[1], 8888), 20)
s.settimeout(20)
print(len(s.recv(4096)))`;
      const starter = ["ip", "netns", "exec", from.namespace];
      const command = [...starter, "python3", "-c", script, agentPlace.address];
      const { code, stdout, stderr } = await host.follow(command).end;
      assertEquals(code, 0, stderr);
      return Number(stdout);
    };
    assertEquals(await knock(stranger), 0);
    assert(await knock(place) > 0);
    assertMatch(await agent.readLogs(), new RegExp(`turned away.* address=${stranger.address} `));
  });
}
