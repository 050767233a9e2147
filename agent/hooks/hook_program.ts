/**
 * A program that a hook runs: with a time limit, in a group of processes of its own, and never through
 * a shell.
 *
 * @module
 */
import { delay as waitFor } from "../../protocol/mod.ts";
import type { OwnChildren } from "../application/own_children.ts";
import { signalGroup } from "../application/process_group.ts";
import { HOOK_DRAIN_MS, HOOK_GRACE_MS } from "../limits.ts";
import type { HookEnd } from "./due_hook.ts";
import { OutputTail } from "./output_tail.ts";

/** What to run. */
export interface HookProgram {
  /** The program, by its absolute path. */
  readonly path: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** The folder that it runs in. */
  readonly cwd: string;
  /** All its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** The options of {@linkcode runHookProgram}. */
export interface HookProgramOptions {
  /** Ends the program early. */
  readonly signal: AbortSignal;
  /** Is told of the process. */
  readonly children: OwnChildren;
  /** How long it may go on once it is asked to end, in milliseconds. @default {5_000} */
  readonly graceMs?: number;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** Runs a program to its end; never rejects. */
export async function runHookProgram(
  program: HookProgram,
  options: HookProgramOptions,
): Promise<HookEnd> {
  const { delay = waitFor } = options;
  let child: Deno.ChildProcess;
  try {
    child = spawn(program);
  } catch {
    return failure("hook-unstartable", { exitStatus: null, signal: null, output: "" });
  }
  options.children.track(child.pid, child.status);
  const tail = new OutputTail();
  const cut = new AbortController();
  const reading = Promise.all([
    readTo(tail, child.stdout, cut.signal),
    readTo(tail, child.stderr, cut.signal),
  ]);
  const ended = new AbortController();
  const limit = delay(program.timeoutMs, AbortSignal.any([ended.signal, options.signal]))
    .then(() => true, () => false);
  const isOver = await Promise.race([child.status, limit]);
  if (typeof isOver === "boolean") await terminate(child, { ...options, delay });
  const status = await child.status;
  ended.abort();
  // What it started in the background may hold its output open for ever.
  await Promise.race([reading, delay(HOOK_DRAIN_MS, cut.signal).catch(() => {})]);
  cut.abort();
  await reading;
  const { code, signal } = status;
  const end = { exitStatus: signal === null ? code : null, signal, output: tail.text };
  if (isOver === true) return failure("hook-timed-out", end);
  return status.success ? { outcome: "ran", ...end } : failure("hook-failed", end);
}

function failure(code: string, end: Omit<HookEnd, "outcome" | "code">): HookEnd {
  return { outcome: "failed", ...end, code };
}

function spawn({ path, args, cwd, env }: HookProgram): Deno.ChildProcess {
  return new Deno.Command(path, {
    args: [...args],
    cwd,
    env: { ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // It leads a group of its own, so that what it started can be ended with it.
    detached: Deno.build.os !== "windows",
  }).spawn();
}

/** Asks a program to end, and ends it, and all of its group, where it does not. */
async function terminate(
  child: Deno.ChildProcess,
  { graceMs = HOOK_GRACE_MS, delay }: Required<Pick<HookProgramOptions, "delay">> & {
    readonly graceMs?: number;
  },
): Promise<void> {
  const ended = new AbortController();
  signalGroup(child.pid, "SIGTERM");
  await Promise.race([child.status, delay(graceMs, ended.signal).catch(() => {})]);
  ended.abort();
  signalGroup(child.pid, "SIGKILL");
}

async function readTo(
  tail: OutputTail,
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
      tail.add(value);
    }
  } catch {
    // What was printed so far has to do.
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}
