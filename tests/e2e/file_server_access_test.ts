/**
 * Who may ask the file server of the real agent program, in a network with neighbours of all kinds and a
 * DNS that names them as an engine's does.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { missingForNamespace, NetworkNamespace } from "../support/network_namespace.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { deliverWhole } from "../support/whole_delivery.ts";

const MISSING = await missingForNamespace() ??
  (await hasCurl() ? null : "curl is missing");
const OPTIONS = { ignore: MISSING !== null };

const AGENT = "172.23.7.2";
const NEIGHBOURS = {
  lucid: "172.23.7.3",
  otherApp: "172.23.7.4",
  noName: "172.23.7.5",
  mismatch: "172.23.7.6",
  stranger: "198.51.100.7",
};
const RECORDS = {
  names: {
    [NEIGHBOURS.lucid]: ["fluxlucid_shop.fluxDockerNetwork_shop."],
    [NEIGHBOURS.otherApp]: ["fluxlucid_other.fluxDockerNetwork_shop."],
    [NEIGHBOURS.mismatch]: ["fluxweb_shop.fluxDockerNetwork_shop."],
    [NEIGHBOURS.stranger]: ["fluxweb_shop.fluxDockerNetwork_shop."],
  },
  addresses: {
    fluxlucid_shop: [NEIGHBOURS.lucid],
    fluxlucid_other: [NEIGHBOURS.otherApp],
    fluxweb_shop: [NEIGHBOURS.stranger],
  },
};

async function hasCurl(): Promise<boolean> {
  try {
    return (await new Deno.Command("curl", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

async function runInside(
  network: NetworkNamespace,
  command: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string }> {
  const [program = "", ...args] = [...network.starter, ...command];
  const { code, stdout } = await new Deno.Command(program, { args }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

/** Starts the DNS inside; its output is the port. */
async function startDns(network: NetworkNamespace): Promise<{
  readonly port: string;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const [program = "", ...args] = network.starter;
  const source = new URL("../support/dns_server.ts", import.meta.url).href;
  const script = `import { DnsServer } from ${JSON.stringify(source)};
    const server = new DnsServer(${JSON.stringify(RECORDS)});
    console.log(server.port);`;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const child = new Deno.Command(program, {
    args: [...args, Deno.execPath(), "run", "-A", "--quiet", "--config", config, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    port: new TextDecoder().decode(value).trim(),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Starts an agent inside that serves files, and delivers to it. */
async function startServing(
  site: Site,
  { network, args }: { readonly network: NetworkNamespace; readonly args: readonly string[] },
): Promise<RunningAgent> {
  const inside = ["ip", "address", "add"];
  for (const address of [AGENT, ...Object.values(NEIGHBOURS)]) {
    await runInside(network, [...inside, `${address}/32`, "dev", "lo"]);
  }
  const agent = await site.startAgent({
    host: network.insideAddress,
    whitelist: network.outsideAddress,
    starter: network.starter,
    args: ["--fileserver", "--fileserver-address", AGENT, ...args],
  });
  await agent.program.waitForJson(({ event }) => event === "file-server");
  await deliverWhole(site, agent);
  return agent;
}

/** Asks for a file from an address; returns the status and what was said. */
async function ask(
  network: NetworkNamespace,
  from: string,
  args: readonly string[] = [],
): Promise<readonly [status: string, body: string]> {
  const curl = ["curl", "-s", "-m", "20", "--interface", from, "-w", "\n%{http_code}", ...args];
  const { stdout } = await runInside(network, [...curl, `http://${AGENT}:2080/files/db.password`]);
  const end = stdout.lastIndexOf("\n");
  return [stdout.slice(end + 1), stdout.slice(0, end)];
}

Deno.test(
  "agent: serves the components of its app, and turns every other neighbour away",
  OPTIONS,
  async () => {
    await using network = await NetworkNamespace.open();
    await using dns = await startDns(network);
    await using site = await Site.open({ "db.password": "one" });
    const args = ["--app-name", "shop", "--fileserver-dns", `127.0.0.1:${dns.port}`];
    const agent = await startServing(site, { network, args });
    assertEquals(await ask(network, NEIGHBOURS.lucid), ["200", "one"]);
    const refused: readonly (readonly [string, RegExp])[] = [
      [NEIGHBOURS.otherApp, /no container of the agent's app/],
      [NEIGHBOURS.noName, /no name for this address/],
      [NEIGHBOURS.mismatch, /leads to another address/],
      [NEIGHBOURS.stranger, /only addresses of a private network/],
    ];
    for (const [from, reason] of refused) {
      for (let i = 0; i < 2; i++) {
        const [status, body] = await ask(network, from);
        assertEquals(status, "403");
        assertMatch(body, reason);
      }
      await agent.program.waitForLog(new RegExp(`turned somebody away.*${from}`));
    }
    const told = agent.program.stderr.match(/turned somebody away/g) ?? [];
    assertEquals(told.length, refused.length);
  },
);

Deno.test(
  "agent: asks for its key where there is one, whatever the DNS says",
  OPTIONS,
  async () => {
    const key = "correct-horse-battery-staple";
    await using network = await NetworkNamespace.open();
    await using dns = await startDns(network);
    await using site = await Site.open({ "db.password": "one", "server.key": `${key}\n` });
    const names = ["--app-name", "shop", "--fileserver-dns", `127.0.0.1:${dns.port}`];
    const agent = await startServing(site, {
      network,
      args: [...names, "--fileserver-key", "server.key"],
    });
    const shown = ["-H", `Authorization: Bearer ${key}`];
    assertEquals((await ask(network, NEIGHBOURS.lucid))[0], "401");
    assertEquals(
      (await ask(network, NEIGHBOURS.lucid, ["-H", "Authorization: Bearer wrong"]))[0],
      "401",
    );
    assertEquals(await ask(network, NEIGHBOURS.noName, shown), ["200", "one"]);
    assertEquals((await ask(network, NEIGHBOURS.stranger, shown))[0], "403");
    await site.store({ "server.key": `new-${key}` });
    await deliverWhole(site, agent);
    assertEquals((await ask(network, NEIGHBOURS.noName, shown))[0], "401");
    assert(!agent.program.stderr.includes(key) && !agent.program.stdout.includes(key));
  },
);
