/** Agents that take plugins, and a keeper that signs, as the real programs. */
import { encodeWif, type FluxPrivateKey, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import type { PluginManifest } from "../../protocol/plugins/mod.ts";
import { type JsonLine, jsonLines, type ProcessEnd } from "./followed_process.ts";
import { signPackage } from "./played_plugins.ts";
import { type SignedAgentStart, startSignedAgent } from "./signed_agent.ts";
import { signerOf } from "./signing.ts";
import { type KeeperRun, readKeeperRun, type RunningAgent, Site } from "./site.ts";

/** How a plugin is written. */
export interface WrittenPlugin {
  /** What it says of itself; the rest is that of the greeter. */
  readonly manifest?: Partial<PluginManifest>;
  /** Its script. */
  readonly code?: string;
  /** Whose signature is beside it; `null` for none. @default {the keeper's} */
  readonly key?: FluxPrivateKey | null;
}

/** A folder with a vault, agents that take plugins, and the key that they trust. */
export class PluginSite implements AsyncDisposable {
  /** The folder. */
  readonly site: Site;
  /** The key of the keeper. */
  readonly key: FluxPrivateKey = generatePrivateKey();
  /** The agents so far. */
  readonly agents: RunningAgent[] = [];

  private constructor(site: Site) {
    this.site = site;
  }

  /** Makes the folder. */
  static async open(vault: Readonly<Record<string, string>> = { a: "1" }): Promise<PluginSite> {
    return new PluginSite(await Site.open(vault));
  }

  /** Starts an agent of the app `shop`; `name` is its component as well. */
  async startAgent(name: string, start: SignedAgentStart = {}): Promise<RunningAgent> {
    const { args = ["--allow-plugins"] } = start;
    const agent = await startSignedAgent(this.site, {
      zelids: [zelIdOfKey(this.key)],
      ...start,
      name,
      args: ["--app-name", "shop", "--component-name", name, ...args],
    });
    const before = this.agents.findIndex(({ files }) => files === agent.files);
    if (before < 0) this.agents.push(agent);
    else this.agents[before] = agent;
    return agent;
  }

  /** Starts an agent anew that was ended, at its port. */
  async restart(
    agent: RunningAgent,
    signal: Deno.Signal = "SIGTERM",
    args: readonly string[] = ["--allow-plugins"],
  ): Promise<RunningAgent> {
    await agent.program.stop(signal);
    const name = agent.files.split("/").at(-2) ?? "";
    return await this.startAgent(name, { port: agent.port, args });
  }

  /** Delivers the vault to all agents, so that the keeper knows them. */
  async deliver(args: readonly string[] = ["--managed-files", "a"]): Promise<KeeperRun> {
    const vault = ["--vault-dir", this.site.path("vault")];
    return readKeeperRun(await this.keeper("--run-once", "--json", ...vault, ...args));
  }

  /** Writes a package and its signature; returns where it is. */
  async write(name: string, written: WrittenPlugin = {}): Promise<string> {
    const { manifest, code, key = this.key } = written;
    const path = this.site.path(name);
    const signer = signerOf(key ?? this.key);
    const { bytes, signature } = await signPackage(signer, manifest, code);
    await Deno.writeFile(path, bytes);
    if (key !== null) await Deno.writeTextFile(`${path}.sig`, `${signature}\n`);
    return path;
  }

  /** Runs the keeper, which signs, to its end. */
  keeper(...words: readonly string[]): Promise<ProcessEnd> {
    return this.site.run("keeper", [...words, ...this.fleetArgs()], { input: this.wif });
  }

  /** The key of the keeper, as it reads it. */
  get wif(): string {
    return `${encodeWif(this.key)}\n`;
  }

  /** What the keeper is told of the agents, and of its key. */
  fleetArgs(): string[] {
    return [
      ...["--state-dir", this.site.path("keeper-state"), "--app-name", "shop"],
      ...["--agent-ips", this.agents.map(({ address }) => address).join(",")],
      ...["--sign-connections", "--zelid", zelIdOfKey(this.key)],
    ];
  }

  /** Puts a plugin into all agents that are meant; returns its status and what each agent did. */
  async push(
    path: string,
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly said: readonly string[] }> {
    const end = await this.keeper("plugin", "push", path, "--json", ...args);
    return { code: end.code, said: this.saidBy(end, "plugin-push") };
  }

  /** Lists the plugins of an agent. */
  async list(agent: RunningAgent): Promise<readonly JsonLine[]> {
    const { stdout } = await this.keeper("plugin", "list", "--json");
    const line = jsonLines(stdout).find(({ address }) => address === agent.address);
    return line?.plugins ?? [];
  }

  /** Waits until so many calls of a plugin are open. */
  async untilOpen(agent: RunningAgent, name: string, calls: number): Promise<void> {
    for (;;) {
      const plugin = (await this.list(agent)).find(({ Name }) => Name === name);
      if (plugin?.["OpenCalls"] === calls) return;
    }
  }

  /** Calls an action of one agent; returns its answer, or the code of its failure. */
  async call(agent: RunningAgent, action: string, ...members: readonly string[]): Promise<unknown> {
    const component = agent.files.split("/").at(-2) ?? "";
    const { stdout } = await this.keeper("call", `shop/${component}`, action, "--json", ...members);
    const line = jsonLines(stdout).find(({ address }) => address === agent.address);
    return line?.outcome === "answered" ? line.output : line?.code;
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }

  /** What each agent said to have done, in the order of the agents. */
  saidBy({ stdout, stderr }: ProcessEnd, type: string): string[] {
    const lines = jsonLines(stdout).filter((line) => line.type === type);
    if (lines.length === 0) return [stderr];
    return this.agents.map(({ address }) => {
      const line = lines.find((line) => line.address === address);
      if (line === undefined) return "-";
      const { outcome, code, state, isUnchanged } = line;
      return outcome === "answered" ? `${state}${isUnchanged ? " before" : ""}` : `${code}`;
    });
  }
}
