import { readPrograms } from "../../../agent/commands/application_settings.ts";
import { ServedPrograms } from "../../../agent/commands/serve_programs.ts";
import type { HeldManifest } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { hookedFile, runHook, SIGNER, wantedState } from "../../support/hook_manifest.ts";
import { serveContext } from "../../support/serve_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

/** These run real programs of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

const WANTED = wantedState({
  hooks: [runHook("reload", ["sh", "-c", "echo run >>log; printenv FLUXVAULT_X"])],
  entries: [hookedFile("a", { hook: "reload" })],
});

async function open(
  { mayRun = true, held = null as HeldManifest | null, expired = [] as readonly string[] } = {},
) {
  const folder = await temporaryFolder();
  const start = async () => {
    const base = await serveContext(mayRun ? ["--allow-run", "sh"] : [], {
      PATH: "/usr/bin:/bin",
      FLUXVAULT_X: "own",
    });
    const context = { ...base, mayRun };
    await Deno.mkdir(`${folder.path}/files`, { recursive: true });
    await Deno.mkdir(`${folder.path}/state`, { recursive: true });
    const programs = await ServedPrograms.open(context, {
      settings: await readPrograms(context),
      workingFolder: `${folder.path}/files`,
      stateFolder: `${folder.path}/state`,
      store: { held, haveExpired: (paths) => paths.every((path) => expired.includes(path)) },
    });
    const end = new AbortController();
    const life = { signal: end.signal, end: () => end.abort() };
    return { programs, life };
  };
  return { start, path: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** What an agent vouches for: all of the manifest. */
const RESTORED = {
  isVouched: true,
  signer: SIGNER,
  manifest: { manifest: WANTED, declaredBy: SIGNER } as unknown as HeldManifest,
  departed: [],
} as const;

Deno.test(
  "ServedPrograms runs hooks in the working folder, without what is the agent's own",
  UNIX,
  async () => {
    await using yard = await open();
    const { programs, life } = await yard.start();
    const running = programs.run(life);
    await programs.hooks.mark(WANTED, ["a"]);
    const [told] = await programs.hooks.finish(["a"]);
    assertEquals([told?.outcome, told?.exitStatus, told?.output], ["failed", 1, ""]);
    assertEquals(await Deno.readTextFile(`${yard.path}/files/log`), "run\n");
    life.end();
    assertEquals(await running, 0);
  },
);

Deno.test(
  "ServedPrograms runs at its start what was due, where all is as it was signed",
  UNIX,
  async () => {
    await using yard = await open();
    const first = await yard.start();
    await first.programs.hooks.mark(WANTED, ["a"]);
    const { programs, life } = await yard.start();
    const departed = [{ path: "a", condition: "missing" }] as const;
    await programs.noteRestored({ ...RESTORED, departed });
    await programs.noteRestored({ isVouched: false, reason: "unsigned", manifest: null });
    await programs.hooks.mark(wantedState({ declaredBy: null }), []);
    await programs.hooks.finish([]);
    assertEquals([...Deno.readDirSync(`${yard.path}/files`)], []);
    await programs.noteRestored(RESTORED);
    await programs.hooks.mark(WANTED, []);
    assertEquals((await programs.hooks.finish([])).map(({ attempts }) => attempts), [1]);
    const running = programs.run(life);
    life.end();
    await running;
  },
);

Deno.test("ServedPrograms refuses programs in an agent that may run none", async () => {
  await using yard = await open({ mayRun: false });
  const { programs, life } = await yard.start();
  await programs.hooks.mark(WANTED, ["a"]);
  const [told] = await programs.hooks.finish(["a"]);
  assertEquals([told?.outcome, told?.code], ["refused", "hook-refused"]);
  const running = programs.run(life);
  life.end();
  assertEquals(await running, 0);
});

Deno.test(
  "ServedPrograms knows the hook of what is removed from the manifest that is held",
  UNIX,
  async () => {
    await using yard = await open({ held: RESTORED.manifest });
    const { programs, life } = await yard.start();
    await programs.hooks.mark({ ...WANTED, entries: [] }, ["a"]);
    assertEquals((await programs.hooks.finish(["a"])).map(({ hook }) => hook), ["reload"]);
    const running = programs.run(life);
    life.end();
    await running;
  },
);

Deno.test(
  "ServedPrograms runs at its start what was due where all that is not there has expired",
  UNIX,
  async () => {
    await using yard = await open({ expired: ["a"] });
    const first = await yard.start();
    await first.programs.hooks.mark(WANTED, ["a"]);
    const { programs, life } = await yard.start();
    const missing = (path: string) => ({ path, condition: "missing" }) as const;
    await programs.noteRestored({ ...RESTORED, departed: [missing("a"), missing("b")] });
    assertEquals([...Deno.readDirSync(`${yard.path}/files`)], []);
    await programs.noteRestored({ ...RESTORED, departed: [missing("a")] });
    await programs.hooks.mark(WANTED, []);
    assertEquals((await programs.hooks.finish([])).map(({ attempts }) => attempts), [1]);
    const running = programs.run(life);
    life.end();
    await running;
  },
);
