import { KEEPER_PROGRAM } from "../../../../keeper/program.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { jsonLines } from "../../../support/followed_process.ts";
import { writePlugin } from "../../../support/plugin_packages.ts";
import { type ProgramRun, runInProcess } from "../../../support/program.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const CODE = `plugin({
  actions: {
    add: ({ a, b }) => ({ sum: a + b }),
    boom: () => { throw new Error("canary"); },
    refuse: () => { throw Object.assign(new Error(), { code: "input-malformed" }); },
    say: () => "one",
    who: (_input, { agents }) => agents(),
    tell: (_input, { progress }) => { progress({ done: 1 }); },
  },
});`;
const ACTIONS = ["add", "boom", "refuse", "say", "who", "tell"];

interface Desk {
  readonly path: string;
  readonly folder: string;
  x(...args: readonly string[]): Promise<ProgramRun>;
}

function test(name: string, work: (desk: Desk) => Promise<void>): void {
  Deno.test(name, async () => {
    await using temporary = await temporaryFolder();
    const folder = temporary.path;
    const path = await writePlugin(`${folder}/helper.fvplugin`, CODE, { actions: ACTIONS });
    const x = (...args: readonly string[]) => {
      const all = ["x", ...args, "--plugin", path, "--state-dir", `${folder}/state`];
      return runInProcess(KEEPER_PROGRAM, all);
    };
    await work({ path, folder, x });
  });
}

test("x lists what there is, and starts nothing for it", async ({ x, folder }) => {
  const { code, stdout } = await x();
  assertEquals(code, 0);
  assertMatch(stdout, /^PLUGIN .*\nhelper +1\.0\.0 +add +-\n/);
  assertMatch((await x("helper")).stdout, /^helper 1\.0\.0, a plugin of the keeper\n/);
  assertEquals(jsonLines((await x("--json")).stdout).map(({ name }) => name), ["helper"]);
  assertEquals(await Deno.lstat(`${folder}/state`).catch(() => null), null);
});

test("x writes what a plugin answers", async ({ x }) => {
  const { code, stdout } = await x("helper", "add", "a:=1", "b:=2");
  assertEquals([code, stdout], [0, '{\n  "sum": 3\n}\n']);
  assertEquals((await x("helper", "say")).stdout, "one\n");
});

test("x writes what a plugin answers as JSON", async ({ x }) => {
  const [line] = jsonLines((await x("helper", "add", "a:=1", "b:=2", "--json")).stdout);
  assertEquals([line?.type, line?.outcome, line?.output], ["x", "answered", { sum: 3 }]);
});

test("x fails with a plugin that throws, and repeats nothing of it", async ({ x }) => {
  const { code, stdout, stderr } = await x("helper", "boom");
  assertEquals(code, 1);
  assertMatch(stdout, /^helper boom: failed \(failed\): it threw an error\n$/);
  assert(!(stdout + stderr).includes("canary"));
});

test("x takes for a mistake what a plugin does not take", async ({ x }) => {
  const { code, stdout } = await x("helper", "refuse");
  assertEquals(code, 2);
  assertMatch(stdout, /failed \(input-malformed\): it was given what it does not take/);
});

test("x shows how far a plugin is, unless that is not wanted", async ({ x }) => {
  assertEquals((await x("helper", "tell")).stderr, 'helper: {"done":1}\n');
  assertEquals((await x("helper", "tell", "--quiet")).stderr, "");
});

test("x says why a plugin finds no agents", async ({ x }) => {
  const { code, stdout, stderr } = await x("helper", "who");
  assertEquals([code, stdout], [1, "helper who: failed (config-invalid)\n"]);
  assertMatch(stderr, /A plugin asks for agents, which .*--app-name is missing/);
});

test("x puts on record which plugin was called", async ({ x, folder }) => {
  await x("helper", "add", "a:=1", "b:=2");
  const [line] = jsonLines(await Deno.readTextFile(`${folder}/state/audit.jsonl`));
  assertEquals([line?.event, line?.command, line?.plugin, line?.action], [
    "command",
    "x",
    "helper",
    "add",
  ]);
  const args = ["audit", "show", "--state-dir", `${folder}/state`];
  assertMatch((await runInProcess(KEEPER_PROGRAM, args)).stdout, /x, plugin helper, add\n/);
});

for (
  const [args, message, hint] of [
    [["helpr"], 'there is no plugin "helpr"', "Did you mean helper?"],
    [["other"], 'there is no plugin "other"', "There is: helper."],
    [["helper-add"], 'there is no plugin "helper-add"', "Write x helper add."],
    [["helper", "refused"], 'helper has no action "refused"', "Did you mean refuse?"],
    [["helper", "a=1"], "an action of helper has to be named before", "There is: add, boom"],
    [["helper", "add", "a"], "a member of the input has no form", "Write KEY=TEXT"],
    [["helper", "add", "a:=x"], "the input is not JSON", "Quote it"],
    [["helper", "add", "a=1", "--input", "f"], "--input has no use beside", "Leave one"],
  ] as const
) {
  test(`x says what is wrong with ${args.join(" ")}`, async ({ x }) => {
    const { code, stdout, stderr } = await x(...args);
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes(message) && stderr.includes(hint), stderr);
  });
}

Deno.test("x says how to name a plugin where there is none", async () => {
  const { code, stderr } = await runInProcess(KEEPER_PROGRAM, ["x"]);
  assertEquals(code, 2);
  assertMatch(stderr, /--plugin is missing.*\nhint: Name one: --plugin FILE/);
});
