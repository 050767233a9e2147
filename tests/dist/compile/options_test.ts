import { BUILD_HELP, parseBuildOptions, UsageError } from "../../../dist/compile/options.ts";
import { PROGRAMS } from "../../../dist/compile/programs.ts";
import { TARGETS } from "../../../dist/compile/targets.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const HERE = "aarch64-apple-darwin";

function parse(...args: string[]) {
  return parseBuildOptions(args, HERE);
}

Deno.test("parseBuildOptions builds everything for this machine by default", () => {
  assertEquals(parse(), {
    programs: PROGRAMS,
    targets: [HERE],
    baseFolder: undefined,
    recordSums: false,
    output: undefined,
  });
});

Deno.test("parseBuildOptions takes targets, all of them, or none", () => {
  const windows = "x86_64-pc-windows-msvc";
  const twice = parse("--target", windows, `--target=${HERE}`, "--target", windows);
  assertEquals(twice?.targets, [windows, HERE]);
  assertEquals(parse("--all")?.targets, [...TARGETS]);
  assertEquals(parse("--bundle")?.targets, []);
});

Deno.test("parseBuildOptions takes programs, a folder with runtimes, and another for what is built", () => {
  const options = parse(
    ...["--program", "fluxvault-keeper", "--base-folder", "/b", "--output", "/o", "--record-sums"],
  );
  assertEquals(options?.programs.map(({ name }) => name), ["fluxvault-keeper"]);
  assertEquals([options?.baseFolder, options?.output], ["/b", "/o"]);
  assertEquals(options?.recordSums, true);
});

Deno.test("parseBuildOptions leads to the help, which names all that there is", () => {
  assertEquals(parse("--help"), null);
  for (const { name } of PROGRAMS) assert(BUILD_HELP.includes(name));
  for (const target of TARGETS) assert(BUILD_HELP.includes(target));
});

for (
  const [what, args, hint] of [
    ["an unknown option", ["--targets=all"], "--help"],
    ["an argument", ["all"], "--help"],
    ["an unknown target", ["--target", "x86_64-unknown-linux-musl"], "x86_64-unknown-linux-gnu"],
    ["an unknown program", ["--program", "agent"], "fluxvault-agent-run"],
    ["all targets and one", ["--all", "--target", HERE], "leave one of them out"],
    ["a bundle for a target", ["--bundle", "--all"], "leave one of them out"],
  ] as const
) {
  Deno.test(`parseBuildOptions refuses ${what}`, () => {
    const error = assertThrows(() => parse(...args), UsageError);
    assert(error.hint.includes(hint), error.hint);
  });
}

Deno.test("parseBuildOptions refuses a machine that nothing can be compiled for", () => {
  assertThrows(() => parseBuildOptions([], "x86_64-unknown-freebsd"), UsageError);
  assertEquals(parseBuildOptions(["--bundle"], "x86_64-unknown-freebsd")?.targets, []);
});
