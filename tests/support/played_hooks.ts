/** Hooks that a test plays: it sees each run, and says how it ends. */
import type { HookCall, HookEnd, HookPerformer } from "../../agent/hooks/due_hook.ts";

/** A run that has begun. */
export interface PlayedRun {
  /** What is run. */
  readonly call: HookCall;
  /** Is aborted where the agent stops. */
  readonly signal: AbortSignal;
  /** Ends it. */
  readonly end: (end: HookEnd) => void;
}

/** Ends of runs. */
export const ENDS = {
  ran: { outcome: "ran", exitStatus: 0, signal: null, output: "" },
  failed: { outcome: "failed", exitStatus: 3, signal: null, output: "no", code: "hook-failed" },
  refused: {
    outcome: "refused",
    exitStatus: null,
    signal: null,
    output: "",
    code: "hook-refused",
  },
} as const satisfies Record<string, HookEnd>;

/** Performs hooks as a test says. */
export class PlayedHooks implements HookPerformer {
  /** The names of hooks that are refused. */
  readonly refused = new Set<string>();
  /** The runs so far. */
  readonly runs: PlayedRun[] = [];
  #watchers: (() => void)[] = [];
  /** How runs end at once; without it they wait for the test. */
  readonly #always: HookEnd | null;

  /** Ends each run at once where it is said how. */
  constructor(always: HookEnd | null = null) {
    this.#always = always;
  }

  refusalOf({ hook }: HookCall): string | null {
    return this.refused.has(hook.name) ? "hook-refused" : null;
  }

  perform(call: HookCall, signal: AbortSignal): Promise<HookEnd> {
    const { promise, resolve } = Promise.withResolvers<HookEnd>();
    this.runs.push({ call, signal, end: resolve });
    if (this.refused.has(call.hook.name)) resolve(ENDS.refused);
    else if (this.#always !== null) resolve(this.#always);
    signal.addEventListener("abort", () => resolve({ ...ENDS.failed, signal: "SIGTERM" }));
    for (const watch of this.#watchers.splice(0)) watch();
    return promise;
  }

  /** Waits for a run by its number, from 0. */
  async run(index: number): Promise<PlayedRun> {
    for (;;) {
      const run = this.runs[index];
      if (run !== undefined) return run;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
}
