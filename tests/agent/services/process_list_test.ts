import {
  hasVariable,
  listGroup,
  listProcesses,
  readProcess,
  residentBytesOf,
} from "../../../agent/services/process_list.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

/** Starts a shell that leads a group, with a child in it, and waits until both are there. */
async function startGroup() {
  const child = new Deno.Command("sh", {
    args: ["-c", "sleep 60 & echo ready; wait"],
    env: { MARK: "a) R 1 b" },
    stdout: "piped",
    detached: true,
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose](): Promise<void> {
      Deno.kill(-child.pid, "SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("listProcesses has this process, and readProcess says the same of it", LINUX, () => {
  const own = listProcesses()?.find(({ pid }) => pid === Deno.pid);
  const read = readProcess(Deno.pid);
  assert(own !== undefined && read !== null);
  assertEquals([own.group, own.session, own.start], [read.group, read.session, read.start]);
  assert(own.residentPages > 1_000 && !own.isZombie);
  assertEquals(readProcess(2 ** 30), null);
});

Deno.test("listGroup and residentBytesOf know all of a group", LINUX, async () => {
  await using group = await startGroup();
  const listed = listGroup(group.pid) ?? [];
  assertEquals([listed.length, listed.every(({ session }) => session === group.pid)], [2, true]);
  assert((residentBytesOf(group.pid) ?? 0) > 100_000);
  assertEquals([listGroup(2 ** 30), residentBytesOf(2 ** 30)], [[], 0]);
});

Deno.test("hasVariable finds a variable with its value, and no other", LINUX, async () => {
  await using group = await startGroup();
  const marks = ["MARK=a) R 1 b", "MARK=a", "ARK=a) R 1 b", "MARK"];
  assertEquals(marks.map((mark) => hasVariable(group.pid, mark)), [true, false, false, false]);
  assertEquals(hasVariable(2 ** 30, "MARK=a"), false);
});
