/**
 * The services of an agent: those that each signer declares, and how they follow what is delivered.
 *
 * @module
 */
import {
  delay as waitFor,
  type DeliveredChanges,
  type Service,
  type ServiceResult,
  type ServiceRunner,
  type WantedState,
} from "../../protocol/mod.ts";
import { SERVICE_WAIT_MS } from "../limits.ts";
import type { ServiceLauncher } from "./service_process.ts";
import { lackedBy, pathsOfService, stateOfService } from "./service_scope.ts";
import type { ServiceEvent } from "./service_status.ts";
import { ServiceTask, type ServiceTaskParts, type ServiceWish } from "./service_task.ts";

/** The options of {@linkcode AgentServices}. */
export interface AgentServicesOptions {
  /** Starts processes. */
  readonly launcher: ServiceLauncher;
  /** Is told what happens; never what a service wrote. @default {nobody} */
  readonly onEvent?: (event: ServiceEvent) => void;
  /** How long a delivery waits for services, in milliseconds. @default {30_000} */
  readonly waitMs?: number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 up to but excluding 1. @default {Math.random} */
  readonly random?: () => number;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** A service that is there, and whose it is. */
interface HeldService {
  readonly declaredBy: string | null;
  readonly name: string;
  readonly task: ServiceTask;
}

/** How a service stood before something was wanted of it. */
interface Before {
  readonly isRunning: boolean;
  readonly starts: number;
}

/** What a delivery wanted of a service. */
interface AppliedService {
  readonly name: string;
  readonly task: ServiceTask;
  readonly before: Before;
  /** Whether it goes on as it was, since another one lacks a file. */
  readonly isKept: boolean;
}

/** Runs the services of an agent; see {@linkcode ServiceRunner}. */
export class AgentServices implements ServiceRunner {
  readonly #options: AgentServicesOptions;
  readonly #parts: ServiceTaskParts;
  readonly #held = new Map<string, HeldService>();
  /** What is declared no longer and has not ended yet. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Who has delivered. */
  readonly #deliverers = new Set<string | null>();
  readonly #stop = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();

  /** Runs nothing yet. */
  constructor(options: AgentServicesOptions) {
    this.#options = options;
    const { launcher, onEvent = () => {}, delay = waitFor } = options;
    const { random = Math.random, now = Date.now } = options;
    this.#parts = { launcher, onEvent, delay, random, now };
  }

  /** See {@linkcode ServiceRunner.apply}. */
  apply(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]> {
    return this.#inTurn(() => this.#apply(wanted, delivered));
  }

  /**
   * Runs what was declared when the agent ended, as far as its files are there; a delivery that has
   * come meanwhile knows better.
   *
   * @param lacking The paths that are not in place as they are declared.
   */
  async resume(wanted: WantedState, lacking: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#deliverers.has(wanted.declaredBy)) return [];
      return await this.#apply(wanted, { changed: [], lacking }, { isWaiting: false });
    });
  }

  /** Takes what was removed since its lease is over: what depends on it stops, and waits for it. */
  async noteGone(paths: readonly string[]): Promise<void> {
    await this.#inTurn(() => {
      for (const { task } of this.#held.values()) {
        if (pathsOfService(task.wish.service, paths).length === 0) continue;
        task.update({ ...task.wish, isLacking: true }, { isTouched: true });
      }
      return Promise.resolve();
    });
  }

  /** See {@linkcode ServiceRunner.plan}. */
  async plan(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]> {
    const { services = [], declaredBy } = wanted;
    const planned = await Promise.all(services.map(async (service): Promise<ServiceResult> => {
      const wish = await this.#wishOf(service, { wanted, delivered });
      const { name } = service;
      if (wish.refusal !== null) return resultOf(name, "refused", wish.refusal);
      if (wish.isLacking) return resultOf(name, "waiting", "file-missing");
      const task = this.find(name, declaredBy);
      if (task === null) return resultOf(name, "started");
      const isTouched = pathsOfService(service, delivered.changed).length > 0;
      const isOther = isTouched || task.wish.state !== wish.state;
      const { isRunning } = beforeOf(task);
      if (isOther) return resultOf(name, isRunning ? "restarted" : "started");
      return standingOf(name, task, { isRunning, starts: task.status.starts });
    }));
    const gone = this.#goneFrom(wanted).map(({ name }) => resultOf(name, "stopped"));
    return [...planned, ...gone];
  }

  /** Returns a service that a signer declares, or `null`. */
  find(name: string, declaredBy: string | null): ServiceTask | null {
    return this.#held.get(keyOf(name, declaredBy))?.task ?? null;
  }

  /** Returns the services that a signer declares, by their names. */
  list(
    declaredBy: string | null,
  ): readonly { readonly name: string; readonly task: ServiceTask }[] {
    return [...this.#held.values()].filter((each) => each.declaredBy === declaredBy)
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Stops all; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#inTurn(async () => {
      const dropping = [...this.#held.values()].map((held) => this.#drop(held));
      await Promise.all([...dropping, ...this.#ending.values()]);
    });
  }

  async #apply(
    wanted: WantedState,
    delivered: DeliveredChanges,
    { isWaiting = true }: { readonly isWaiting?: boolean } = {},
  ): Promise<readonly ServiceResult[]> {
    const { services = [], declaredBy } = wanted;
    if (this.#stop.signal.aborted) return [];
    this.#deliverers.add(declaredBy);
    const gone = this.#goneFrom(wanted);
    const dropping = gone.map((held) => this.#drop(held));
    const changes: AppliedService[] = [];
    for (const service of services) {
      const { name } = service;
      const wish = await this.#wishOf(service, { wanted, delivered });
      const task = this.find(name, declaredBy);
      const before = task === null ? NEVER : beforeOf(task);
      if (task === null) {
        const key = keyOf(name, declaredBy);
        const after = this.#ending.get(key);
        const parts = after === undefined ? this.#parts : { ...this.#parts, after };
        const task = new ServiceTask(wish, parts);
        this.#held.set(key, { declaredBy, name, task });
        changes.push({ name, task, before, isKept: false });
        continue;
      }
      const isTouched = pathsOfService(service, delivered.changed).length > 0;
      // What it runs with is still there: it goes on until all of the new is.
      const isKept = before.isRunning && wish.isLacking;
      if (!isKept) task.update(wish, { isTouched });
      changes.push({ name, task, before, isKept: isKept && task.wish.state !== wish.state });
    }
    if (!isWaiting) return [];
    await this.#waitFor([...dropping, ...changes.map(({ task }) => task.settled)]);
    return [
      ...changes.map(({ name, task, before, isKept }) => {
        return isKept ? resultOf(name, "waiting", "file-missing") : standingOf(name, task, before);
      }),
      ...gone.map(({ name, declaredBy }) => {
        const isEnding = this.#ending.has(keyOf(name, declaredBy));
        return isEnding ? resultOf(name, "waiting", "service-stopping") : resultOf(name, "stopped");
      }),
    ];
  }

  /** Stops a service for good; another of its name waits for that. */
  #drop({ name, declaredBy, task }: HeldService): Promise<void> {
    const key = keyOf(name, declaredBy);
    this.#held.delete(key);
    const ending = task.drop().finally(() => {
      if (this.#ending.get(key) === ending) this.#ending.delete(key);
    });
    this.#ending.set(key, ending);
    return ending;
  }

  async #wishOf(
    service: Service,
    { wanted, delivered }: {
      readonly wanted: WantedState;
      readonly delivered: DeliveredChanges;
    },
  ): Promise<ServiceWish> {
    return {
      service,
      state: await stateOfService(service, wanted),
      refusal: this.#options.launcher.refusalOf(service, wanted.declaredBy),
      isLacking: lackedBy(service, wanted, delivered.lacking).length > 0,
    };
  }

  /** Returns what is declared no longer; a wipe takes all, whoever declared it. */
  #goneFrom({ services = [], declaredBy, isWipe }: WantedState): readonly HeldService[] {
    const names = new Set(services.map(({ name }) => name));
    return [...this.#held.values()].filter((held) => {
      return isWipe || (held.declaredBy === declaredBy && !names.has(held.name));
    });
  }

  /** Waits for what never rejects, but not for ever. */
  async #waitFor(work: readonly Promise<void>[]): Promise<void> {
    const { waitMs = SERVICE_WAIT_MS } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    const late = this.#parts.delay(waitMs, signal).catch(() => {});
    await Promise.race([Promise.all(work), late]);
    over.abort();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const NEVER: Before = { isRunning: false, starts: 0 };

function keyOf(name: string, declaredBy: string | null): string {
  return `${declaredBy ?? ""}\n${name}`;
}

function beforeOf({ status: { state, starts } }: ServiceTask): Before {
  return { isRunning: state === "running", starts };
}

function resultOf(
  service: string,
  outcome: ServiceResult["outcome"],
  code: string | null = null,
): ServiceResult {
  return { service, outcome, ...(code === null ? {} : { code }) };
}

/** Says how a service stands, and what a delivery changed of that. */
function standingOf(name: string, { status }: ServiceTask, before: Before): ServiceResult {
  const { state, code, starts } = status;
  switch (state) {
    case "running": {
      const isSame = before.isRunning && before.starts === starts;
      return resultOf(name, isSame ? "running" : before.isRunning ? "restarted" : "started");
    }
    case "starting":
    case "stopping":
      return resultOf(name, "waiting", `service-${state}`);
    case "pausing":
      return resultOf(name, "failed", code);
    default:
      return resultOf(name, state, code);
  }
}
