import { readPrograms } from "../../../agent/commands/application_settings.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { serveContext } from "../../support/serve_context.ts";

/** These settings need a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

async function read(
  args: readonly string[],
  { rest = ["nginx", "-g", "x"], mayRun = true }: {
    readonly rest?: readonly string[] | null;
    readonly mayRun?: boolean;
  } = {},
) {
  const context = await serveContext(args, { PATH: "/bin" });
  return readPrograms({ ...context, rest, mayRun });
}

Deno.test(
  "readPrograms takes a command as it is, and waits for all files for ever",
  UNIX,
  async () => {
    const { application, allowed } = await read([]);
    assertEquals(application, {
      command: ["nginx", "-g", "x"],
      waitFor: [],
      waitTimeoutMs: null,
      onChange: "none",
      stopTimeoutMs: 10_000,
      inputs: { variables: new Map(), descriptors: new Map() },
    });
    assertEquals(allowed?.names, []);
  },
);

Deno.test(
  "readPrograms reads what the command gets, and waits for it where it waits for some",
  UNIX,
  async () => {
    const inputs = ["--env=A=x/y,B_2=z", "--env", "c=x/y", "--fd=3=k,12=/run/l", "--stdin", "in"];
    const all =
      (await read([...inputs, "--on-change", "SIGHUP", "--stop-timeout", "3"])).application;
    assertEquals(all?.inputs.variables, new Map([["A", "x/y"], ["B_2", "z"], ["c", "x/y"]]));
    assertEquals(all?.inputs.descriptors, new Map([[0, "in"], [3, "k"], [12, "/run/l"]]));
    assertEquals([all?.onChange, all?.stopTimeoutMs, all?.waitFor], ["SIGHUP", 3_000, []]);
    const some = (await read([...inputs, "--wait-for=w", "--wait-timeout=2m"])).application;
    assertEquals(some?.waitFor, ["w", "x/y", "z", "in", "k", "/run/l"]);
    assertEquals(some?.waitTimeoutMs, 120_000);
  },
);

Deno.test("readPrograms knows the programs for hooks also where no command is started", async () => {
  const { application, allowed } = await read(["--allow-run=nginx,/bin/sh"], { rest: null });
  assertEquals([application, allowed?.names], [null, ["nginx", "/bin/sh"]]);
  const none = await read([], { rest: null, mayRun: false });
  assertEquals(none, { application: null, allowed: null });
});

Deno.test("readPrograms takes nothing from a command that knows none of it", async () => {
  const context = await serveContext([]);
  const settings = { ...context.settings, application: null };
  const read = await readPrograms({ ...context, settings, mayRun: true });
  assertEquals(read, { application: null, allowed: null });
});

const MISTAKES: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [["--env", "A"], /--env has "A", which names no file/],
  [["--env", "1A=x"], /"1A", which is no name of a variable/],
  [["--env", "A-B=x"], /"A-B", which is no name/],
  [["--env", "=x"], /"", which is no name/],
  [["--env", "FLUXVAULT_X=x"], /what begins so is the agent's own/],
  [["--env", "A=x,A=y"], /gives A twice/],
  [["--env", "A=../x"], /has a path that has the segment ".."/],
  [["--env", "A="], /has a path that is empty/],
  [["--fd", "2=x"], /"2", which is no number from 3 to 63/],
  [["--fd", "64=x"], /"64", which is no number/],
  [["--fd", "x=x"], /"x", which is no number/],
  [["--fd", "3=x,3=y"], /gives 3 twice/],
  [["--fd", "3=/"], /has a path that/],
  [["--stdin", "a//b"], /--stdin has a path that has an empty segment/],
  [["--wait-for", "a,./b"], /--wait-for has a path that has the segment "."/],
  [["--allow-run", "bin/x"], /--allow-run cannot be used: "bin\/x" is neither/],
];

for (const [args, says] of MISTAKES) {
  Deno.test(`readPrograms refuses ${args.join(" ")}`, UNIX, async () => {
    const context = await serveContext(args);
    const error = await assertRejects(
      () => readPrograms({ ...context, rest: ["true"], mayRun: true }),
      ConfigError,
    );
    assertMatch(error.message, says);
  });
}

for (const args of ["wait-for=a", "wait-timeout=1", "on-change=none", "env=A=a", "stdin=a"]) {
  Deno.test(`readPrograms refuses --${args} without a command`, async () => {
    const context = await serveContext([`--${args}`]);
    const error = await assertRejects(
      () => readPrograms({ ...context, mayRun: true }),
      ConfigError,
    );
    assertMatch(error.message, /has no use without a command/);
  });
}

Deno.test("readPrograms refuses all of it in an agent that may run nothing, and says which may", async () => {
  const asked = await serveContext(["--allow-run", "nginx"]);
  const started = { ...await serveContext([]), rest: ["nginx"] };
  for (const context of [asked, started]) {
    const error = await assertRejects(
      () => readPrograms({ ...context, mayRun: false }),
      ConfigError,
    );
    assertMatch(error.message, /started without the permission to run programs/);
    assert(error.hint?.includes("deno task agent:run"));
  }
});

Deno.test("readPrograms refuses an empty command", async () => {
  const context = await serveContext([]);
  for (const rest of [[], [""]]) {
    await assertRejects(() => readPrograms({ ...context, rest, mayRun: true }), ConfigError);
  }
});
