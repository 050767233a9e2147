import { endLeftServices, RUN_VARIABLE } from "../../../agent/services/left_services.ts";
import { readProcess } from "../../../agent/services/process_list.ts";
import type { RunningService } from "../../../agent/services/services_file.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { isAlive } from "../../support/service_site.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };
const RUN = "ab".repeat(16);

/** Starts a process that leads a group; it has ended with the test. */
async function startLeft(script: string, run = RUN) {
  const child = new Deno.Command("sh", {
    args: ["-c", `${script} echo ready; while :; do sleep 0.05; done`],
    env: { [RUN_VARIABLE]: run },
    stdout: "piped",
    detached: true,
  }).spawn();
  const reader = child.stdout.getReader();
  const text = new TextDecoder().decode((await reader.read()).value);
  return {
    pid: child.pid,
    text,
    async [Symbol.asyncDispose](): Promise<void> {
      try {
        Deno.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await reader.cancel();
    },
  };
}

function knownOf(pid: number | null, more: Partial<RunningService> = {}): RunningService {
  const start = pid === null ? null : readProcess(pid)?.start ?? null;
  return {
    ...{ service: "web", run: RUN, pid, start, stopSignal: "SIGTERM", stopTimeoutS: 1 },
    ...more,
  };
}

Deno.test(
  "endLeftServices ends a process by its number and start, and all of its group",
  LINUX,
  async () => {
    // Its environment says nothing, as where a program has written over it.
    await using left = await startLeft("sh -c 'while :; do sleep 0.05; done' & echo $!;", "other");
    const child = left.text.split("\n")[0] ?? "";
    assert(isAlive(left.pid) && isAlive(child));
    const logger = new MemoryLogger();
    await endLeftServices([knownOf(left.pid)], { logger });
    assertEquals([isAlive(left.pid), isAlive(child)], [false, false]);
    assertEquals(logger.messages("warn"), ["a service that an earlier agent left behind is ended"]);
  },
);

Deno.test("endLeftServices kills what does not end in its time", LINUX, async () => {
  await using left = await startLeft("trap '' TERM;");
  await endLeftServices([knownOf(left.pid)], { logger: new MemoryLogger() });
  assert(!isAlive(left.pid));
});

Deno.test(
  "endLeftServices finds by its environment what was not known yet, or has left its group",
  LINUX,
  async () => {
    await using left = await startLeft("");
    await endLeftServices([knownOf(null)], { logger: new MemoryLogger() });
    assert(!isAlive(left.pid));
  },
);

Deno.test("endLeftServices lets be whoever has the number by now", LINUX, async () => {
  await using other = await startLeft("", "cd".repeat(16));
  const logger = new MemoryLogger();
  await endLeftServices([knownOf(other.pid, { start: "1" })], { logger });
  assertEquals([isAlive(other.pid), logger.events], [true, []]);
});
