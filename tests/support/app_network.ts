/** The network of an app: an agent that serves its files, neighbours, and a DNS that names them. */
import { fileURLToPath } from "node:url";
import type { DnsRecords } from "./dns_server.ts";
import { missingForNamespace, NetworkNamespace } from "./network_namespace.ts";
import type { RunningAgent, Site } from "./site.ts";

/** The address at which the agent serves, port 2080. */
const AGENT = "172.23.7.2";

/** Says why there can be none on this machine; `null` where there can. */
export async function missingForAppNetwork(): Promise<string | null> {
  return await missingForNamespace() ?? (await hasCurl() ? null : "curl is missing");
}

async function hasCurl(): Promise<boolean> {
  try {
    return (await new Deno.Command("curl", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** A DNS server that runs inside. */
interface RunningDns extends AsyncDisposable {
  readonly port: string;
}

/** The network; `await using` removes it. */
export class AppNetwork implements AsyncDisposable {
  readonly #network: NetworkNamespace;
  readonly #dns: RunningDns;

  private constructor(network: NetworkNamespace, dns: RunningDns) {
    this.#network = network;
    this.#dns = dns;
  }

  /**
   * Makes it, with the addresses of neighbours.
   *
   * @param options.byDatagrams Whether the DNS answers over UDP, and not over TCP. @default {false}
   */
  static async open(
    records: DnsRecords,
    neighbours: readonly string[],
    { byDatagrams = false }: { readonly byDatagrams?: boolean } = {},
  ): Promise<AppNetwork> {
    const network = await NetworkNamespace.open();
    try {
      for (const address of [AGENT, ...neighbours]) {
        await runInside(network, ["ip", "address", "add", `${address}/32`, "dev", "lo"]);
      }
      return new AppNetwork(network, await startDns(network, { records, byDatagrams }));
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts an agent inside that serves files; keepers come from outside. */
  async startServing(site: Site, args: readonly string[]): Promise<RunningAgent> {
    const dns = ["--fileserver-dns", `127.0.0.1:${this.#dns.port}`];
    const agent = await site.startAgent({
      host: this.#network.insideAddress,
      whitelist: this.#network.outsideAddress,
      starter: this.#network.starter,
      args: ["--fileserver", "--fileserver-address", AGENT, ...dns, ...args],
    });
    await agent.program.waitForJson(({ event }) => event === "file-server");
    return agent;
  }

  /** Asks the agent from an address, with further words for curl; returns status and contents. */
  async ask(
    from: string,
    target: string,
    args: readonly string[] = [],
  ): Promise<readonly [status: string, body: string]> {
    const curl = ["curl", "-s", "-m", "60", "--path-as-is", "--interface", from];
    const written = [...curl, "-w", "\n%{http_code}", ...args, `http://${AGENT}:2080${target}`];
    const { stdout } = await runInside(this.#network, written);
    const end = stdout.lastIndexOf("\n");
    return [stdout.slice(end + 1), stdout.slice(0, end)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dns[Symbol.asyncDispose]();
    await this.#network[Symbol.asyncDispose]();
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
async function startDns(
  network: NetworkNamespace,
  { records, byDatagrams }: { readonly records: DnsRecords; readonly byDatagrams: boolean },
): Promise<RunningDns> {
  const [program = "", ...args] = network.starter;
  const source = new URL("dns_server.ts", import.meta.url).href;
  const made = byDatagrams ? "await DatagramDnsServer.open" : "new DnsServer";
  const script = `import { DatagramDnsServer, DnsServer } from ${JSON.stringify(source)};
    const server = ${made}(${JSON.stringify(records)});
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
