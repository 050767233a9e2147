/** What Linux knows of processes: their memory, and the time that they computed. */
import { readMemory as readBytes } from "../support/process_memory.ts";

export { HAS_PROC } from "../support/process_memory.ts";

/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10;
const IDLE_WINDOW_MS = 250;
const IDLE_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 100;

/** The memory of a process, in MB. */
export interface Memory {
  /** What it holds now. */
  readonly residentMb: number;
  /** The most that it ever held. */
  readonly peakMb: number;
}

/** Waits. */
export function wait(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Reads the memory of a process. */
export async function readMemory(pid: number): Promise<Memory> {
  const { residentBytes, peakBytes } = await readBytes(pid);
  return { residentMb: residentBytes / 1_048_576, peakMb: peakBytes / 1_048_576 };
}

/** Adds up two fields of a line of `/proc/PID/stat`, which count from 1. */
async function readTimes(who: number | "self", first: number): Promise<number> {
  const line = await Deno.readTextFile(`/proc/${who}/stat`);
  // The second field is a name in brackets, which may hold anything.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[first - 3]) + Number(fields[first - 2])) * TICK_MS;
}

/** Returns how long a process computed, and its children that have ended, in milliseconds. */
export async function readCpuMs(pid: number): Promise<number> {
  return await readTimes(pid, 14) + await readTimes(pid, 16);
}

/** Waits until the children of a process have ended: what they computed is counted by then. */
export async function untilChildless(pid: number): Promise<void> {
  const deadlineMs = performance.now() + IDLE_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    if ((await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim() === "") return;
    await wait(10);
  }
  throw new Error(`process ${pid} keeps its children`);
}

/** Returns how long the children of this process computed that have ended, in milliseconds. */
export function readChildrenCpuMs(): Promise<number> {
  return readTimes("self", 16);
}

/** Waits until none of these processes computes: keys that are made ahead are made by then. */
export async function untilIdle(pids: readonly number[]): Promise<void> {
  const read = async () => {
    const times = await Promise.all(pids.map((pid) => readTimes(pid, 14)));
    return times.reduce((sum, time) => sum + time, 0);
  };
  const deadlineMs = performance.now() + IDLE_TIMEOUT_MS;
  for (let before = NaN; performance.now() < deadlineMs;) {
    const now = await read();
    if (now - before <= TICK_MS) return;
    before = now;
    await wait(IDLE_WINDOW_MS);
  }
  throw new Error("the agents do not come to rest");
}

/** Tells whether a program that was just started comes to listen on a port of 127.0.0.1. */
export async function answersOn(port: number): Promise<boolean> {
  for (let i = 0; i < START_ATTEMPTS; i++) {
    try {
      using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
      return true;
    } catch {
      await wait(20);
    }
  }
  return false;
}
