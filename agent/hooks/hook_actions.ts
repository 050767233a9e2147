/**
 * What hooks do: touch a file, run a program, signal a process; and what of it they may not.
 *
 * @module
 */
import { FluxVaultError, type Hook, type HookAction } from "../../protocol/mod.ts";
import type { AllowedPrograms } from "./allowed_programs.ts";
import type { HookCall, HookEnd, HookPerformer } from "./due_hook.ts";
import type { HookFiles, NamedProcess } from "./hook_files.ts";
import type { HookProgram } from "./hook_program.ts";

/** What hooks may do to processes. */
export interface HookPowers {
  /** The programs that may be run. */
  readonly programs: Pick<AllowedPrograms, "resolve">;
  /** Runs one; must not reject. */
  readonly runProgram: (program: HookProgram, signal: AbortSignal) => Promise<HookEnd>;
  /** Sends a signal to a process; throws as `Deno.kill` does. */
  readonly kill: (pid: number, signal: Deno.Signal) => void;
  /** Returns whom a process belongs to, or `null` where that is not known. */
  readonly ownerOf: (pid: number) => number | null;
  /** The application that the agent runs, or `null` where it runs none. */
  readonly application: SignalledApplication | null;
  /** The environment of programs. */
  readonly env: Readonly<Record<string, string>>;
}

/** An application that can be sent a signal. */
export interface SignalledApplication {
  /** Sends a signal, where the application has been started; else it needs none. */
  signal(name: Deno.Signal): void;
}

/** The options of {@linkcode HookActions}. */
export interface HookActionsOptions {
  /** The files that hooks use. */
  readonly files: Pick<HookFiles, "touch" | "readPid">;
  /** What hooks may do to processes; `null` in an agent that cannot. */
  readonly powers: HookPowers | null;
  /** The folder that programs run in. */
  readonly workingFolder: string;
  /** The number of this process, which no hook signals. */
  readonly ownPid: number;
  /** The user whom this process belongs to, or `null` on systems that have none. */
  readonly ownUid: number | null;
}

/** The user who may do everything. */
const ROOT = 0;

/** The code of a hook that the agent may not run. */
export const HOOK_REFUSED = "hook-refused";

/** The signals that tell a process something; those that no process can take are none of them. */
export const SIGNALS: ReadonlySet<string> = new Set<Deno.Signal>([
  "SIGALRM",
  "SIGCONT",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
]);

type ActionOf<Kind extends HookAction["kind"]> = Extract<HookAction, { readonly kind: Kind }>;

/** Does what hooks say; see {@linkcode HookPerformer}. */
export class HookActions implements HookPerformer {
  readonly #options: HookActionsOptions;

  /** Does nothing yet. */
  constructor(options: HookActionsOptions) {
    this.#options = options;
  }

  /** See {@linkcode HookPerformer.refusalOf}. */
  refusalOf({ hook: { action }, due }: HookCall): string | null {
    if (action.kind === "touch") return null;
    const { powers } = this.#options;
    // An address proves too little for that: somebody has to have signed it.
    if (powers === null || due.declaredBy === null) return HOOK_REFUSED;
    const isAllowed = action.kind === "run"
      ? powers.programs.resolve(action.command[0] ?? "") !== null
      : SIGNALS.has(action.signal) && (action.pidFile !== null || powers.application !== null);
    return isAllowed ? null : HOOK_REFUSED;
  }

  /** See {@linkcode HookPerformer.perform}. */
  async perform(call: HookCall, signal: AbortSignal): Promise<HookEnd> {
    const { action } = call.hook;
    const { powers } = this.#options;
    if (this.refusalOf(call) !== null) return endOf("refused", HOOK_REFUSED);
    try {
      if (action.kind === "touch") return await this.#touch(action, call);
      if (powers === null) return endOf("refused", HOOK_REFUSED);
      return action.kind === "run"
        ? await powers.runProgram(this.#programOf(action, { ...call, powers }), signal)
        : await this.#signal(action, { ...call, powers });
    } catch (error) {
      return endOf("failed", error instanceof FluxVaultError ? error.code : "hook-failed");
    }
  }

  async #touch({ path }: ActionOf<"touch">, { manifest }: HookCall): Promise<HookEnd> {
    await this.#options.files.touch(path, manifest);
    return endOf("ran");
  }

  #programOf(
    { command: [name = "", ...args] }: ActionOf<"run">,
    { hook, due, powers }: HookCall & { readonly powers: HookPowers },
  ): HookProgram {
    return {
      path: powers.programs.resolve(name) ?? name,
      args,
      cwd: this.#options.workingFolder,
      env: { ...powers.env, ...hookVariables(hook, due) },
      timeoutMs: hook.timeoutS * 1_000,
    };
  }

  /** Whoever can write the file could not signal the processes of others himself, and shall not by us. */
  #maySignal({ pid, uid }: NamedProcess, { ownerOf }: HookPowers): boolean {
    const { ownPid, ownUid } = this.#options;
    if (pid <= 1 || pid === ownPid) return false;
    if (uid === null || uid === ROOT || uid === ownUid) return true;
    const owner = ownerOf(pid);
    return owner === null || owner === uid;
  }

  async #signal(
    { signal, pidFile }: ActionOf<"signal">,
    { manifest, powers }: HookCall & { readonly powers: HookPowers },
  ): Promise<HookEnd> {
    const name = signal as Deno.Signal;
    if (pidFile === null) {
      powers.application?.signal(name);
      return endOf("ran");
    }
    const named = await this.#options.files.readPid(pidFile, manifest);
    if (named === null) return endOf("failed", "hook-no-process");
    const { pid } = named;
    if (!this.#maySignal(named, powers)) return endOf("refused", HOOK_REFUSED);
    try {
      powers.kill(pid, name);
      return endOf("ran");
    } catch (error) {
      const isAbsent = error instanceof Deno.errors.NotFound;
      return endOf("failed", isAbsent ? "hook-no-process" : "permission-denied");
    }
  }
}

/** Returns the variables that tell a program of a hook why it runs. */
function hookVariables(hook: Hook, due: HookCall["due"]): Record<string, string> {
  return {
    FLUXVAULT_CHANGE_ID: due.changeId,
    FLUXVAULT_HOOK: hook.name,
    FLUXVAULT_CHANGED_FILES: due.changedFiles.join("\n"),
    ...(due.isCut ? { FLUXVAULT_CHANGED_FILES_CUT: "1" } : {}),
  };
}

function endOf(outcome: HookEnd["outcome"], code?: string): HookEnd {
  const end = { outcome, exitStatus: null, signal: null, output: "" };
  return code === undefined ? end : { ...end, code };
}
