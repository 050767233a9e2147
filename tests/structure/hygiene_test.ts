/**
 * Rule: the tree holds what the house has room for and nothing of the machine it was written on: a
 * fixed top level, plain file names, no left-overs, no paths of a machine, no registry by host name,
 * and no `console` in the library.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { codeLines, type FileMap, isSource, readProjectFiles } from "./project_files.ts";

const TOP_LEVEL = new Set([
  ".ci",
  ".github",
  ".gitignore",
  "LICENSE",
  "README.md",
  "agent",
  "deno.json",
  "deno.lock",
  "dist",
  "flux",
  "keeper",
  "mod.ts",
  "protocol",
  "tests",
]);

/** Data, in which any run of letters may stand. */
const DATA = /^(?:deno\.lock$|tests\/(?:vectors|fixtures)\/.*\.(?!ts$|md$)[a-z0-9]+$)/;

/** What must not stand in a file, where it must not, and why; spelt so as not to find itself. */
const FORBIDDEN: readonly (readonly [pattern: RegExp, where: RegExp, reason: string])[] = [
  [/\b(?:TO[D]O|FIX[M]E|XX[X])\b/, /^/, "a left-over"],
  [/(?<![\w.])\/wor[k]\/|(?<![\w-])share[d]\//, /^/, "a path of a machine"],
  [/(?<![\w.])\/(?:home|root)\/|\b[A-Z]:\\Users\\/, /^(?!tests\/)/, "a path of a machine"],
  [
    /\b(?:registry\.npmj[s]\.org|npmj[s]\.com|jsr\.i[o]|registry\.yarnpk[g]\.com)\b/,
    /^/,
    "a registry by host name",
  ],
];

/** Only what stands at the end of a program may print. */
const PRINTERS = /^protocol\/host\/|(?:^|\/)main\.ts$/;

function checkName(path: string): string[] {
  const violations: string[] = [];
  const top = path.split("/")[0] ?? "";
  if (!TOP_LEVEL.has(top)) violations.push(`${path}: ${top} has no place at the top level`);
  if (!/^[A-Za-z0-9._/-]+$/.test(path)) violations.push(`${path}: not a plain name`);
  if (path.endsWith(".ts") && !/^(?:[a-z0-9_]+\/)*[a-z0-9_]+\.ts$/.test(path)) {
    violations.push(`${path}: not in snake_case`);
  }
  if (/(?:^|\/)(?:utils?|helpers?|common|types|misc)(?:\.ts|\/)/.test(path)) {
    violations.push(`${path}: the name says nothing`);
  }
  return violations;
}

function findViolations(files: FileMap): string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    violations.push(...checkName(path));
    if (isSource(path) && !PRINTERS.test(path)) {
      for (const [number, line] of codeLines(text)) {
        if (/\bconsole\s*[.[]/.test(line)) violations.push(`${path}:${number}: prints by itself`);
      }
    }
    if (DATA.test(path)) continue;
    for (const [pattern, where, reason] of FORBIDDEN) {
      const found = where.test(path) ? pattern.exec(text) : null;
      if (found === null) continue;
      const number = text.slice(0, found.index).split("\n").length;
      violations.push(`${path}:${number}: ${reason}: ${found[0]}`);
    }
  }
  return violations;
}

Deno.test("hygiene: holds in this project", async () => {
  assertEquals(findViolations(await readProjectFiles()), []);
});

Deno.test("hygiene: lets be what is meant", () => {
  const files = new Map([
    ["protocol/frame.ts", " * console.assert(true);\nconst a = 1; // a/homework/b\n"],
    ["protocol/host/terminal.ts", "console.error(1);\n"],
    ["tests/protocol/secret_path_test.ts", `const HOSTILE = "${"/ro"}ot/.ssh/id";\n`],
    ["tests/vectors/odd_key.json", `{"key": "${"XX"}X"}`],
  ]);
  assertEquals(findViolations(files), []);
});

const VIOLATIONS: readonly (readonly [path: string, text: string, expected: string])[] = [
  ["package.json", "{}", "package.json: package.json has no place at the top level"],
  ["scripts/build.ts", "", "scripts/build.ts: scripts has no place at the top level"],
  ["agent/caf\u00e9.md", "", "agent/caf\u00e9.md: not a plain name"],
  ["agent/diskStore.ts", "", "agent/diskStore.ts: not in snake_case"],
  ["keeper/utils.ts", "", "keeper/utils.ts: the name says nothing"],
  ["flux/flux_client.ts", "\nconsole.log(1);", "flux/flux_client.ts:2: prints by itself"],
  ["README.md", `\n${"TO"}DO`, `README.md:2: a left-over: ${"TO"}DO`],
  ["README.md", `cd ${"/wo"}rk/x`, `README.md:1: a path of a machine: ${"/wo"}rk/`],
  ["dist/demo.ts", `"${"/ho"}me/me"`, `dist/demo.ts:1: a path of a machine: ${"/ho"}me/`],
  ["README.md", `see ${"share"}d/x`, `README.md:1: a path of a machine: ${"share"}d/`],
  ["deno.json", `"https://${"jsr.i"}o"`, `deno.json:1: a registry by host name: ${"jsr.i"}o`],
];

for (const [path, text, expected] of VIOLATIONS) {
  Deno.test(`hygiene: finds ${expected.slice(0, 60)}`, () => {
    assertEquals(findViolations(new Map([[path, text]])), [expected]);
  });
}
