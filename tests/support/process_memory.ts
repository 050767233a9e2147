/** What Linux knows of the memory of a process. */

/** Whether this machine can be asked. */
export const HAS_PROC = Deno.build.os === "linux";

/** The memory of a process, in bytes. */
export interface ProcessMemory {
  /** What it holds now. */
  readonly residentBytes: number;
  /** The most that it ever held. */
  readonly peakBytes: number;
}

/** Reads the memory of a process. */
export async function readMemory(pid: number): Promise<ProcessMemory> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1_024;
  return { residentBytes: read("VmRSS"), peakBytes: read("VmHWM") };
}
