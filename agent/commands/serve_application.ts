/**
 * The application of an agent that is its entrypoint: waited for, started, told of changes, and the
 * program's end.
 *
 * @module
 */
import {
  ConfigError,
  ConnectionError,
  delay as waitFor,
  StorageError,
} from "../../protocol/mod.ts";
import { errnoOf, EXIT_DONE, StopRequested } from "../../protocol/host/mod.ts";
import {
  applicationEnvironment,
  type ChildEnd,
  DeliveredFiles,
  FileWait,
  openInputs,
  type OwnChildren,
  SignalRelay,
  startChild,
  Supervisor,
} from "../application/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import type { DiskRoots } from "../disk/mod.ts";
import { WAIT_NOTICE_INTERVAL_MS } from "../limits.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { ApplicationSettings } from "./application_command.ts";
import type { ServeContext } from "./serve_context.ts";
import { type ApplicationEvent, formatApplication } from "./serve_output.ts";

/** What an application is served with. */
export interface ServedApplicationParts {
  /** What the operator says of it. */
  readonly settings: ApplicationSettings;
  /** Where the files are. */
  readonly disk: DiskRoots;
  /** The children of this process. */
  readonly children: OwnChildren;
}

/** How the life of the agent ends with that of its application, and the other way round. */
export interface ServedLife {
  /** Is aborted where the agent ends. */
  readonly signal: AbortSignal;
  /** Ends the agent. */
  end(): void;
}

/** How many missing files are named. */
const MAX_NAMED_FILES = 20;

const CHANGES = new Set<string>(["created", "updated", "reowned", "removed"]);

/** The application of an agent. */
export class ServedApplication {
  readonly #context: ServeContext;
  readonly #parts: ServedApplicationParts;
  readonly #wait: FileWait;
  readonly #supervisor: Supervisor;
  /** Whether something changed that the application was not told of. */
  #isDirty = false;

  /** Starts nothing yet. */
  constructor(context: ServeContext, parts: ServedApplicationParts) {
    this.#context = context;
    this.#parts = parts;
    const { settings, disk, children } = parts;
    this.#wait = new FileWait(settings.waitFor);
    const files = new DeliveredFiles(disk);
    const { logger, delay } = context;
    this.#supervisor = new Supervisor({
      prepare: async () => {
        const { variables, descriptors, close } = await openInputs(settings.inputs, files);
        return {
          discard: close,
          start: async () => {
            const env = { ...applicationEnvironment(environmentOf(context)), ...variables };
            const { command } = settings;
            const isLeader = !sharesTerminal();
            try {
              return await startChild({ command, env, descriptors, isLeader }, children);
            } catch (error) {
              throw startError(command[0] ?? "", error);
            } finally {
              close();
            }
          },
        };
      },
      onChange: settings.onChange,
      stopTimeoutMs: settings.stopTimeoutMs,
      logger,
      ...(delay === undefined ? {} : { delay }),
    });
  }

  /** Sends the application a signal, where it runs. */
  signal(name: Deno.Signal): void {
    this.#supervisor.signal(name);
  }

  /** Takes what the agent vouches for after a restart. */
  noteRestored(state: RestoredState): void {
    this.#wait.noteRestored(state);
  }

  /** Takes how a session ended; what it changed, the application is told of once it is whole. */
  noteReport(report: AgentSessionReport): void {
    const { files, isComplete, isPlan, isCallsOnly } = report;
    if (isPlan || isCallsOnly === true) return;
    if (files.some(({ outcome }) => CHANGES.has(outcome))) this.#isDirty = true;
    this.#wait.noteReport(report);
    if (isComplete) this.#tell();
  }

  /** Takes what was removed since no keeper has renewed it: a change as any other. */
  noteExpired(paths: readonly string[]): void {
    this.#isDirty = true;
    this.#wait.noteGone(paths);
    this.#tell();
  }

  /**
   * Waits for the files, runs the application to its end, and ends the agent with it.
   *
   * @returns Its exit status, or that of an agent which was stopped before it started anything.
   * @throws {ConnectionError} `timed-out` where the files did not come in time.
   * @throws {ConfigError} where there is no such program.
   */
  async run(life: ServedLife): Promise<number> {
    const { signals, leaveSignals } = this.#context;
    let stops = 0;
    using _relay = new SignalRelay({
      signals,
      sharesTerminal: sharesTerminal(),
      application: this.#supervisor,
      onStop: (name) => {
        if (stops++ > 0) Deno.exit(new StopRequested(name).exitCode);
        life.end();
      },
    });
    leaveSignals.call(this.#context);
    const stop = () => void this.#supervisor.stop();
    try {
      if (!await this.#start(life.signal)) return EXIT_DONE;
      if (life.signal.aborted) stop();
      else life.signal.addEventListener("abort", stop, { once: true });
      await this.#report({ state: "started" });
      const end = await this.#supervisor.ended;
      const code = await exitStatusOf(end);
      await this.#report({ state: "ended", ...end });
      return code;
    } finally {
      life.signal.removeEventListener("abort", stop);
      life.end();
    }
  }

  /** Starts the application as soon as all is there; tells whether it was started. */
  async #start(signal: AbortSignal): Promise<boolean> {
    const { settings: { waitTimeoutMs } } = this.#parts;
    const { delay = waitFor } = this.#context;
    const over = new AbortController();
    const ends = AbortSignal.any([signal, over.signal]);
    const telling = this.#tellOfWait(ends);
    if (waitTimeoutMs !== null) {
      void delay(waitTimeoutMs, ends).then(
        () => over.abort(this.#lateError(waitTimeoutMs)),
        () => {},
      );
    }
    try {
      await this.#startWhenReady(ends);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    } finally {
      over.abort();
      await telling;
    }
  }

  async #startWhenReady(signal: AbortSignal): Promise<void> {
    const { logger } = this.#context;
    for (;;) {
      const next = this.#wait.next(signal);
      next.catch(() => {});
      if (this.#wait.missing?.length === 0) {
        this.#isDirty = false;
        try {
          await this.#supervisor.start();
          // A delivery may have come while the files were read.
          return this.#tell();
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          const { message: reason, code } = error;
          logger.error("the application cannot be started before the next delivery", {
            reason,
            code,
          });
        }
      }
      await next;
    }
  }

  /** Says once a minute what is waited for. */
  async #tellOfWait(signal: AbortSignal): Promise<void> {
    const { logger, delay = waitFor } = this.#context;
    try {
      for (let waitedS = 0;; waitedS += WAIT_NOTICE_INTERVAL_MS / 1_000) {
        await delay(waitedS === 0 ? 1_000 : WAIT_NOTICE_INTERVAL_MS, signal);
        logger.info("the application waits for its files", { waitedS, missing: this.#missing });
      }
    } catch {
      // It has been started, or will not be.
    }
  }

  get #missing(): string {
    const { missing } = this.#wait;
    if (missing === null) return "all: no keeper has delivered";
    const more = missing.length - MAX_NAMED_FILES;
    const named = missing.slice(0, MAX_NAMED_FILES).join(", ");
    return more > 0 ? `${named} and ${more} more` : named;
  }

  #lateError(waitTimeoutMs: number): ConnectionError {
    return new ConnectionError(
      "timed-out",
      `the application was not started: files did not come within ${waitTimeoutMs / 1_000} s: ` +
        this.#missing,
      { hint: "Look whether the keeper reaches this agent, and what it says." },
    );
  }

  #tell(): void {
    if (!this.#isDirty || !this.#supervisor.isStarted) return;
    this.#isDirty = false;
    void this.#supervisor.change();
  }

  async #report(event: ApplicationEvent): Promise<void> {
    const { settings: { json }, logger, stdout } = this.#context;
    logger.info(`the application has ${event.state}`, { program: this.#parts.settings.command[0] });
    if (json) await stdout.write(formatApplication(event));
  }
}

/** Whether this process has a terminal, which an application in a group of its own could not read. */
function sharesTerminal(): boolean {
  return Deno.stdin.isTerminal();
}

function environmentOf({ env }: ServeContext): Record<string, string> {
  return Object.fromEntries(env.names().map((name) => [name, env.get(name) ?? ""]));
}

function startError(program: string, cause: unknown): ConfigError {
  const quoted = JSON.stringify(program);
  switch (errnoOf(cause)) {
    case "ENOENT":
      return new ConfigError(`there is no program ${quoted} to start`, {
        cause,
        hint: "Write its path, or the name of a program in PATH, behind --.",
      });
    case "EACCES":
      return new ConfigError(`${quoted} may not be started`, {
        cause,
        hint: "Make it executable for the user of the agent.",
      });
    case "E2BIG":
      return new ConfigError(`${quoted} cannot be started: arguments and variables are too long`, {
        cause,
        hint: "Give large files on a descriptor, --fd, in place of --env.",
      });
    default:
      return new ConfigError(`${quoted} cannot be started`, { cause });
  }
}

/** Returns the exit status of an agent whose application ended so. */
export async function exitStatusOf({ status, signal }: ChildEnd): Promise<number> {
  if (status !== null) return status;
  const { constants } = await import("node:os");
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal ?? ""] ?? 0);
}
