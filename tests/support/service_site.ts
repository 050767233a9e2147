/** A site whose agents run the services of a keeper that signs. */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import type { JsonLine } from "./followed_process.ts";
import { jsonLines } from "./followed_process.ts";
import { deliverDemo, DEMO_AGENT, startDemoKeeper, writeLoadout } from "./loadout_site.ts";
import type { RunningProgram } from "./running_program.ts";
import { startSignedAgent } from "./signed_agent.ts";
import { answer, startAtTerminal } from "./terminal.ts";
import { type KeeperRun, type RunningAgent, Site } from "./site.ts";

/** What the agents of a site run. */
export interface DeclaredServices {
  /** The services, as YAML writes each in one line. */
  readonly services: Readonly<Record<string, string>>;
  /** The files of the vault, by their names. @default {{ "app.conf": "one" }} */
  readonly files?: Readonly<Record<string, string>>;
}

/** How an agent of such a site is started. */
export interface ServiceAgentStart {
  /** The programs that it may run. @default {["sh"]} */
  readonly allowed?: readonly string[];
  /** Whether it may run programs at all. @default {true} */
  readonly mayRun?: boolean;
  /** The port; so that an agent can be started again. @default {0} */
  readonly port?: number;
  /** Variables of its process. @default {{}} */
  readonly variables?: Readonly<Record<string, string>>;
}

/** One agent and its keeper. */
export class ServiceSite implements AsyncDisposable {
  /** The folder and the programs. */
  readonly site: Site;
  readonly #key = generatePrivateKey();

  private constructor(site: Site) {
    this.site = site;
  }

  /** Makes the folder. */
  static async open(): Promise<ServiceSite> {
    return new ServiceSite(await Site.open());
  }

  /** Starts the agent, or starts it again. */
  startAgent(start: ServiceAgentStart = {}): Promise<RunningAgent> {
    const { allowed = ["sh"], mayRun = true, port = 0, variables = {} } = start;
    const allow = allowed.length === 0 ? [] : ["--allow-run", allowed.join(",")];
    return startSignedAgent(this.site, {
      zelids: [zelIdOfKey(this.#key)],
      args: [...DEMO_AGENT, ...allow],
      process: { mayRun },
      port,
      variables,
    });
  }

  /** Declares what the agent holds and runs. */
  async declare(agent: RunningAgent, { services, files }: DeclaredServices): Promise<void> {
    const contents = files ?? { "app.conf": "one" };
    await this.site.store(contents);
    await writeLoadout(this.site, {
      agents: [agent.address],
      directives: Object.keys(contents).map((name) => `{ source: ${name} }`),
      services,
      key: this.#key,
    });
  }

  /** Declares, and delivers that. */
  async deliver(agent: RunningAgent, declared: DeclaredServices): Promise<KeeperRun> {
    await this.declare(agent, declared);
    return await deliverDemo(this.site, { key: this.#key });
  }

  /** Starts a command of the keeper. */
  start(...words: readonly string[]): RunningProgram {
    return startDemoKeeper(this.site, { words, key: this.#key });
  }

  /** Runs a command of the keeper, and returns its lines, and the status that it exits with. */
  async command(
    ...words: readonly string[]
  ): Promise<
    { readonly code: number; readonly lines: readonly JsonLine[]; readonly text: string }
  > {
    const { code, stdout, stderr } = await this.start(...words).end;
    const lines = stdout.startsWith("{") ? jsonLines(stdout) : [];
    return { code, lines, text: stdout + stderr };
  }

  /** Runs a command of the keeper as a person does who reads what it prints. */
  async print(...words: readonly string[]): Promise<string> {
    const { stdout } = await this.site.run("keeper", [
      ...words,
      ...["--loadout", this.site.path("loadout.yaml")],
      ...["--state-dir", this.site.path("keeper-state")],
    ], { input: `${encodeWif(this.#key)}\n` });
    return stdout;
  }

  /** Runs a command of the keeper at a terminal, and returns what that shows. */
  async showAtTerminal(...words: readonly string[]): Promise<string> {
    const program = startAtTerminal(this.site, [
      ...words,
      ...["--loadout", this.site.path("loadout.yaml")],
      ...["--state-dir", this.site.path("keeper-state")],
    ]);
    await answer(program, `${zelIdOfKey(this.#key)}`, `${encodeWif(this.#key)}\r`);
    await answer(program, "not asked for again? [Yes] ", "no\r");
    return (await program.end).stdout;
  }

  /** Returns how a service stands by the word of the agent. */
  async stateOf(name: string): Promise<JsonLine | undefined> {
    const { lines } = await this.command("service", "list");
    const [line] = lines;
    return line?.services?.find((service: JsonLine) => service.name === name);
  }

  /** Reads a file that a service wrote beside the agent's folders; empty where there is none. */
  async read(name: string): Promise<string> {
    try {
      return await Deno.readTextFile(this.site.path(`agent/${name}`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

/** Returns how the services of a delivery stand, in words. */
export function servicesOf(run: KeeperRun): string[] {
  const [report] = run.agents.values();
  const services: { service: string; outcome: string; code?: string }[] = report?.services ?? [];
  return services.map(({ service, outcome, code = "" }) => `${service} ${outcome} ${code}`.trim());
}

/** Writes a service that runs a script of the shell. */
export function shellService(script: string, more = ""): string {
  const run = `run: [sh, -c, ${JSON.stringify(script)}]`;
  return `{ ${run}${more === "" ? "" : `, ${more}`} }`;
}

/** Waits until what a test looks at is there. */
export async function waitUntil<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("what was waited for did not come about");
}

/** Tells whether a process is there that has not ended. */
export function isAlive(pid: string | number): boolean {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^ [ZX]/.test(text.slice(text.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}
