/**
 * Starting the processes of services: which may be run, what they are given, and how they are ended
 * with all that they start.
 *
 * @module
 */
import { delay, encodeHex, randomBytes, type Service } from "../../protocol/mod.ts";
import { isAbsolute, join } from "../../protocol/host/mod.ts";
import type { DeliveredFiles } from "../application/delivered_files.ts";
import type { OwnChildren } from "../application/own_children.ts";
import { signalGroup, signalProcess } from "../application/process_group.ts";
import { openInputs } from "../application/secret_inputs.ts";
import type { AllowedPrograms } from "../hooks/allowed_programs.ts";
import { SIGNALS } from "../hooks/hook_actions.ts";
import { type HookProgram, runHookProgram } from "../hooks/hook_program.ts";
import { HOOK_DRAIN_MS, SERVICE_GONE_MS } from "../limits.ts";
import { RUN_VARIABLE } from "./left_services.ts";
import { isLoadingVariable } from "./loading_variables.ts";
import type { LogRing } from "./log_ring.ts";
import { listGroup, readProcess, residentBytesOf } from "./process_list.ts";
import type { ServiceEnd, ServiceLauncher, ServiceProcess } from "./service_process.ts";
import type { RunningService, ServiceJournal } from "./services_file.ts";

/** The code of a service that the agent may not run. */
export const SERVICE_REFUSED = "service-refused";

/** How long a look at the health of a service may go on once it is asked to end. */
const CHECK_GRACE_MS = 1_000;
const LOOK_INTERVAL_MS = 20;

/** The options of a {@linkcode ProcessLauncher}. */
export interface ProcessLauncherOptions {
  /** The programs that may be run. */
  readonly programs: Pick<AllowedPrograms, "resolve">;
  /** The files that become variables. */
  readonly files: Pick<DeliveredFiles, "open" | "read">;
  /** The folder that services run in which name none, and that relative ones are in. */
  readonly workingFolder: string;
  /** The environment that all are given. */
  readonly env: Readonly<Record<string, string>>;
  /** Is told of the processes. */
  readonly children: OwnChildren;
  /** Remembers which run. */
  readonly journal: ServiceJournal;
}

/** Starts the processes of services on this machine; see {@linkcode ServiceLauncher}. */
export class ProcessLauncher implements ServiceLauncher {
  readonly #options: ProcessLauncherOptions;
  readonly #running = new Map<string, RunningService>();
  #saving: Promise<void> = Promise.resolve();

  /** Starts nothing yet. */
  constructor(options: ProcessLauncherOptions) {
    this.#options = options;
  }

  /** See {@linkcode ServiceLauncher.refusalOf}. */
  refusalOf(service: Service, declaredBy: string | null): string | null {
    const { command, health, stopSignal, variables, fileVariables } = service;
    // An address proves too little for that: somebody has to have signed it.
    if (declaredBy === null || !SIGNALS.has(stopSignal)) return SERVICE_REFUSED;
    if ([...variables.keys(), ...fileVariables.keys()].some(isLoadingVariable)) {
      return SERVICE_REFUSED;
    }
    const names = [command[0], ...health === null ? [] : [health.command[0]]];
    const { programs } = this.#options;
    return names.every((name) => programs.resolve(name ?? "") !== null) ? null : SERVICE_REFUSED;
  }

  /** See {@linkcode ServiceLauncher.launch}. */
  async launch(service: Service, log: LogRing): Promise<ServiceProcess> {
    const run = encodeHex(randomBytes(16));
    const { path, args, cwd, env } = await this.#programOf(service, service.command);
    const { name, stopSignal, stopTimeoutS } = service;
    const running = { service: name, run, pid: null, start: null, stopSignal, stopTimeoutS };
    // Before it is started: an agent that is killed in between finds it all the same.
    this.#running.set(run, running);
    await this.#save();
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(path, {
        args: [...args],
        cwd,
        env: { ...env, FLUXVAULT_SERVICE: name, [RUN_VARIABLE]: run },
        clearEnv: true,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        // It leads a group of its own, so that what it started can be ended with it.
        detached: Deno.build.os !== "windows",
      }).spawn();
    } catch (error) {
      this.#running.delete(run);
      void this.#save();
      throw error;
    }
    this.#options.children.track(child.pid, child.status);
    const start = readProcess(child.pid)?.start ?? null;
    this.#running.set(run, { ...running, pid: child.pid, start });
    void this.#save();
    return new GroupProcess(child, log, () => {
      this.#running.delete(run);
      void this.#save();
    });
  }

  /** See {@linkcode ServiceLauncher.checkHealth}. */
  async checkHealth(service: Service, signal: AbortSignal): Promise<boolean> {
    const { health } = service;
    if (health === null) return true;
    try {
      const program = await this.#programOf(service, health.command);
      const { outcome } = await runHookProgram(
        { ...program, timeoutMs: health.timeoutS * 1_000 },
        { signal, children: this.#options.children, graceMs: CHECK_GRACE_MS },
      );
      return outcome === "ran";
    } catch {
      // A file that it needs is gone: it is not known to be well.
      return false;
    }
  }

  /** Resolves when all that is known of what runs is on disk. */
  async settle(): Promise<void> {
    await this.#saving;
  }

  async #programOf(
    { folder, variables, fileVariables }: Service,
    [name = "", ...args]: readonly string[],
  ): Promise<Omit<HookProgram, "timeoutMs">> {
    const { programs, files, workingFolder, env } = this.#options;
    const inputs = await openInputs({ variables: fileVariables, descriptors: new Map() }, files);
    return {
      path: programs.resolve(name) ?? name,
      args,
      cwd: folder === null
        ? workingFolder
        : isAbsolute(folder)
        ? folder
        : join(workingFolder, folder),
      env: { ...env, ...Object.fromEntries(variables), ...inputs.variables },
    };
  }

  #save(): Promise<void> {
    const save = () => this.#options.journal.save([...this.#running.values()]);
    return this.#saving = this.#saving.then(save);
  }
}

/** A process that leads a group. */
class GroupProcess implements ServiceProcess {
  readonly pid: number;
  readonly ended: Promise<ServiceEnd>;
  readonly #cut = new AbortController();
  readonly #reading: Promise<unknown>;
  readonly #onGone: () => void;
  #hasEnded = false;
  #isGone = false;

  constructor(child: Deno.ChildProcess, log: LogRing, onGone: () => void) {
    this.pid = child.pid;
    this.#onGone = onGone;
    this.#reading = Promise.all([
      readInto(log, child.stdout, this.#cut.signal),
      readInto(log, child.stderr, this.#cut.signal),
    ]);
    this.ended = child.status.then(({ code, signal }) => {
      this.#hasEnded = true;
      return { exitStatus: signal === null ? code : null, signal };
    });
  }

  signal(name: string): void {
    // Its number may be another's by now.
    if (!this.#hasEnded) signalProcess(this.pid, name as Deno.Signal);
  }

  async endGroup(): Promise<void> {
    // Once it is gone its number may be another's.
    if (this.#isGone) return;
    for (let waitedMs = 0; waitedMs < SERVICE_GONE_MS; waitedMs += LOOK_INTERVAL_MS) {
      // A group keeps its number for as long as anybody is in it.
      const isThere = signalGroup(this.pid, "SIGKILL");
      if (!isThere || (listGroup(this.pid)?.length ?? 0) === 0) break;
      await delay(LOOK_INTERVAL_MS);
    }
    await this.ended;
    this.#isGone = true;
    // What has left the group may hold the output open for ever.
    await Promise.race([this.#reading, delay(HOOK_DRAIN_MS, this.#cut.signal).catch(() => {})]);
    this.#cut.abort();
    await this.#reading;
    this.#onGone();
  }

  residentBytes(): number | null {
    return residentBytesOf(this.pid);
  }
}

async function readInto(
  log: LogRing,
  stream: ReadableStream<Uint8Array>,
  cut: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  const onCut = () => void reader.cancel().catch(() => {});
  cut.addEventListener("abort", onCut, { once: true });
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      log.add(value);
    }
  } catch {
    // What was written so far has to do.
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}
