import { type DueHook, newDueHook } from "../../../agent/hooks/due_hook.ts";
import { HookActions, type HookPowers } from "../../../agent/hooks/hook_actions.ts";
import type { HookProgram } from "../../../agent/hooks/hook_program.ts";
import { type Hook, StorageError } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { runHook, SIGNER, wantedState } from "../../support/hook_manifest.ts";
import { ENDS } from "../../support/played_hooks.ts";

const OWN_PID = 4_000;
const OWN_UID = 500;

/** A place where each action is written down in place of being done. */
function play(
  more: {
    readonly pid?: number | null;
    readonly fileUid?: number;
    readonly powers?: Partial<HookPowers>;
  } = {},
) {
  const done: string[] = [];
  const programs: HookProgram[] = [];
  const powers: HookPowers = {
    programs: { resolve: (name) => name === "nginx" ? "/usr/sbin/nginx" : null },
    runProgram: (program) => {
      programs.push(program);
      return Promise.resolve(ENDS.ran);
    },
    kill: (pid, signal) => void done.push(`${signal} to ${pid}`),
    ownerOf: () => null,
    application: { signal: (name) => void done.push(`${name} to the application`) },
    env: { PATH: "/bin" },
    ...more.powers,
  };
  const options = {
    files: {
      touch: (path: string) => {
        if (path === "refused") throw new StorageError("path-refused", "no");
        done.push(`touched ${path}`);
        return Promise.resolve();
      },
      readPid: () => {
        const { pid = 12, fileUid = OWN_UID } = more;
        return Promise.resolve(pid === null ? null : { pid, uid: fileUid });
      },
    },
    workingFolder: "/files",
    ownPid: OWN_PID,
    ownUid: OWN_UID,
  };
  return { done, programs, options, actions: new HookActions({ ...options, powers }) };
}

function callOf(hook: Hook, more: Partial<DueHook> = {}) {
  const due = newDueHook({ hook: hook.name, declaredBy: SIGNER, state: "00".repeat(32) });
  return { hook, manifest: wantedState({ hooks: [hook] }), due: { ...due, ...more } };
}

function touch(path: string): Hook {
  return { name: "touch", action: { kind: "touch", path }, timeoutS: 1 };
}

function signal(name: string, pidFile: string | null = null): Hook {
  return { name: "signal", action: { kind: "signal", signal: name, pidFile }, timeoutS: 1 };
}

const STOP = new AbortController().signal;

Deno.test("HookActions touches a file for whoever declares it, in every agent", async () => {
  const { options, done } = play();
  const actions = new HookActions({ ...options, powers: null });
  const call = callOf(touch("changed"), { declaredBy: null });
  assertEquals((await actions.perform(call, STOP)).outcome, "ran");
  assertEquals(done, ["touched changed"]);
  const { outcome, code } = await actions.perform(callOf(touch("refused")), STOP);
  assertEquals([outcome, code], ["failed", "path-refused"]);
});

Deno.test("HookActions runs a program that is allowed, in the working folder, and says why", async () => {
  const { actions, programs } = play();
  const call = callOf(runHook("reload", ["nginx", "-s", "reload"]), {
    changedFiles: ["tls/key", "tls/cert"],
  });
  assertEquals(await actions.perform(call, STOP), ENDS.ran);
  assertEquals(programs, [{
    path: "/usr/sbin/nginx",
    args: ["-s", "reload"],
    cwd: "/files",
    env: {
      PATH: "/bin",
      FLUXVAULT_CHANGE_ID: call.due.changeId,
      FLUXVAULT_HOOK: "reload",
      FLUXVAULT_CHANGED_FILES: "tls/key\ntls/cert",
    },
    timeoutMs: 30_000,
  }]);
  await actions.perform({ ...call, due: { ...call.due, isCut: true } }, STOP);
  assertEquals(programs[1]?.env["FLUXVAULT_CHANGED_FILES_CUT"], "1");
});

Deno.test("HookActions sends the application a signal, or the process that a file names", async () => {
  const { actions, done } = play();
  for (const hook of [signal("SIGHUP"), signal("SIGUSR1", "app.pid")]) {
    assertEquals((await actions.perform(callOf(hook), STOP)).outcome, "ran");
  }
  assertEquals(done, ["SIGHUP to the application", "SIGUSR1 to 12"]);
});

Deno.test("HookActions signals neither everything, nor number 1, nor itself", async () => {
  for (const pid of [0, 1, OWN_PID]) {
    const { actions, done } = play({ pid });
    const { outcome, code } = await actions.perform(callOf(signal("SIGHUP", "app.pid")), STOP);
    assertEquals([outcome, code, done], ["refused", "hook-refused", []]);
  }
});

Deno.test("HookActions signals for a user whose file it is no process of another", async () => {
  const cases = [
    { fileUid: 1_000, owner: 1_000, outcome: "ran" },
    { fileUid: 1_000, owner: 0, outcome: "refused" },
    { fileUid: 1_000, owner: OWN_UID, outcome: "refused" },
    { fileUid: 1_000, owner: null, outcome: "ran" },
    { fileUid: 0, owner: 1_000, outcome: "ran" },
    { fileUid: OWN_UID, owner: 1_000, outcome: "ran" },
  ];
  for (const { fileUid, owner, outcome } of cases) {
    const { actions, done } = play({ fileUid, powers: { ownerOf: () => owner } });
    const end = await actions.perform(callOf(signal("SIGHUP", "app.pid")), STOP);
    assertEquals(end.outcome, outcome);
    assertEquals(done, outcome === "ran" ? ["SIGHUP to 12"] : []);
  }
});

Deno.test("HookActions fails where there is no such process", async () => {
  const gone = () => {
    throw new Deno.errors.NotFound("ESRCH");
  };
  const forbidden = () => {
    throw new Deno.errors.PermissionDenied("EPERM");
  };
  const cases = [
    [{ pid: null }, "hook-no-process"],
    [{ powers: { kill: gone } }, "hook-no-process"],
    [{ powers: { kill: forbidden } }, "permission-denied"],
  ] as const;
  for (const [more, code] of cases) {
    const end = await play(more).actions.perform(callOf(signal("SIGHUP", "app.pid")), STOP);
    assertEquals([end.outcome, end.code], ["failed", code]);
  }
});

const REFUSED: Readonly<Record<string, Parameters<typeof play>[0] & { hook: Hook; by?: null }>> = {
  "a program that is not allowed": { hook: runHook("x", ["sh", "-c", "id"]) },
  "a program for whoever signs nothing": { hook: runHook("x", ["nginx"]), by: null },
  "a signal for whoever signs nothing": { hook: signal("SIGHUP"), by: null },
  "a signal that ends whoever gets it": { hook: signal("SIGKILL") },
  "a signal that is none": { hook: signal("SIGNAL") },
  "a signal to no application": { hook: signal("SIGHUP"), powers: { application: null } },
};

for (const [name, { hook, by, ...more }] of Object.entries(REFUSED)) {
  Deno.test(`HookActions refuses ${name}`, async () => {
    const { actions, done, programs } = play(more);
    const call = callOf(hook, by === null ? { declaredBy: null } : {});
    assertEquals(actions.refusalOf(call), "hook-refused");
    const { outcome, code } = await actions.perform(call, STOP);
    assertEquals([outcome, code, done, programs], ["refused", "hook-refused", [], []]);
  });
}

Deno.test("HookActions of an agent that cannot run programs refuses all but touching", async () => {
  const { options } = play();
  const actions = new HookActions({ ...options, powers: null });
  for (const hook of [runHook("x", ["nginx"]), signal("SIGHUP"), signal("SIGHUP", "app.pid")]) {
    assertEquals((await actions.perform(callOf(hook), STOP)).outcome, "refused");
  }
  assertEquals(actions.refusalOf(callOf(touch("changed"))), null);
});
