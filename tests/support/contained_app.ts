/** An app as a Flux node runs one: its agents in containers, in a network with a DNS that names them. */
import {
  type Container as Place,
  CONTAINERS,
  recordsOf,
  runScript,
  starterOf,
} from "./container_app.ts";
import { type Container, type ContainerHost, POOR } from "./container_host.ts";
import { type Carrier, carriersOfSuite, imageName } from "./container_images.ts";
import { ContainerNetwork, type NetworkMember } from "./container_network.ts";
import type { FollowedProcess, ProcessEnd } from "./followed_process.ts";

const NET = "172.23.8";
const APP = "shop";
/** Whose images the app runs: all that it is about is the same in the others. */
const CARRIER: Carrier = carriersOfSuite().at(-1) ?? "deno";

/** How to start an agent. */
export interface ContainedAgentStart {
  /** The component, which is the host name of the container. @default as the place */
  readonly component?: string;
  /** Its settings, beside what a Flux node says. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The app; `await using` removes network and DNS, when its containers are gone. */
export class ContainedApp implements AsyncDisposable {
  readonly #host: ContainerHost;
  readonly #network: ContainerNetwork<Place>;
  readonly #dns: FollowedProcess;

  private constructor(
    host: ContainerHost,
    parts: { readonly network: ContainerNetwork<Place>; readonly dns: FollowedProcess },
  ) {
    this.#host = host;
    this.#network = parts.network;
    this.#dns = parts.dns;
  }

  /** Makes the network and its DNS, which answers at port 53 of the node, over TCP and UDP. */
  static async open(host: ContainerHost): Promise<ContainedApp> {
    const network = await ContainerNetwork.openWith(NET, ...CONTAINERS);
    const source = new URL("./dns_server.ts", import.meta.url).href;
    const at = { hostname: network.members.node.address, port: 53 };
    const dns = runScript(
      starterOf(network, "node"),
      `import { DatagramDnsServer, DnsServer } from ${JSON.stringify(source)};
       const [records, at] = ${JSON.stringify([recordsOf(network), at])};
       new DnsServer(records, at);
       await DatagramDnsServer.open(records, at);
       console.log("listens");`,
    );
    const app = new ContainedApp(host, { network, dns });
    await dns.waitFor(() => dns.stdout.includes("listens") || undefined);
    // As from outside: whoever is at home reaches the primary and nobody else.
    for (const place of ["db", "web"] as const) {
      const { address } = network.members[place];
      await app.run("home", ["ip", "route", "add", "unreachable", `${address}/32`]);
    }
    return app;
  }

  /** Returns the image of a program. */
  static imageOf(target: "agent" | "keeper"): string {
    return imageName({ target, base: "scratch", carrier: CARRIER });
  }

  /** Returns where somebody is. */
  placeOf(place: Place): NetworkMember {
    return this.#network.members[place];
  }

  /** Starts an agent in a container as poor as they come, whose files lie in memory. */
  async startAgent(
    place: Place,
    { component = place, variables }: ContainedAgentStart,
  ): Promise<Container> {
    const isTrue = component === place;
    return await this.#host.start({
      image: ContainedApp.imageOf("agent"),
      name: isTrue ? `flux${component}_${APP}` : `${place}-as-${component}`,
      network: this.placeOf(place).namespace,
      options: [...POOR, "--tmpfs=/secrets:size=1m", ...this.#optionsOfNode(component)],
      variables: { FLUX_APP_NAME: APP, FLUXVAULT_REQUIRE_TMPFS: "true", ...variables },
      args: ["--json"],
    });
  }

  /** Runs an image in a container to its end. */
  runImage(
    place: Place,
    { image, args }: { readonly image: string; readonly args: readonly string[] },
  ): Promise<ProcessEnd> {
    return this.#host.runOnce({
      image,
      name: `once-${place}`,
      network: this.placeOf(place).namespace,
      options: [...POOR, ...this.#optionsOfNode(place)],
      args,
    });
  }

  /** Runs a program of this machine in the network of a container; returns what it wrote. */
  async run(place: Place, command: readonly string[]): Promise<string> {
    const all = [...starterOf(this.#network, place), ...command];
    const { code, stdout, stderr } = await this.#host.follow(all).end;
    if (code !== 0) throw new Error(`${command.join(" ")} (${code}): ${stderr}`);
    return stdout.trim();
  }

  /** Counts the connections that were opened, or tried, from the network of a container. */
  async countConnections(place: Place): Promise<number> {
    const [names = "", values = ""] = (await this.run(place, ["cat", "/proc/net/snmp"])).split("\n")
      .filter((line) => line.startsWith("Tcp:"));
    return Number(values.split(" ")[names.split(" ").indexOf("ActiveOpens")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dns[Symbol.asyncDispose]();
    await this.#network[Symbol.asyncDispose]();
  }

  /** What a node gives every container of an app: its name, and the DNS of the network. */
  #optionsOfNode(component: string): readonly string[] {
    const { address } = this.placeOf("node");
    return [`--hostname=${component}`, `--dns=${address}`, "--dns-search=."];
  }
}
