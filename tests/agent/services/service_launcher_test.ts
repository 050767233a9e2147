import { OwnChildren } from "../../../agent/application/own_children.ts";
import { AllowedPrograms } from "../../../agent/hooks/mod.ts";
import { LogRing } from "../../../agent/services/log_ring.ts";
import { ProcessLauncher } from "../../../agent/services/service_launcher.ts";
import type { RunningService } from "../../../agent/services/services_file.ts";
import { type Service, StorageError } from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { isAlive } from "../../support/service_site.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

function shell(script: string, more: Partial<Service> = {}): Service {
  return serviceOf("web", { command: ["sh", "-c", script], ...more });
}

function play(workingFolder: string) {
  const saved: (readonly RunningService[])[] = [];
  const launcher = new ProcessLauncher({
    programs: new AllowedPrograms(["sh"], Deno.env.get("PATH") ?? ""),
    files: {
      open: () => Promise.reject(new Error("no file is opened")),
      read: (path) => {
        if (path !== "a") return Promise.reject(new StorageError("file-missing", "none"));
        return Promise.resolve(new TextEncoder().encode("one\n"));
      },
    },
    workingFolder,
    env: { PATH: Deno.env.get("PATH") ?? "", OWN: "kept" },
    children: new OwnChildren(),
    journal: {
      known: [],
      save: (running) => {
        saved.push(running);
        return Promise.resolve();
      },
    },
  });
  return { launcher, saved, log: new LogRing() };
}

function textOf(log: LogRing): string {
  return new TextDecoder().decode(log.read().bytes);
}

Deno.test(
  "ProcessLauncher gives a program its variables, its folder and no others, and keeps its last words",
  LINUX,
  async () => {
    await using folder = await temporaryFolder();
    const { launcher, log } = play(folder.path);
    const script =
      'echo "$OWN $PLAIN $SECRET $FLUXVAULT_SERVICE"; pwd; echo "last words" >&2; exit 3';
    const process = await launcher.launch(
      shell(script, {
        variables: new Map([["PLAIN", "p q"]]),
        fileVariables: new Map([["SECRET", "a"]]),
      }),
      log,
    );
    assertEquals(await process.ended, { exitStatus: 3, signal: null });
    await process.endGroup();
    assertEquals(
      textOf(log).split("\n").sort(),
      [
        "",
        folder.path,
        "kept p q one web",
        "last words",
      ].sort(),
    );
  },
);

Deno.test(
  "ProcessLauncher remembers what runs before it does, and forgets it with its end",
  LINUX,
  async () => {
    await using folder = await temporaryFolder();
    const { launcher, log, saved } = play(folder.path);
    const process = await launcher.launch(shell("exec sleep 60"), log);
    await launcher.settle();
    const [before, during] = saved;
    assertEquals([before?.[0]?.pid, during?.[0]?.pid], [null, process.pid]);
    assertEquals(before?.[0]?.run, during?.[0]?.run);
    process.signal("SIGTERM");
    assertEquals((await process.ended).signal, "SIGTERM");
    await process.endGroup();
    await process.endGroup();
    await launcher.settle();
    assertEquals([saved.length, saved.at(-1)], [3, []]);
  },
);

Deno.test(
  "ProcessLauncher ends with a process all that it started, and is not held up by its output",
  LINUX,
  async () => {
    await using folder = await temporaryFolder();
    const { launcher, log } = play(folder.path);
    const process = await launcher.launch(shell("sleep 60 & echo $!; wait"), log);
    await log.next(0, new AbortController().signal);
    const child = textOf(log).trim();
    assert(isAlive(child) && (process.residentBytes() ?? 0) > 100_000);
    await process.endGroup();
    assertEquals([isAlive(child), isAlive(process.pid)], [false, false]);
  },
);

Deno.test(
  "ProcessLauncher starts nothing without its files, or that is not there",
  LINUX,
  async () => {
    await using folder = await temporaryFolder();
    const { launcher, log, saved } = play(folder.path);
    const lacking = shell("true", { fileVariables: new Map([["A", "b"]]) });
    await assertRejects(() => launcher.launch(lacking, log), StorageError, "file-missing");
    const nowhere = shell("true", { folder: "nowhere" });
    await assertRejects(() => launcher.launch(nowhere, log), Deno.errors.NotFound);
    await launcher.settle();
    assertEquals(saved.at(-1), []);
  },
);

Deno.test("ProcessLauncher refuses what nobody signed, or nobody allowed", () => {
  const { launcher } = play("/");
  const health = { command: ["curl"], intervalS: 1, timeoutS: 1, retries: 1 };
  const refusals = [
    launcher.refusalOf(shell("true"), "1Keeper"),
    launcher.refusalOf(shell("true"), null),
    launcher.refusalOf(serviceOf("web", { command: ["curl"] }), "1Keeper"),
    launcher.refusalOf(shell("true", { health }), "1Keeper"),
    launcher.refusalOf(shell("true", { stopSignal: "SIGSEGV" }), "1Keeper"),
    launcher.refusalOf(shell("true", { variables: new Map([["PATH", "/x"]]) }), "1Keeper"),
    launcher.refusalOf(shell("true", { fileVariables: new Map([["LD_AUDIT", "a"]]) }), "1Keeper"),
  ];
  const refused = "service-refused";
  assertEquals(refusals, [null, ...Array(6).fill(refused)]);
});

Deno.test("ProcessLauncher looks at the health by the exit status, in time", LINUX, async () => {
  await using folder = await temporaryFolder();
  const { launcher } = play(folder.path);
  const check = (script: string) => {
    const health = { command: ["sh", "-c", script], intervalS: 1, timeoutS: 1, retries: 1 };
    return launcher.checkHealth(shell("true", { health }), new AbortController().signal);
  };
  assertEquals(await check("exit 0"), true);
  assertEquals(await check("exit 1"), false);
  assertEquals(await check("sleep 60"), false);
});
