/**
 * A process of a service, as what looks after it sees it.
 *
 * @module
 */
import type { Service } from "../../protocol/mod.ts";
import type { LogRing } from "./log_ring.ts";

/** How a process of a service ended. */
export interface ServiceEnd {
  /** Its exit status, or `null` where a signal ended it. */
  readonly exitStatus: number | null;
  /** The signal that ended it, or `null`. */
  readonly signal: string | null;
}

/** A process that was started, and all that it starts in turn. */
export interface ServiceProcess {
  /** Its number. */
  readonly pid: number;
  /** How it ended; never rejects. */
  readonly ended: Promise<ServiceEnd>;
  /** Sends a signal to it alone; none once it has ended. */
  signal(name: string): void;
  /** Kills whatever is left of its group, itself as well; resolves when that is gone. */
  endGroup(): Promise<void>;
  /** Returns how much memory its group has in use, in bytes; `null` where that cannot be known. */
  residentBytes(): number | null;
}

/** Starts processes of services. */
export interface ServiceLauncher {
  /**
   * Says why a service may not be run, as a word, or `null` where it may.
   *
   * @param declaredBy The address of the key that signed for it, or `null`.
   */
  refusalOf(service: Service, declaredBy: string | null): string | null;
  /**
   * Starts a service; what it writes goes into the log.
   *
   * @throws {FluxVaultError} where it lacks a file; anything else where it cannot be started.
   */
  launch(service: Service, log: LogRing): Promise<ServiceProcess>;
  /** Looks once whether a service is well; never rejects. */
  checkHealth(service: Service, signal: AbortSignal): Promise<boolean>;
}
