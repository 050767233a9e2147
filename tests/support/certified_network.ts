/** Two networks of their own with a link between them: an agent and nginx in one, an agent and curl in the other. */
import { missingForNamespace, NetworkNamespace } from "./network_namespace.ts";

const SERVER_ADDRESS = "198.19.77.1";
const CLIENT_ADDRESS = "198.19.77.2";
const TOOLS: readonly (readonly string[])[] = [
  ["nginx", "-v"],
  ["curl", "--version"],
  ["openssl", "version"],
];

/** What a program wrote, and how it ended. */
export interface ProgramEnd {
  /** The exit status. */
  readonly code: number;
  /** All that it wrote. */
  readonly text: string;
}

/** Says why there can be none on this machine; `null` where there can. */
export async function missingForCertifiedNetwork(): Promise<string | null> {
  const missing = await missingForNamespace();
  if (missing !== null) return missing;
  for (const command of TOOLS) {
    if ((await runProgram(command)).code !== 0) return `${command[0]} is missing`;
  }
  return null;
}

async function runProgram([program = "", ...args]: readonly string[]): Promise<ProgramEnd> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
      .output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (error) {
    return { code: 127, text: String(error) };
  }
}

/** The two networks; `await using` removes them. */
export class CertifiedNetwork implements AsyncDisposable {
  /** That of the server. */
  readonly server: NetworkNamespace;
  /** That of the client. */
  readonly client: NetworkNamespace;
  /** Where the server listens. */
  readonly address: string = SERVER_ADDRESS;

  private constructor(server: NetworkNamespace, client: NetworkNamespace) {
    this.server = server;
    this.client = client;
  }

  /** Makes them. */
  static async open(): Promise<CertifiedNetwork> {
    const server = await NetworkNamespace.open();
    const client = await NetworkNamespace.open();
    const network = new CertifiedNetwork(server, client);
    try {
      const [inServer, inClient] = [server.starter.at(-1) ?? "", client.starter.at(-1) ?? ""];
      const ends = ["name", "peers", "type", "veth", "peer", "name", "peers", "netns", inClient];
      await demand(["ip", "link", "add", "netns", inServer, ...ends]);
      for (
        const [{ starter }, own] of [[server, SERVER_ADDRESS], [client, CLIENT_ADDRESS]] as const
      ) {
        await demand([...starter, "ip", "address", "add", `${own}/24`, "dev", "peers"]);
        await demand([...starter, "ip", "link", "set", "peers", "up"]);
      }
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a program where the client is. */
  run(...command: readonly string[]): Promise<ProgramEnd> {
    return runProgram([...this.client.starter, ...command]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

async function demand(command: readonly string[]): Promise<void> {
  const { code, text } = await runProgram(command);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${text}`);
}
