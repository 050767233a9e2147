/** A network of its own for a program: one link leads there, which can be slow, lossy or dead. */
import { encodeHex } from "../../protocol/bytes.ts";

/** What the link is like. */
export interface NamespaceOptions {
  /** How much crosses it in a second, in either direction, in units of 1,000,000 bits. @default {no limit} */
  readonly rateMbit?: number;
  /** How many of a thousand packets are lost, in either direction. @default {0} */
  readonly lossPerMille?: number;
}

const TOOLS = ["ip", "tc", "nft"];
/** Addresses for the measurement of networks, RFC 2544: nobody else has them. */
const PREFIX = "198.18";
const ATTEMPTS = 20;
const LOOK_INTERVAL_MS = 50;
const INSIDE_LINK = "inside";

/** Runs a program; returns what it wrote, or throws what it complained of. */
async function run(command: readonly string[], input = ""): Promise<string> {
  const [program = "", ...args] = command;
  const options = { args, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const process = new Deno.Command(program, options).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${command.join(" ")}: ${complaint}`);
  return text ?? "";
}

/** Says why there can be none on this machine; `null` where there can. */
export async function missingForNamespace(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can make a network";
  for (const tool of TOOLS) {
    try {
      await run([tool, "-V"]);
    } catch {
      return `${tool} is missing`;
    }
  }
  try {
    await using _namespace = await NetworkNamespace.open({ rateMbit: 1, lossPerMille: 1 });
    return null;
  } catch (error) {
    const [complaint] = String(error).split("\n");
    return `no network can be made: ${complaint}`;
  }
}

/** The network; `await using` removes it, and its link with it. */
export class NetworkNamespace implements AsyncDisposable {
  /** The address of whoever is inside. */
  readonly insideAddress: string;
  /** The address by which those inside see whoever is outside. */
  readonly outsideAddress: string;
  /** The words that start a program inside. */
  readonly starter: readonly string[];
  readonly #name: string;

  private constructor(name: string, net: string) {
    this.#name = name;
    this.outsideAddress = `${net}1`;
    this.insideAddress = `${net}2`;
    this.starter = ["ip", "netns", "exec", name];
  }

  /** Makes one. */
  static async open(options: NamespaceOptions = {}): Promise<NetworkNamespace> {
    const name = `fv-${encodeHex(crypto.getRandomValues(new Uint8Array(5)))}`;
    await run(["ip", "netns", "add", name]);
    try {
      const outsideLink = name;
      const ends = ["name", outsideLink, "type", "veth", "peer", "name", INSIDE_LINK];
      await run(["ip", "link", "add", ...ends, "netns", name]);
      const namespace = new NetworkNamespace(name, await takeNet(outsideLink));
      const inside = [...namespace.starter, "ip"];
      await run([...inside, "address", "add", `${namespace.insideAddress}/24`, "dev", INSIDE_LINK]);
      await run([...inside, "link", "set", INSIDE_LINK, "up"]);
      await run([...inside, "link", "set", "lo", "up"]);
      await run(["ip", "link", "set", outsideLink, "up"]);
      const { rateMbit, lossPerMille = 0 } = options;
      if (rateMbit !== undefined) await namespace.#limit(rateMbit, outsideLink);
      await namespace.setLoss(lossPerMille);
      return namespace;
    } catch (error) {
      await run(["ip", "netns", "delete", name]);
      throw error;
    }
  }

  /** Says how many of a thousand packets are lost from now on, in either direction. */
  async setLoss(perMille: number): Promise<void> {
    const chance = perMille < 1_000 ? `numgen random mod 1000 < ${perMille}` : "";
    const rule = perMille > 0 ? `${chance} counter drop;` : "";
    const chain = (hook: string) => {
      return `chain ${hook} { type filter hook ${hook} priority 0; ${rule} };`;
    };
    const table = `table inet link\ndelete table inet link\n` +
      `table inet link { ${chain("input")} ${chain("output")} }\n`;
    await run([...this.starter, "nft", "-f", "-"], table);
  }

  /** Returns how many packets were lost since {@linkcode NetworkNamespace.setLoss} was called. */
  async countLost(): Promise<number> {
    const text = await run([...this.starter, "nft", "list", "table", "inet", "link"]);
    return [...text.matchAll(/counter packets (\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  }

  /** Returns how many bytes came in. */
  async countReceived(): Promise<number> {
    const path = `/sys/class/net/${INSIDE_LINK}/statistics/rx_bytes`;
    return Number(await run([...this.starter, "cat", path]));
  }

  /** Waits until a count is reached. */
  async waitFor(count: () => Promise<number>, least: number): Promise<void> {
    while (await count() < least) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run(["ip", "netns", "delete", this.#name]);
  }

  async #limit(rateMbit: number, outsideLink: string): Promise<void> {
    const limit = ["root", "tbf", "rate", `${rateMbit}mbit`, "burst", "32kb", "latency", "100ms"];
    await run(["tc", "qdisc", "add", "dev", outsideLink, ...limit]);
    await run([...this.starter, "tc", "qdisc", "add", "dev", INSIDE_LINK, ...limit]);
  }
}

/** Gives the outer end of a link an address in a net of its own; returns how the addresses begin. */
async function takeNet(link: string): Promise<string> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const [part = 0] = crypto.getRandomValues(new Uint8Array(1));
    const net = `${PREFIX}.${part}.`;
    if (await countUses(net) > 0) continue;
    const address = [`${net}1/24`, "dev", link];
    await run(["ip", "address", "add", ...address]);
    // Of those who have taken it at the same time nobody keeps it.
    if (await countUses(net) === 1) return net;
    await run(["ip", "address", "delete", ...address]);
  }
  throw new Error("no net is free");
}

/** Returns how many links have an address in a net, whether they are up or not. */
async function countUses(net: string): Promise<number> {
  return (await run(["ip", "-4", "-oneline", "address"])).split(` ${net}`).length - 1;
}
