/** A folder with a loadout, the vaults of its apps, and agents that it serves. */
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { run } from "../../keeper/commands/run_command.ts";
import type { CommandContext } from "../../protocol/host/mod.ts";
import type { RUN_OPTIONS } from "../../keeper/options.ts";
import { assert } from "./assert.ts";
import { FakeAgent, type FakeAgentOptions } from "./fake_fleet.ts";
import { runContext, type RunSurroundings, type TestRunContext } from "./run_context.ts";
import { TcpAgent } from "./tcp_agents.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

/** An agent that listens, and tells of each contact that ends. */
export class ListeningAgent implements AsyncDisposable {
  /** The agent. */
  readonly agent: FakeAgent;
  readonly #listener: TcpAgent;
  #wake: () => void = () => {};

  private constructor(agent: FakeAgent) {
    this.agent = agent;
    this.#listener = TcpAgent.listen((duplex) => agent.serve(duplex).finally(() => this.#wake()));
  }

  /** Makes one. */
  static async open(options: FakeAgentOptions): Promise<ListeningAgent> {
    return new ListeningAgent(await FakeAgent.make(options));
  }

  /** Where it is, as `host:port`. */
  get address(): string {
    return this.#listener.address;
  }

  /** Returns what it holds at a path, as text. */
  read(path: string): string | null {
    const bytes = this.agent.store.read(path);
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  }

  /** Waits until something is so after a contact, or is so already. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]();
  }
}

/** A run of the command in this process. */
export interface LoadoutRunning {
  /** What it was given. */
  readonly context: TestRunContext;
  /** Waits until its log has a message that matches. */
  logged(pattern: RegExp): Promise<void>;
  /** Ends it once it has told of each contact with these agents. */
  stop(...agents: readonly ListeningAgent[]): Promise<void>;
}

/** The folder; `await using` removes it. */
export class LoadoutPlace implements AsyncDisposable {
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /** Makes the folder and files in it, by their paths. */
  static async make(files: Readonly<Record<string, string>> = {}): Promise<LoadoutPlace> {
    const place = new LoadoutPlace(await temporaryFolder());
    await place.write(files);
    return place;
  }

  /** Returns a path in the folder. */
  path(name: string): string {
    return `${this.#folder.path}/${name}`;
  }

  /** Writes files. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(this.path(name)), { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(this.path(name), text, { mode: 0o600 });
    }
  }

  /** Reads arguments with a state folder of the place. */
  async context(
    args: readonly string[],
    surroundings: RunSurroundings = {},
  ): Promise<TestRunContext> {
    return await runContext(["--state-dir", this.path("state"), ...args], surroundings);
  }

  /** Runs the command to its end, in JSON. */
  async once(
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly lines: readonly Record<string, unknown>[] }> {
    const context = await this.context([...args, "--run-once", "--json"]);
    const code = await run(context as unknown as CommandContext<typeof RUN_OPTIONS>);
    const lines = context.stdout.text.split("\n").filter((line) => line !== "");
    return { code, lines: lines.map((line) => JSON.parse(line)) };
  }

  /** Starts the command. */
  async start(args: readonly string[]): Promise<LoadoutRunning> {
    const controller = new AbortController();
    const context = await this.context(args, { signal: controller.signal });
    let wake = () => {};
    for (const level of ["info", "warn", "error"] as const) {
      const log = context.logger[level].bind(context.logger);
      context.logger[level] = (message, properties) => {
        log(message, properties);
        wake();
      };
    }
    const running = run(context as unknown as CommandContext<typeof RUN_OPTIONS>);
    const reason = new DOMException("stop", "AbortError");
    return {
      context,
      async logged(pattern): Promise<void> {
        const isLogged = () => {
          return context.logger.events.some(({ message, properties }) => {
            return pattern.test(`${message} ${JSON.stringify(properties)}`);
          });
        };
        while (!isLogged()) {
          const told = new Promise<void>((resolve) => wake = resolve);
          await Promise.race([told, running]);
        }
      },
      async stop(...agents): Promise<void> {
        const contacts = () => agents.reduce((sum, { agent }) => sum + agent.contacts, 0);
        const reports = () => context.stdout.text.split("pass ").length - 1;
        while (reports() < contacts()) await nextTurn();
        controller.abort(reason);
        const end = await running.catch((error) => error);
        assert(end === reason, String(end));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
