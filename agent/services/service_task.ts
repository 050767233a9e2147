/**
 * One service: started, looked after, started again, stopped.
 *
 * @module
 */
import { createDeferred, type Deferred, FluxVaultError, type Service } from "../../protocol/mod.ts";
import { SERVICE_FORGIVEN_MS, SERVICE_PROBE_MS } from "../limits.ts";
import { LogRing } from "./log_ring.ts";
import { servicePauseMs } from "./service_pause.ts";
import type { ServiceEnd, ServiceLauncher, ServiceProcess } from "./service_process.ts";
import type { LastEnd, ServiceEvent, ServiceState, ServiceStatus } from "./service_status.ts";
import { type HealthState, watchHealth, watchMemory } from "./service_watch.ts";

/** What the services of an agent share. */
export interface ServiceTaskParts {
  /** Starts processes. */
  readonly launcher: ServiceLauncher;
  /** Is told what happens; never what a service wrote. */
  readonly onEvent: (event: ServiceEvent) => void;
  /** Waits; rejects with the reason of the signal. */
  readonly delay: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. */
  readonly random: () => number;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
  /** What has to end before it starts: an earlier one of its name. @default {nothing} */
  readonly after?: Promise<unknown>;
}

/** What is wanted of a service. */
export interface ServiceWish {
  /** Its definition. */
  readonly service: Service;
  /** Stands for the definition and all that it depends on. */
  readonly state: string;
  /** Why it may not run, as a word, or `null`. */
  readonly refusal: string | null;
  /** Whether it lacks a file that it depends on. */
  readonly isLacking: boolean;
}

const MEBIBYTE = 1_048_576;

/** Why a service does not run that is not asked to. */
type Cause = "asked" | "ended" | "service-unhealthy" | "service-memory";

/** Runs one service until it is dropped. */
export class ServiceTask {
  /** What it wrote last. */
  readonly log = new LogRing();
  readonly #parts: ServiceTaskParts;
  #wish: ServiceWish;
  #isHeld = false;
  #isOver = false;
  /** Whether it has ended for good by its own policy. */
  #isEnded = false;
  /** Is aborted where something else is wanted than before. */
  #turn = new AbortController();
  #settled: Deferred<void> = createDeferred<void>();
  #process: ServiceProcess | null = null;
  #state: ServiceState = "stopped";
  #code: string | null = null;
  #sinceMs: number;
  #starts = 0;
  #ends = 0;
  #health: HealthState = "unknown";
  #lastEnd: LastEnd | null = null;
  readonly #loop: Promise<void>;

  /** Begins to run it, where it may. */
  constructor(wish: ServiceWish, parts: ServiceTaskParts) {
    this.#wish = wish;
    this.#parts = parts;
    this.#sinceMs = parts.now();
    this.#loop = this.#run();
  }

  /** What is wanted. */
  get wish(): ServiceWish {
    return this.#wish;
  }

  /** Says how it stands. */
  get status(): ServiceStatus {
    return {
      state: this.#state,
      code: this.#code,
      sinceMs: this.#sinceMs,
      pid: this.#process?.pid ?? null,
      starts: this.#starts,
      health: this.#wish.service.health === null ? null : this.#health,
      memoryBytes: this.#process?.residentBytes() ?? null,
      lastEnd: this.#lastEnd,
    };
  }

  /** Resolves once it does what is wanted of it now, or has to wait for that. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /**
   * Takes what is wanted from now on.
   *
   * @param isTouched Whether a file that it depends on was changed, though it is declared as before.
   */
  update(wish: ServiceWish, { isTouched }: { readonly isTouched: boolean }): void {
    const before = this.#wish;
    this.#wish = wish;
    const isOther = wish.state !== before.state;
    // An operator's word is about what he has seen.
    if (isOther) this.#isHeld = false;
    const isSame = !isOther && !isTouched && wish.refusal === before.refusal &&
      wish.isLacking === before.isLacking;
    if (!isSame) this.#interrupt();
  }

  /** Starts it again, or starts it where it was stopped. */
  restart(): void {
    this.#isHeld = false;
    this.#interrupt();
  }

  /** Starts it where it does not run. */
  start(): void {
    if (this.#state !== "running" || this.#isHeld) this.restart();
  }

  /** Stops it, until it is started or becomes another. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#interrupt();
  }

  /** Stops it for good; resolves when it has ended. */
  async drop(): Promise<void> {
    this.#isOver = true;
    this.#interrupt();
    await this.#loop;
  }

  /** What is done is done for something that is wanted no more. */
  #interrupt(): void {
    this.#isEnded = false;
    this.#ends = 0;
    this.#settled.resolve();
    this.#settled = createDeferred<void>();
    this.#turn.abort();
  }

  async #run(): Promise<void> {
    const { after } = this.#parts;
    if (after !== undefined) this.#enter("stopping", { code: "service-stopping" });
    // Whoever made it shall be able to keep it first.
    await after;
    while (!this.#isOver) {
      const turn = this.#turn = new AbortController();
      const rest = this.#restOf();
      if (rest === null) await this.#live(turn.signal);
      else {
        this.#enter(rest.state, { code: rest.code });
        this.#settle(turn.signal);
        await aborted(turn.signal);
      }
    }
    this.#enter("stopped", { code: null });
    this.log.close();
    this.#settled.resolve();
  }

  /** Says why it shall not run now, or `null`. */
  #restOf(): { readonly state: ServiceState; readonly code: string } | null {
    const { refusal, isLacking } = this.#wish;
    if (refusal !== null) return { state: "refused", code: refusal };
    if (this.#isHeld) return { state: "stopped", code: "service-held" };
    if (this.#isEnded) return { state: "stopped", code: this.#lastEnd?.code ?? "service-ended" };
    return isLacking ? { state: "waiting", code: "file-missing" } : null;
  }

  /** Starts it, and follows it to its end. */
  async #live(signal: AbortSignal): Promise<void> {
    const { launcher, now } = this.#parts;
    const { service } = this.#wish;
    this.#enter("starting", { code: null });
    let process: ServiceProcess;
    try {
      process = await launcher.launch(service, this.log);
    } catch (error) {
      const code = error instanceof FluxVaultError ? error.code : "service-unstartable";
      return await this.#pause(signal, { code, end: null });
    }
    const startedMs = now();
    this.#process = process;
    this.#starts++;
    this.#health = "unknown";
    this.#enter("running", { code: null });
    const cause = await this.#follow(process, { service, signal });
    if (cause !== "ended") {
      const code = cause === "asked" ? null : cause;
      this.#enter("stopping", { code });
      await this.#end(process, service);
    }
    const end = await process.ended;
    // What it left behind would be in the way of the next one.
    await process.endGroup();
    this.#process = null;
    if (now() - startedMs >= SERVICE_FORGIVEN_MS) this.#ends = 0;
    this.#lastEnd = { ...end, code: codeOf(cause, end), atMs: now() };
    if (cause === "asked" || signal.aborted) return this.#note(end);
    const { restart } = service;
    const isFailure = cause !== "ended" || end.exitStatus !== 0;
    if (restart === "always" || (restart === "on-failure" && isFailure)) {
      return await this.#pause(signal, { code: this.#lastEnd.code, end });
    }
    this.#isEnded = true;
    this.#note(end);
  }

  /** Waits until it has ended, or has to. */
  async #follow(
    process: ServiceProcess,
    { service, signal }: { readonly service: Service; readonly signal: AbortSignal },
  ): Promise<Cause> {
    const { launcher, delay } = this.#parts;
    const { health, memoryMb } = service;
    const over = new AbortController();
    const options = { signal: AbortSignal.any([signal, over.signal]), delay };
    delay(SERVICE_PROBE_MS, options.signal).then(() => this.#settle(signal), () => {});
    const causes: Promise<Cause>[] = [
      process.ended.then(() => "ended"),
      aborted(signal).then(() => "asked"),
    ];
    const watches: Promise<Cause>[] = [];
    if (health !== null) {
      const unwell = watchHealth(health, {
        ...options,
        check: (ends) => launcher.checkHealth(service, ends),
        onLook: (state) => this.#health = state,
      });
      watches.push(unwell.then(() => "service-unhealthy"));
    }
    if (memoryMb !== null) {
      const measure = () => process.residentBytes();
      const tooLarge = watchMemory(memoryMb * MEBIBYTE, { ...options, measure });
      watches.push(tooLarge.then(() => "service-memory"));
    }
    // What is looked at no more says nothing.
    const never = new Promise<never>(() => {});
    try {
      return await Promise.race([...causes, ...watches.map((watch) => watch.catch(() => never))]);
    } finally {
      over.abort();
    }
  }

  /** Asks a process to end, and ends it, and all of its group, where it does not. */
  async #end(process: ServiceProcess, { stopSignal, stopTimeoutS }: Service): Promise<void> {
    const ended = new AbortController();
    process.signal(stopSignal);
    const late = this.#parts.delay(stopTimeoutS * 1_000, ended.signal).catch(() => {});
    await Promise.race([process.ended, late]);
    ended.abort();
    await process.endGroup();
  }

  async #pause(
    signal: AbortSignal,
    { code, end }: { readonly code: string; readonly end: ServiceEnd | null },
  ): Promise<void> {
    if (signal.aborted) return;
    const { delay, random } = this.#parts;
    this.#enter("pausing", { code, end });
    this.#settle(signal);
    await delay(servicePauseMs(++this.#ends, random), signal).catch(() => {});
  }

  #settle(signal: AbortSignal): void {
    if (!signal.aborted) this.#settled.resolve();
  }

  #enter(
    state: ServiceState,
    { code, end = null }: { readonly code: string | null; readonly end?: ServiceEnd | null },
  ): void {
    if (state === this.#state && code === this.#code && end === null) return;
    this.#state = state;
    this.#code = code;
    this.#sinceMs = this.#parts.now();
    this.#tell(end);
  }

  /** Tells how a process has ended that is not started again by itself. */
  #note(end: ServiceEnd): void {
    this.#enter("stopped", { code: this.#lastEnd?.code ?? null, end });
  }

  #tell(end: ServiceEnd | null): void {
    this.#parts.onEvent({
      service: this.#wish.service.name,
      state: this.#state,
      code: this.#code,
      pid: this.#process?.pid ?? null,
      exitStatus: end?.exitStatus ?? null,
      signal: end?.signal ?? null,
    });
  }
}

function codeOf(cause: Cause, { exitStatus }: ServiceEnd): string {
  if (cause === "asked") return "service-stopped";
  if (cause !== "ended") return cause;
  return exitStatus === 0 ? "service-ended" : "service-failed";
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
