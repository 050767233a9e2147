/**
 * The signals that end a program: the first one lets it finish what it must, the second does not.
 *
 * @module
 */

/** The signals that ask a program to stop, and the exit status of one that stopped half-way. */
const STOP_SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 } as const;

/** A signal that asks a program to stop. */
export type StopSignal = keyof typeof STOP_SIGNALS;

/** The reason with which work is cancelled when the operator or the system asks to stop. */
export class StopRequested extends Error {
  /** The signal that asked. */
  readonly signalName: StopSignal;
  /** The exit status of a program that could not finish for it: 128 and the signal's number. */
  readonly exitCode: number;

  /** Makes the reason for a signal. */
  constructor(signalName: StopSignal) {
    super(`stopped by ${signalName}`);
    this.name = "StopRequested";
    this.signalName = signalName;
    this.exitCode = STOP_SIGNALS[signalName];
  }
}

/** The signals of a process, so that a test can send its own. */
export interface SignalSource {
  /** Calls the function at each signal of the name. */
  add(name: Deno.Signal, listener: () => void): void;
  /** Stops calling the function. */
  remove(name: Deno.Signal, listener: () => void): void;
}

/** The signals that the operating system sends to this process. */
export const SYSTEM_SIGNALS: SignalSource = Object.freeze({
  add(name: Deno.Signal, listener: () => void): void {
    Deno.addSignalListener(name, listener);
  },
  remove(name: Deno.Signal, listener: () => void): void {
    Deno.removeSignalListener(name, listener);
  },
});

/** The options of {@linkcode listenForShutdown}. */
export interface ShutdownOptions {
  /**
   * Where the signals come from.
   *
   * @default SYSTEM_SIGNALS
   */
  readonly signals?: SignalSource;
  /**
   * Ends the process at a second signal.
   *
   * @default Deno.exit
   */
  readonly exit?: (code: number) => void;
  /**
   * The system that the process runs on, as Deno names it.
   *
   * @default Deno.build.os
   */
  readonly os?: string;
}

/** A program that listens for the signals that end it. */
export interface Shutdown extends Disposable {
  /** Is aborted at the first signal, with a {@linkcode StopRequested} as its reason. */
  readonly signal: AbortSignal;
}

/**
 * Listens for SIGINT and SIGTERM (on Windows SIGINT and SIGBREAK) until it is disposed of.
 *
 * The first signal aborts; the second exits at once with 128 and its number, whatever is under way.
 */
export function listenForShutdown(options: ShutdownOptions = {}): Shutdown {
  const { signals = SYSTEM_SIGNALS, exit = Deno.exit, os = Deno.build.os } = options;
  const controller = new AbortController();
  const listeners = new Map<StopSignal, () => void>();
  for (const name of stopSignalsOf(os)) {
    const listener = () => {
      const reason = new StopRequested(name);
      if (controller.signal.aborted) exit(reason.exitCode);
      else controller.abort(reason);
    };
    signals.add(name, listener);
    listeners.set(name, listener);
  }
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      for (const [name, listener] of listeners) signals.remove(name, listener);
      listeners.clear();
    },
  };
}

function stopSignalsOf(os: string): readonly StopSignal[] {
  return os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
}
