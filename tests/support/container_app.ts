/** The network of an app on a Flux node: containers in network namespaces, and a DNS that names them. */
import { fileURLToPath } from "node:url";
import { ContainerNetwork } from "./container_network.ts";
import type { DnsRecords } from "./dns_server.ts";
import { FollowedProcess } from "./followed_process.ts";
import { missingForNamespace } from "./network_namespace.ts";
import { startPlainAgent } from "./signed_agent.ts";
import { type RunningAgent, Site } from "./site.ts";

/** Who is there: the node with its DNS, the primary, two components, and others. */
export type Container = "node" | "agent" | "db" | "web" | "other" | "nameless" | "liar" | "home";

/** All of them, in the order of their addresses: the node has the first. */
export const CONTAINERS: readonly Container[] = [
  ...["node", "agent", "db", "web", "other", "nameless", "liar", "home"] as const,
];
const NET = "172.23.7";
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Says why there can be none on this machine; `null` where there can. */
export async function missingForContainerApp(): Promise<string | null> {
  const missing = await missingForNamespace();
  if (missing !== null) return missing;
  try {
    await new Deno.Command("nsenter", { args: ["--version"] }).output();
    return null;
  } catch {
    return "nsenter is missing";
  }
}

/** The network and the agents in it; `await using` ends and removes them. */
export class ContainerApp implements AsyncDisposable {
  readonly site: Site;
  readonly #network: ContainerNetwork<Container>;
  readonly #dns: FollowedProcess;
  readonly #dnsPort: string;

  private constructor(
    parts: { readonly site: Site; readonly network: ContainerNetwork<Container> },
    dns: { readonly process: FollowedProcess; readonly port: string },
  ) {
    this.site = parts.site;
    this.#network = parts.network;
    this.#dns = dns.process;
    this.#dnsPort = dns.port;
  }

  /** Makes it; the DNS names the containers of the app `shop` as Docker does. */
  static async open(): Promise<ContainerApp> {
    const site = await Site.open();
    const network = await ContainerNetwork.openWith(NET, ...CONTAINERS);
    const path = site.path("dns.json");
    await writeRecords(path, recordsOf(network));
    const source = new URL("./dns_server.ts", import.meta.url).href;
    const process = runScript(
      starterOf(network, "node"),
      `import { DnsServer } from ${JSON.stringify(source)};
       const read = () => JSON.parse(Deno.readTextFileSync(${JSON.stringify(path)}));
       const hostname = ${JSON.stringify(network.members.node.address)};
       console.log(new DnsServer(read, { hostname }).port);`,
    );
    const port = await process.waitFor(() => /^(\d+)\n/.exec(process.stdout)?.[1]);
    return new ContainerApp({ site, network }, { process, port });
  }

  /** Returns the address of a container. */
  addressOf(container: Container): string {
    return this.#network.members[container].address;
  }

  /** Starts an agent in a container. */
  async startAgent(
    container: Container,
    args: readonly string[],
    { host = this.addressOf(container) }: { readonly host?: string } = {},
  ): Promise<RunningAgent> {
    return await startPlainAgent(this.site, {
      name: container,
      host,
      args: [`--fileserver-dns=${this.addressOf("node")}:${this.#dnsPort}`, ...args],
      process: { starter: this.#starter(container) },
    });
  }

  /** Starts the primary, to which `home` may connect. */
  async startPrimary(host: string = this.addressOf("agent")): Promise<RunningAgent> {
    return await this.startAgent("agent", [
      ...["--app-name=shop", "--component-name=agent", "--enable-registrar"],
      ...[`--registrar-address=${host}`, `--whitelisted-addresses=${this.addressOf("home")}`],
    ], { host });
  }

  /** Starts what says that it is a component of the app, in whatever container. */
  async startSubAgent(container: Container, component: string): Promise<RunningAgent> {
    return await this.startAgent(container, [
      ...["--app-name=shop", `--component-name=${component}`],
      ...["--subordinate", "--trust-primary-agent"],
    ]);
  }

  /** Runs a module in a container to its end; returns what it printed. */
  async runIn(container: Container, script: string): Promise<string> {
    const { code, stdout, stderr } = await runScript(this.#starter(container), script).end;
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  /** Gives the container of the primary another address, and tells the DNS. */
  async movePrimary(address: string): Promise<void> {
    const ip = (...args: readonly string[]) => this.#run("agent", ["ip", "address", ...args]);
    await ip("add", `${address}/24`, "dev", "eth0");
    await ip("del", `${this.addressOf("agent")}/24`, "dev", "eth0");
    await ip("replace", `${address}/24`, "dev", "eth0");
    await writeRecords(this.site.path("dns.json"), recordsOf(this.#network, address));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dns[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
    await this.#network[Symbol.asyncDispose]();
  }

  #starter(container: Container): readonly string[] {
    return starterOf(this.#network, container);
  }

  async #run(container: Container, command: readonly string[]): Promise<void> {
    const [program = "", ...args] = [...this.#starter(container), ...command];
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
}

/** Returns the words that start a program of this machine in the network of a container. */
export function starterOf(
  { members }: ContainerNetwork<Container>,
  container: Container,
): readonly string[] {
  return ["nsenter", `--net=/run/netns/${members[container].namespace}`];
}

/** Starts a module by such words; it may import those of the project. */
export function runScript(starter: readonly string[], input: string): FollowedProcess {
  const run = [Deno.execPath(), "run", "-A", "--quiet", "--config", CONFIG, "-"];
  return new FollowedProcess({ command: [...starter, ...run], input });
}

/**
 * Returns what the DNS of the node knows: `nameless` has no name, `other` that of another app, and `liar`
 * one that leads to the db.
 *
 * @param primary The address of the primary.
 */
export function recordsOf(
  { members }: ContainerNetwork<Container>,
  primary: string = members.agent.address,
): DnsRecords {
  const network = "fluxDockerNetwork_shop";
  const { db, web, other, liar } = members;
  return {
    names: {
      [primary]: [`fluxagent_shop.${network}.`],
      [db.address]: [`fluxdb_shop.${network}.`],
      [web.address]: [`fluxweb_shop.${network}.`],
      [other.address]: [`fluxdb_other.${network}.`],
      [liar.address]: [`fluxdb_shop.${network}.`],
    },
    addresses: {
      fluxagent_shop: [primary],
      fluxdb_shop: [db.address],
      fluxweb_shop: [web.address],
      fluxdb_other: [other.address],
    },
  };
}

/** Puts the file in place in one step: it is read at any time. */
async function writeRecords(path: string, records: DnsRecords): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(records));
  await Deno.rename(`${path}.new`, path);
}
