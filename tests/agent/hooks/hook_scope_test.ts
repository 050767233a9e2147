import { scopeOf, wantedStates } from "../../../agent/hooks/hook_scope.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { hookedFile, hookedFolder, runHook, wantedState } from "../../support/hook_manifest.ts";

const HOOKS = [runHook("reload"), runHook("other")];

/** Returns the hooks of changes as a plain object. */
function scope(
  manifest: ReturnType<typeof wantedState>,
  paths: readonly string[],
  previous: ReturnType<typeof wantedState> | null = null,
): Record<string, readonly string[]> {
  return Object.fromEntries(scopeOf(manifest, { paths, previous }));
}

Deno.test("scopeOf finds the hook of each entry that changes", () => {
  const entries = [
    hookedFile("a", { hook: "reload" }),
    hookedFile("b", { hook: "other" }),
    hookedFile("c"),
  ];
  const manifest = wantedState({ hooks: HOOKS, entries });
  assertEquals(scope(manifest, ["a", "c"]), { reload: ["a"] });
  assertEquals(scope(manifest, ["a", "b"]), { reload: ["a"], other: ["b"] });
  assertEquals(scope(manifest, []), {});
});

Deno.test("scopeOf finds for what is removed the hook of the folder above", () => {
  const entries = [hookedFolder("tls", "reload"), hookedFolder("tls/old")];
  const manifest = wantedState({ hooks: HOOKS, entries });
  assertEquals(scope(manifest, ["tls/old/key"]), { reload: ["tls/old/key"] });
  assertEquals(scope(manifest, ["tls/old"]), {});
});

Deno.test("scopeOf finds for what is removed the hook that it had before", () => {
  const previous = wantedState({ hooks: HOOKS, entries: [hookedFile("a", { hook: "reload" })] });
  const manifest = wantedState({ hooks: HOOKS });
  assertEquals(scope(manifest, ["a"], previous), { reload: ["a"] });
  assertEquals(scope(manifest, ["a"]), {});
  assertEquals(scope(manifest, ["b"], previous), {});
});

Deno.test("scopeOf finds the hooks of all that was in a folder that is removed whole", () => {
  const entries = [
    hookedFile("tls/a", { hook: "reload" }),
    hookedFile("tls/deep/b", { hook: "other" }),
    hookedFile("tlsx/c", { hook: "other" }),
  ];
  const previous = wantedState({ hooks: HOOKS, entries });
  const manifest = wantedState({ hooks: HOOKS });
  assertEquals(scope(manifest, ["tls"], previous), { reload: ["tls"], other: ["tls"] });
});

Deno.test("scopeOf leaves out hooks that the manifest no longer defines", () => {
  const previous = wantedState({ hooks: HOOKS, entries: [hookedFile("a", { hook: "reload" })] });
  assertEquals(scope(wantedState({ hooks: [runHook("other")] }), ["a"], previous), {});
});

Deno.test("scopeOf tells of no file that a hook itself makes", () => {
  const touch = {
    name: "reload",
    action: { kind: "touch", path: "tls/changed" },
    timeoutS: 1,
  } as const;
  const manifest = wantedState({ hooks: [touch], entries: [hookedFolder("tls", "reload")] });
  assertEquals(scope(manifest, ["tls/changed"]), {});
  assertEquals(scope(manifest, ["tls/other"]), { reload: ["tls/other"] });
});

Deno.test("wantedStates differ with what an entry of the hook declares, and with nothing else", async () => {
  const state = async (entries: ReturnType<typeof wantedState>["entries"]) => {
    return (await wantedStates(wantedState({ hooks: HOOKS, entries }), ["reload"])).get("reload");
  };
  const own = hookedFile("a", { hook: "reload" });
  const first = await state([own, hookedFile("b")]);
  assertEquals(first?.length, 64);
  assertEquals(await state([own, hookedFile("b", { digest: "cd".repeat(32) })]), first);
  const changes = [
    [hookedFile("a", { hook: "reload", digest: "cd".repeat(32) })],
    [{ ...own, mode: 0o640 }],
    [{ ...own, uid: 5 }],
    [{ ...own, gid: 5 }],
    [own, hookedFile("c", { hook: "reload" })],
    [],
  ];
  const states = await Promise.all(changes.map(state));
  assertEquals(new Set([...states, first]).size, changes.length + 1);
});

Deno.test("wantedStates work out the hooks that are asked for alone", async () => {
  const states = await wantedStates(wantedState({ hooks: HOOKS }), ["other"]);
  assertEquals([...states.keys()], ["other"]);
  assert((await wantedStates(wantedState({ hooks: HOOKS }), [])).size === 0);
});
