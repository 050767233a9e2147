/** The commands about known agents in this process, on a state folder of their own. */
import { KEEPER_PROGRAM } from "../../../../keeper/program.ts";
import { KnownAgentsFile } from "../../../../keeper/trust/known_agents_file.ts";
import type { KnownAgentsState } from "../../../../keeper/trust/mod.ts";
import { type ProgramRun, runInProcess } from "../../../support/program.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { NODE, pendingOf, pinOf, stateOf } from "../../trust/known_agents_fixtures.ts";

/** Begins the fingerprint of the agent that is trusted in {@linkcode STATE}. */
export const KNOWN = "a".repeat(16);
/** Begins the fingerprint of the agent that waits in {@linkcode STATE}. */
export const WAITING = "b".repeat(16);

/** One agent that is trusted, and one that waits. */
export const STATE = stateOf({
  agents: [pinOf(KNOWN, { node: NODE })],
  pending: [pendingOf(WAITING, { address: "203.0.113.2:8888", component: "web" })],
});

/** A state folder and the commands on it; `await using` removes it. */
export class AgentsDesk implements AsyncDisposable {
  /** The folder. */
  readonly folder: string;
  /** The file in it. */
  readonly file: KnownAgentsFile;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = new KnownAgentsFile(folder);
  }

  /** Makes a folder with a state. */
  static async open(state: KnownAgentsState = STATE): Promise<AgentsDesk> {
    const desk = new AgentsDesk(await Deno.makeTempDir({ prefix: "fluxvault-agents-" }));
    await desk.file.update(() => state);
    return desk;
  }

  /** Runs `agents` with these arguments. */
  run(...args: readonly string[]): Promise<ProgramRun> {
    return runInProcess(KEEPER_PROGRAM, ["agents", ...args, "--state-dir", this.folder]);
  }

  /** Runs `agents` with these arguments and this on standard input. */
  runWith(input: string, ...args: readonly string[]): Promise<ProgramRun> {
    const stdin = new MemoryInput(input.replace(/\n$/, "").split("\n"));
    const all = ["agents", ...args, "--state-dir", this.folder];
    return runInProcess(KEEPER_PROGRAM, all, { stdin });
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
