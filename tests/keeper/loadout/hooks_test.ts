import { readHooks } from "../../../keeper/loadout/hooks.ts";
import { MAX_HOOK_COMMAND_BYTES } from "../../../keeper/loadout/limits.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { encodeManifest, limits } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function read(text: string) {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const hooks = readHooks(tree, problems);
  return { hooks, errors: problems.errors().map(({ problem }) => problem) };
}

Deno.test("readHooks reads the three kinds of hooks", () => {
  const { hooks, errors } = read(`
reload: { run: [nginx, -s, reload], timeout: 2m }
tell: { touch: run/changed }
hup: { signal: SIGHUP }
other: { signal: SIGUSR1, pid_file: /run/x.pid, timeout: 5 }
`);
  assertEquals(errors, []);
  assertEquals([...hooks.values()].map((written) => written?.hook), [
    { name: "reload", action: { kind: "run", command: ["nginx", "-s", "reload"] }, timeoutS: 120 },
    { name: "tell", action: { kind: "touch", path: "run/changed" }, timeoutS: 30 },
    { name: "hup", action: { kind: "signal", signal: "SIGHUP", pidFile: null }, timeoutS: 30 },
    {
      name: "other",
      action: { kind: "signal", signal: "SIGUSR1", pidFile: "/run/x.pid" },
      timeoutS: 5,
    },
  ]);
  assertEquals(hooks.get("hup")?.place.text, "f:4:1");
});

Deno.test("readHooks keeps the name of a hook that cannot be used, so that it counts as defined", () => {
  const { hooks, errors } = read("reload: { run: nginx -s reload }\n");
  assertEquals([...hooks], [["reload", null]]);
  assertEquals(errors.length, 1);
});

Deno.test("readHooks bounds a command so that it fits into a manifest", async () => {
  const words = (count: number, word: string) =>
    `a: { run: ${JSON.stringify(Array(count).fill(word))}, timeout: 3600 }`;
  const [most, longest] = [limits.MAX_HOOK_ARGUMENTS, MAX_HOOK_COMMAND_BYTES - 4];
  const good = [words(most, "x"), words(1, "x".repeat(longest)), words(1, '"'.repeat(longest / 2))];
  for (const text of good) {
    const { hooks, errors } = read(text.replace("a:", `${"a".repeat(63)}:`));
    assertEquals(errors, []);
    await encodeManifest([], { hooks: [...hooks.values()].flatMap((one) => one?.hook ?? []) });
  }
  const bad = [words(most + 1, "x"), words(1, "x".repeat(longest + 1)), words(1, "x\0y")];
  bad.push(words(1, "\u00e9".repeat(longest / 2 + 1)), words(1, '"'.repeat(longest / 2 + 1)));
  assertEquals(bad.map((text) => read(text).errors.length), bad.map(() => 1));
});

Deno.test("readHooks bounds the number of hooks by that of a manifest", () => {
  const hooks = (count: number) =>
    Array.from({ length: count }, (_, i) => `h${i}: { touch: x }\n`).join("");
  assertEquals(read(hooks(limits.MAX_HOOKS)).errors, []);
  assertEquals(read(hooks(limits.MAX_HOOKS + 1)).errors.length, 1);
});

Deno.test("readHooks refuses a hook of two kinds, of none, and a pid_file without a signal", () => {
  assertEquals(read("a: { run: [x], touch: y }").errors, ['the hook "a" has run and touch']);
  assertEquals(read("a: {}").errors, ['the hook "a" does nothing']);
  assertEquals(read("a: { run: [x], pid_file: /y }").errors, [
    "pid_file has no use without signal",
  ]);
  assertEquals(read("a: { signal: hup }").errors, ['signal is "hup"']);
  assertEquals(read("A: { touch: x }").errors, ['a hook cannot be called "A"']);
});
