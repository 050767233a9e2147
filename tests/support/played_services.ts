/** Services without processes: a launcher whose processes end as a test wants. */
import type { Service } from "../../protocol/mod.ts";
import type { LogRing } from "../../agent/services/log_ring.ts";
import type {
  ServiceEnd,
  ServiceLauncher,
  ServiceProcess,
} from "../../agent/services/service_process.ts";

/** A process that a test plays. */
export class PlayedProcess implements ServiceProcess {
  readonly pid: number;
  /** What it was sent, and that its group was ended, in order. */
  readonly sent: string[] = [];
  /** How much memory it has. */
  bytes: number | null = 0;
  /** Whether it ends when it is asked to. */
  isDeaf = false;
  readonly #ended = Promise.withResolvers<ServiceEnd>();
  #hasEnded = false;

  constructor(pid: number) {
    this.pid = pid;
  }

  get ended(): Promise<ServiceEnd> {
    return this.#ended.promise;
  }

  /** Whether it runs. */
  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  /** Ends it. */
  end(exitStatus: number | null, signal: string | null = null): void {
    this.#hasEnded = true;
    this.#ended.resolve({ exitStatus, signal });
  }

  signal(name: string): void {
    this.sent.push(name);
    if (!this.isDeaf) this.end(null, name);
  }

  endGroup(): Promise<void> {
    this.sent.push("end group");
    if (!this.#hasEnded) this.end(null, "SIGKILL");
    return Promise.resolve();
  }

  residentBytes(): number | null {
    return this.bytes;
  }
}

/** Starts such processes. */
export class PlayedLauncher implements ServiceLauncher {
  /** All that were started, in order. */
  readonly processes: PlayedProcess[] = [];
  /** What each start is refused with; none where it is empty. */
  refusal: string | null = null;
  /** What each start fails with, or `null`. */
  failure: Error | null = null;
  /** How a look at the health ends. */
  isWell = true;
  /** What the next processes do when they are asked to end. */
  areDeaf = false;
  /** The definitions that were started, in order. */
  readonly started: Service[] = [];
  #wake: (() => void)[] = [];

  refusalOf(_service: Service, declaredBy: string | null): string | null {
    return declaredBy === null ? "service-refused" : this.refusal;
  }

  launch(service: Service, log: LogRing): Promise<ServiceProcess> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const process = new PlayedProcess(100 + this.processes.length);
    process.isDeaf = this.areDeaf;
    this.processes.push(process);
    this.started.push(service);
    log.add(new TextEncoder().encode(`start ${this.processes.length}\n`));
    for (const wake of this.#wake.splice(0)) wake();
    return Promise.resolve(process);
  }

  checkHealth(): Promise<boolean> {
    return Promise.resolve(this.isWell);
  }

  /** Waits until so many were started, and returns the last. */
  async untilStarted(count: number): Promise<PlayedProcess> {
    while (this.processes.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    const process = this.processes[count - 1];
    if (process === undefined) throw new Error("there is no such process");
    return process;
  }
}
