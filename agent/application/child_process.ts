/**
 * The process of the application.
 *
 * @module
 */
import type { OwnChildren } from "./own_children.ts";
import { signalGroup, signalProcess } from "./process_group.ts";
import type { Child, ChildEnd } from "./supervisor.ts";

/** What to start. */
export interface ChildStart {
  /** The program, a path or a name that is looked up, and its arguments. */
  readonly command: readonly string[];
  /** All its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * This process's descriptors, by the numbers that they have in the new one. It also has standard
   * input, output and error of this one, where none is given in their place.
   */
  readonly descriptors: ReadonlyMap<number, number>;
  /**
   * Whether it leads a group of its own. It cannot read from this process's terminal then.
   */
  readonly isLeader: boolean;
}

/**
 * Starts a process.
 *
 * @throws {Error} what the system says of a program that cannot be started.
 */
export async function startChild(start: ChildStart, children: OwnChildren): Promise<Child> {
  // Loaded with the first use: an agent that runs nothing is smaller without.
  const { spawn } = await import("node:child_process");
  const [program = "", ...args] = start.command;
  const highest = Math.max(2, ...start.descriptors.keys());
  const stdio = Array.from({ length: highest + 1 }, (_, number) => {
    return start.descriptors.get(number) ?? (number <= 2 ? "inherit" : "ignore");
  });
  const child = spawn(program, args, { env: { ...start.env }, stdio, detached: start.isLeader });
  const { promise: ended, resolve } = Promise.withResolvers<ChildEnd>();
  child.once("exit", (status, signal) => resolve({ status, signal }));
  const { pid } = child;
  if (pid === undefined) {
    const refusal = Promise.withResolvers<never>();
    child.once("error", refusal.reject);
    return await refusal.promise;
  }
  children.track(pid, ended);
  let hasEnded = false;
  void ended.then(() => hasEnded = true);
  return {
    ended,
    signal(name: string): void {
      // Its number may be another's by now.
      if (!hasEnded) signalProcess(pid, name as Deno.Signal);
    },
    endGroup(): void {
      if (start.isLeader) signalGroup(pid, "SIGKILL");
    },
  };
}
