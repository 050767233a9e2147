/**
 * Signals for a process and all that it started.
 *
 * @module
 */

/** Sends a signal to one process, or with a negative number to a group; throws as `Deno.kill` does. */
export type KillProcess = (pid: number, signal: Deno.Signal) => void;

/**
 * Sends a signal to a group of processes, which has the number of its leader; to the leader alone on
 * systems that have no groups. Tells whether anything was there to take it.
 */
export function signalGroup(
  pid: number,
  signal: Deno.Signal,
  kill: KillProcess = Deno.kill,
): boolean {
  return signalProcess(Deno.build.os === "windows" ? pid : -pid, signal, kill);
}

/** Sends a signal to a process; tells whether it was there to take it. */
export function signalProcess(
  pid: number,
  signal: Deno.Signal,
  kill: KillProcess = Deno.kill,
): boolean {
  try {
    kill(pid, signal);
    return true;
  } catch (error) {
    // Who has ended takes no signal, and what may not be signalled cannot be helped.
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
