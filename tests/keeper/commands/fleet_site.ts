/** A vault, a folder of state, agents in this process, and the commands of a keeper on them. */
import { join } from "node:path";
import { KEEPER_PROGRAM } from "../../../keeper/program.ts";
import { identityFingerprint } from "../../../protocol/mod.ts";
import { FakeAgent, type FakeAgentOptions } from "../../support/fake_fleet.ts";
import { type JsonLine, jsonLines } from "../../support/followed_process.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { TcpAgent } from "../../support/tcp_agents.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** An agent, and where it listens. */
export interface SiteAgent {
  /** The agent. */
  readonly agent: FakeAgent;
  /** Its address. */
  readonly address: string;
  /** The fingerprint of its key. */
  readonly fingerprint: string;
}

/** A person who does something else before the answer. */
class SlowInput extends MemoryInput {
  readonly #onQuestion: () => Promise<void>;

  constructor(answers: readonly string[], onQuestion: () => Promise<void>) {
    super(answers, { isTerminal: true });
    this.#onQuestion = onQuestion;
  }

  override async readLine(prompt: string): Promise<string | null> {
    await this.#onQuestion();
    return await super.readLine(prompt);
  }
}

/** A place with a keeper and its fleet. */
export class FleetSite implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #listeners: TcpAgent[] = [];

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /** Makes one with files in the vault. */
  static async open(files: Readonly<Record<string, string>>): Promise<FleetSite> {
    const site = new FleetSite(await temporaryFolder());
    await site.store(files);
    return site;
  }

  /** Puts files into the vault. */
  async store(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = this.path(`vault/${name}`);
      await Deno.mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(path, text);
    }
  }

  /** Returns a path in the place. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Lets an agent listen. */
  async add(options: FakeAgentOptions = {}): Promise<SiteAgent> {
    const agent = await FakeAgent.make(options);
    const listener = TcpAgent.listen(agent.serve);
    this.#listeners.push(listener);
    const fingerprint = await identityFingerprint(agent.identity.publicKey);
    return { agent, address: listener.address, fingerprint };
  }

  /** Runs a command; answers are typed at a terminal. */
  async run(
    words: readonly string[],
    options: {
      readonly answers?: readonly string[];
      /** Happens before each answer is read. */
      readonly onQuestion?: () => Promise<void>;
    } = {},
  ): Promise<ProgramRun> {
    const { answers, onQuestion } = options;
    return await runInProcess(
      KEEPER_PROGRAM,
      [...words, "--state-dir", this.path("state")],
      answers === undefined ? {} : {
        isTerminal: true,
        stdin: new SlowInput(answers, onQuestion ?? (() => Promise.resolve())),
      },
    );
  }

  /** Returns what says which files go to which agents. */
  deliveryOf(agents: readonly SiteAgent[], managed: string): string[] {
    return [
      ...["--vault-dir", this.path("vault"), "--managed-files", managed],
      ...["--agent-ips", agents.map(({ address }) => address).join(",")],
    ];
  }

  /** Reads the events of the audit log. */
  async events(): Promise<JsonLine[]> {
    return jsonLines(await Deno.readTextFile(this.path("state/audit.jsonl")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners) await listener[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
