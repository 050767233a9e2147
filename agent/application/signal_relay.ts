/**
 * The signals of an agent that is an entrypoint: they are the application's, once it runs.
 *
 * @module
 */
import type { SignalSource } from "../../protocol/host/mod.ts";

/** What is passed on to the application. */
const PASSED: readonly Deno.Signal[] = [
  "SIGALRM",
  "SIGCONT",
  "SIGHUP",
  "SIGINT",
  "SIGPWR",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
];

/** What a terminal sends to everything that runs in it, so that the application has it already. */
const OF_TERMINAL: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/** The options of a {@linkcode SignalRelay}. */
export interface SignalRelayOptions {
  /** Where signals come from. */
  readonly signals: SignalSource;
  /** Whether the application shares a terminal with this process. */
  readonly sharesTerminal: boolean;
  /** The application. */
  readonly application: {
    readonly isStarted: boolean;
    signal(name: Deno.Signal): void;
  };
  /** Is called where the agent is asked to end before it has started the application. */
  readonly onStop: (name: "SIGINT" | "SIGTERM") => void;
}

/** Passes signals on until it is disposed of. */
export class SignalRelay implements Disposable {
  readonly #signals: SignalSource;
  readonly #listeners = new Map<Deno.Signal, () => void>();

  /** Begins to listen. */
  constructor({ signals, sharesTerminal, application, onStop }: SignalRelayOptions) {
    this.#signals = signals;
    for (const name of PASSED) {
      const listener = () => {
        if (application.isStarted) {
          if (!(sharesTerminal && OF_TERMINAL.has(name))) application.signal(name);
        } else if (name === "SIGINT" || name === "SIGTERM") onStop(name);
      };
      signals.add(name, listener);
      this.#listeners.set(name, listener);
    }
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) this.#signals.remove(name, listener);
    this.#listeners.clear();
  }
}
