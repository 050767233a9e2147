/**
 * The processes of this machine, as Linux tells of them in its files: who belongs to which group, and
 * how much memory they use.
 *
 * @module
 */

/** What is known of a process. */
export interface ListedProcess {
  /** Its number. */
  readonly pid: number;
  /** The number of its group. */
  readonly group: number;
  /** The number of its session. */
  readonly session: number;
  /** When it was started, in ticks since the machine was. */
  readonly start: string;
  /** How much of its memory is in use, in pages. */
  readonly residentPages: number;
  /** Whether it has ended, and only its parent has not taken note of that. */
  readonly isZombie: boolean;
}

const PROC = "/proc";
/** Pages of 4 KiB are those of all machines that this is built for. */
const PAGE_BYTES = 4_096;
/** Where in the line of a process each of these stands, counted from its state. */
const AT = { state: 0, group: 2, session: 3, start: 19, resident: 21 } as const;

/** Lists the processes, or returns `null` where the system does not tell of them so. */
export function listProcesses(): ListedProcess[] | null {
  if (Deno.build.os !== "linux") return null;
  try {
    const listed: ListedProcess[] = [];
    for (const { name } of Deno.readDirSync(PROC)) {
      const pid = /^\d+$/.test(name) ? Number(name) : null;
      const process = pid === null ? null : readProcess(pid);
      if (process !== null) listed.push(process);
    }
    return listed;
  } catch {
    return null;
  }
}

/** Looks at one process; `null` where there is none, or the system does not tell. */
export function readProcess(pid: number): ListedProcess | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(`${PROC}/${pid}/stat`);
  } catch {
    return null;
  }
  // The name of the program stands in parentheses, and may hold some itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    group: Number(fields[AT.group]),
    session: Number(fields[AT.session]),
    start: fields[AT.start] ?? "",
    residentPages: Number(fields[AT.resident]),
    isZombie: fields[AT.state] === "Z" || fields[AT.state] === "X",
  };
}

/** Lists the living processes of a group, or `null` where that cannot be known. */
export function listGroup(group: number): ListedProcess[] | null {
  const listed = listProcesses();
  return listed?.filter((each) => each.group === group && !each.isZombie) ?? null;
}

/** Returns how much memory a group has in use, in bytes; what several share counts for each. */
export function residentBytesOf(group: number): number | null {
  const listed = listGroup(group);
  if (listed === null) return null;
  return listed.reduce((sum, { residentPages }) => sum + residentPages * PAGE_BYTES, 0);
}

/** Tells whether a process was given a variable with this value when it was started. */
export function hasVariable(pid: number, assignment: string): boolean {
  try {
    const text = Deno.readTextFileSync(`${PROC}/${pid}/environ`);
    return text.split("\0").includes(assignment);
  } catch {
    return false;
  }
}
