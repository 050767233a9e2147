/** A network of network namespaces, each with an address of its own, that no other network sees. */
import { encodeHex } from "../../protocol/bytes.ts";

/** Addresses for the measurement of networks, RFC 2544: nobody else has them. */
const PREFIX = "198.18.7";

/** One who is on the network. */
export interface NetworkMember {
  /** The name of the namespace. */
  readonly namespace: string;
  /** Its address. */
  readonly address: string;
}

/** The network; `await using` removes it. */
export class ContainerNetwork<Name extends string> implements AsyncDisposable {
  /** Who is on it. */
  readonly members: Readonly<Record<Name, NetworkMember>>;
  /** The words that start a program in a namespace that is nobody's. */
  readonly starter: readonly string[];
  readonly #namespaces: readonly string[];

  private constructor(members: Readonly<Record<Name, NetworkMember>>, hub: string) {
    this.members = members;
    // Not ip netns exec, which hides the control groups.
    this.starter = ["nsenter", `--net=/run/netns/${hub}`];
    const all = Object.values<NetworkMember>(members).map(({ namespace }) => namespace);
    this.#namespaces = [...all, hub];
  }

  /** Makes one: a bridge in a namespace of its own, and a cable from there to each member. */
  static async open<Name extends string>(
    ...names: readonly Name[]
  ): Promise<ContainerNetwork<Name>> {
    return await ContainerNetwork.openWith(PREFIX, ...names);
  }

  /** Makes one whose addresses begin with three numbers, `172.23.7`; the first member has `.1`. */
  static async openWith<Name extends string>(
    net: string,
    ...names: readonly Name[]
  ): Promise<ContainerNetwork<Name>> {
    const prefix = `fv-${encodeHex(crypto.getRandomValues(new Uint8Array(4)))}`;
    const hub = `${prefix}-hub`;
    const members = Object.fromEntries(names.map((name, index) => {
      return [name, { namespace: `${prefix}-${name}`, address: `${net}.${index + 1}` }];
    })) as Record<Name, NetworkMember>;
    const network = new ContainerNetwork(members, hub);
    try {
      await ip("netns", "add", hub);
      await ip("-n", hub, "link", "set", "dev", "lo", "up");
      await ip("-n", hub, "link", "add", "bridge", "type", "bridge");
      await ip("-n", hub, "link", "set", "dev", "bridge", "up");
      for (const name of names) await network.#connect(name, hub);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes it; what lives there is left without a network. */
  async [Symbol.asyncDispose](): Promise<void> {
    const there = await ip("netns", "list");
    for (const namespace of this.#namespaces) {
      if (there.includes(namespace)) await ip("netns", "delete", namespace);
    }
  }

  async #connect(name: Name, hub: string): Promise<void> {
    const { namespace, address } = this.members[name];
    await ip("netns", "add", namespace);
    const ends = ["name", name, "type", "veth", "peer", "name", "eth0", "netns", namespace];
    await ip("-n", hub, "link", "add", ...ends);
    await ip("-n", hub, "link", "set", "dev", name, "master", "bridge", "up");
    await ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
    await ip("-n", namespace, "link", "set", "dev", "eth0", "up");
    await ip("-n", namespace, "link", "set", "dev", "lo", "up");
  }
}

async function ip(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("ip", { args: [...args] }).output();
  const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`ip ${args.join(" ")}: ${complaint}`);
  return text ?? "";
}
