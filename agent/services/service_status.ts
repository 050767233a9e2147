/**
 * How a service stands, and what happens to it.
 *
 * @module
 */
import type { ServiceEnd } from "./service_process.ts";
import type { HealthState } from "./service_watch.ts";

/** What a service is doing. */
export type ServiceState =
  /** It runs. */
  | "running"
  /** It is being started. */
  | "starting"
  /** It was asked to end, and has not yet. */
  | "stopping"
  /** It has ended, or could not be started, and waits to be started again. */
  | "pausing"
  /** It waits for files. */
  | "waiting"
  /** It does not run, and is not started by itself. */
  | "stopped"
  /** The agent may not run it. */
  | "refused";

/** How a process of a service came to its end. */
export interface LastEnd extends ServiceEnd {
  /** Why it ended, as a word. */
  readonly code: string;
  /** When, in Unix milliseconds. */
  readonly atMs: number;
}

/** How a service stands. */
export interface ServiceStatus {
  /** What it is doing. */
  readonly state: ServiceState;
  /** Why, as a word, where it does not run. */
  readonly code: string | null;
  /** Since when, in Unix milliseconds. */
  readonly sinceMs: number;
  /** The number of its process, or `null` where it has none. */
  readonly pid: number | null;
  /** How often it was started. */
  readonly starts: number;
  /** How it was found the last time; `null` where nobody looks. */
  readonly health: HealthState | null;
  /** How much memory it has in use, in bytes, or `null` where that is not known. */
  readonly memoryBytes: number | null;
  /** How its last process ended, or `null` where none has. */
  readonly lastEnd: LastEnd | null;
}

/** Something that happened to a service. */
export interface ServiceEvent {
  /** Its name. */
  readonly service: string;
  /** What happened: its state is another now, or it was found to be well or unwell. */
  readonly state: ServiceState;
  /** Why, as a word, or `null`. */
  readonly code: string | null;
  /** The number of its process, or `null`. */
  readonly pid: number | null;
  /** The exit status of the process that ended, or `null`. */
  readonly exitStatus: number | null;
  /** The signal that ended it, or `null`. */
  readonly signal: string | null;
}
