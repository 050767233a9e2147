/**
 * A process that adopts orphans and reaps them while it starts children of its own; prints what became
 * of both as JSON. A test runs it as a process of its own, since whoever reaps waits for all children of
 * a process.
 */
// deno-lint-ignore-file no-console
import { OrphanReaper, OwnChildren, startChild } from "../../agent/application/mod.ts";
import { openProcessLibrary } from "../../agent/application/process_library.ts";
import { SYSTEM_SIGNALS } from "../../protocol/host/shutdown.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const COUNT = Number(Deno.args[0] ?? 10);

const library = openProcessLibrary();
if (library === null) throw new Error("the C library cannot be opened");
const before = library.isSubreaper();
const prctl = Deno.dlopen("libc.so.6", {
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
});
prctl.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n);
prctl.close();

const reaped: number[] = [];
const children = new OwnChildren();
const watched = {
  peek: () => library.peek(),
  reap: (pid: number) => {
    reaped.push(pid);
    return library.reap(pid);
  },
};

/** Starts a shell that leaves two orphans behind and says their numbers, and returns its status. */
async function leaveOrphans(status: number): Promise<{ status: number; orphans: string }> {
  const script = `(sleep 0.0${status % 5} & echo $!) ; (sh -c "exit 3" & echo $!); exit ${status}`;
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  children.track(child.pid, child.status);
  const orphans = await new Response(child.stdout).text();
  return { status: (await child.status).code, orphans };
}

/** The same by the way in which an application is started. */
async function runApplication(status: number): Promise<number | null> {
  const start = {
    command: ["/bin/sh", "-c", `(sleep 0.01 &); exit ${status}`],
    env: { PATH: "/usr/bin:/bin" },
    descriptors: new Map(),
    isLeader: true,
  };
  return (await (await startChild(start, children)).ended).status;
}

using _reaper = new OrphanReaper({ library: watched, children, signals: SYSTEM_SIGNALS });
const [shells, applications] = await Promise.all([
  Promise.all(Array.from({ length: COUNT }, (_, i) => leaveOrphans(i))),
  Promise.all(Array.from({ length: COUNT }, (_, i) => runApplication(i))),
]);
const orphans = shells.flatMap((shell) => shell.orphans.trim().split(/\s+/).map(Number));

/** Returns the state of a process by its number, or `null` where there is none. */
function stateOf(pid: number): string | null {
  try {
    return /\) (\S)/.exec(Deno.readTextFileSync(`/proc/${pid}/stat`))?.[1] ?? null;
  } catch {
    return null;
  }
}

// What is left is gone within moments, or stays a zombie for good and the test's patience ends.
while (orphans.some((pid) => stateOf(pid) !== null)) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(JSON.stringify({
  before,
  after: library.isSubreaper(),
  statuses: shells.map(({ status }) => status),
  applications,
  orphans: orphans.length,
  reaped: orphans.filter((pid) => reaped.includes(pid)).length,
}));
Deno.exit(0);
