/**
 * Rule: `.ci/run` counts the tests that really ran, and passes only when some ran and nothing failed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PROJECT_ROOT } from "../../dist/tasks/derived_config.ts";
import { assertEquals } from "../support/assert.ts";

/** What the stand-in for npx says and how it ends, by task; other tasks say nothing and end with 0. */
type Script = Readonly<Record<string, { readonly says?: string; readonly status?: number }>>;

/** Runs `.ci/run` with a stand-in for npx; returns its last line and its exit status. */
async function runWith(script: Script, ci: "true" | "" = ""): Promise<[string, number]> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-ci-" });
  try {
    const cases = Object.entries(script).map(([task, { says = "", status = 0 }]) =>
      `"task ${task}") echo '${says}'; exit ${status};;`
    );
    const suites = Object.keys(script).filter((task) => task.startsWith("test:")).join(" ");
    await Deno.writeTextFile(
      `${folder}/npx`,
      `#!/bin/sh\nshift 2\ncase "$1 $2" in\n${cases.join("\n")}\neval*) echo ${suites};;\nesac\n`,
      { mode: 0o755 },
    );
    const command = new Deno.Command("bash", {
      args: [fileURLToPath(new URL(".ci/run", PROJECT_ROOT))],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, CI: ci },
      stdin: "null",
    });
    const { code, stdout } = await command.output();
    return [new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "", code];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CASES: readonly {
  readonly name: string;
  readonly script: Script;
  readonly ci?: "true";
  readonly expected: readonly [string, number];
}[] = [
  {
    name: "adds up the suites",
    script: {
      "test": { says: "ok | 20 passed (2 steps) | 0 failed | 1 ignored (8ms)" },
      "test:containers": { says: "ok | 3 passed | 0 failed | 7 filtered out (8ms)" },
    },
    expected: ["23 passed, 0 failed, 1 skipped", 0],
  },
  {
    name: "counts failed tests",
    script: { "test": { says: "FAILED | 5 passed | 2 failed (1 step) (3ms)", status: 1 } },
    expected: ["5 passed, 2 failed", 1],
  },
  {
    name: "counts a suite that does not come to its tests",
    script: {
      "test": { says: "ok | 5 passed | 0 failed (1ms)" },
      "test:containers": { says: "error: Type checking failed.", status: 1 },
    },
    expected: ["5 passed, 1 failed", 1],
  },
  {
    name: "fails when no test ran",
    script: { "test": { says: "ok | 0 passed | 0 failed (1ms)" } },
    expected: ["0 passed, 0 failed", 1],
  },
  {
    name: "fails with the static checks",
    script: { "test": { says: "ok | 5 passed | 0 failed (1ms)" }, "ok": { status: 1 } },
    expected: ["5 passed, 1 failed", 1],
  },
  {
    name: "skips a suite that lacks something",
    script: {
      "test": { says: "ok | 5 passed | 0 failed (1ms)" },
      "test:containers": { says: "podman is not installed", status: 77 },
    },
    expected: ["5 passed, 0 failed, 1 skipped", 0],
  },
  {
    name: "lets nothing be lacking under CI",
    script: {
      "test": { says: "ok | 5 passed | 0 failed (1ms)" },
      "test:containers": { says: "podman is not installed", status: 77 },
    },
    ci: "true",
    expected: ["5 passed, 1 failed", 1],
  },
];

for (const { name, script, ci, expected } of CASES) {
  Deno.test({
    name: `ci run: ${name}`,
    ignore: Deno.build.os === "windows",
    fn: async () => assertEquals(await runWith(script, ci), [...expected]),
  });
}
