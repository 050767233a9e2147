/**
 * Rule: a source file has at most 400 lines, a `main.ts` 60, a `mod.ts` 80 besides its comments (what
 * is capped is the list of names), the README 200, the notes for contributors 150.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { countLines, type FileMap, readProjectFiles } from "./project_files.ts";

/** The first pattern that matches a path gives its limit. */
const MAX_LINES: readonly (readonly [RegExp, number])[] = [
  [/(?:^|\/)main\.ts$/, 60],
  [/(?:^|\/)mod\.ts$/, 80],
  [/\.ts$/, 400],
  [/^README\.md$/, 200],
  [/(?:^|\/)CONTRIBUTING\.md$/, 150],
];

function findViolations(files: FileMap): string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    const limit = MAX_LINES.find(([pattern]) => pattern.test(path))?.[1] ?? Infinity;
    const isList = /(?:^|\/)mod\.ts$/.test(path);
    const lines = countLines(isList ? text.replaceAll(/^ *(?:\/\*\*.*| \*.*)\n/gm, "") : text);
    if (lines > limit) violations.push(`${path} has ${lines} lines; the limit is ${limit}`);
  }
  return violations;
}

Deno.test("size: holds in this project", async () => {
  assertEquals(findViolations(await readProjectFiles()), []);
});

Deno.test("size: allows the limit and refuses one line more", () => {
  const limits = [
    ["protocol/frame.ts", 400],
    ["tests/e2e/delivery_test.ts", 400],
    ["agent/main.ts", 60],
    ["mod.ts", 80],
    ["README.md", 200],
    [".github/CONTRIBUTING.md", 150],
  ] as const;
  assertEquals(findViolations(new Map(limits.map(([path, n]) => [path, "x\n".repeat(n)]))), []);
  assertEquals(
    findViolations(new Map(limits.map(([path, n]) => [path, "x\n".repeat(n + 1)]))),
    limits.map(([path, n]) => `${path} has ${n + 1} lines; the limit is ${n}`),
  );
});

Deno.test("size: does not count the comments of a mod.ts, and those of other files", () => {
  const comment = "/**\n * What it is for.\n */\n";
  assertEquals(findViolations(new Map([["mod.ts", comment + "x\n".repeat(80)]])), []);
  assertEquals(findViolations(new Map([["a.ts", comment + "x\n".repeat(398)]])).length, 1);
});
