import { importDirectly } from "../../../dist/compile/direct_imports.ts";
import { assertEquals } from "../../support/assert.ts";

const HOUSE = {
  "protocol/mod.ts": [
    `export * from "./errors.ts";`,
    `export * as limits from "./limits.ts";`,
    `export { type Bytes, encodeHex } from "./bytes.ts";`,
    `export {\n  openAsAgent,\n  type Session,\n} from "./opening.ts";`,
    `export { inner as renamed } from "./inside/mod.ts";`,
    `export const VERSION = 2;`,
    "",
  ].join("\n"),
  "protocol/errors.ts": "export class WireError {}\nexport async function fail() {}\n",
  "protocol/limits.ts": "export const MAX = 1;\n",
  "protocol/bytes.ts": "export function encodeHex() {}\n",
  "protocol/opening.ts": "export function openAsAgent() {}\n",
  "protocol/inside/mod.ts": `export { made as inner } from "./made.ts";\n`,
  "protocol/inside/made.ts": "export const made = 1;\n",
};

/** Rewrites a module of the agent. */
function rewritten(text: string): string | undefined {
  return importDirectly(new Map(Object.entries({ ...HOUSE, "agent/door/door.ts": text })))
    .get("agent/door/door.ts");
}

for (
  const [what, names, expected] of [
    ["a function", "encodeHex", `import { encodeHex as encodeHex } from "PROTOCOL/bytes.ts";`],
    [
      "what has another name",
      "encodeHex as hex",
      `import { encodeHex as hex } from "PROTOCOL/bytes.ts";`,
    ],
    [
      "what a star exports",
      "WireError",
      `import { WireError as WireError } from "PROTOCOL/errors.ts";`,
    ],
    ["a whole file", "limits", `import * as limits from "PROTOCOL/limits.ts";`],
    [
      "what is behind two doors",
      "renamed",
      `import { made as renamed } from "PROTOCOL/inside/made.ts";`,
    ],
    [
      "what the door itself makes",
      "VERSION",
      `import { VERSION as VERSION } from "PROTOCOL/mod.ts";`,
    ],
    ["what nobody knows", "unknown", `import { unknown as unknown } from "PROTOCOL/mod.ts";`],
  ] as const
) {
  Deno.test(`importDirectly imports ${what} from where it is made`, () => {
    const text = rewritten(`import { ${names} } from "../../protocol/mod.ts";\n`);
    assertEquals(text, `${expected.replace("PROTOCOL", "./../../protocol")}\n`);
  });
}

Deno.test("importDirectly takes the names of one door apart, and types away", () => {
  const text = `import {\n  type Bytes,\n  encodeHex,\n  fail,\n} from "../../protocol/mod.ts";\n`;
  assertEquals(
    rewritten(text),
    `import { encodeHex as encodeHex } from "./../../protocol/bytes.ts";\n` +
      `import { fail as fail } from "./../../protocol/errors.ts";\n`,
  );
});

Deno.test("importDirectly exports as it imports", () => {
  assertEquals(
    rewritten(`export { openAsAgent } from "../../protocol/mod.ts";\n`),
    `export { openAsAgent as openAsAgent } from "./../../protocol/opening.ts";\n`,
  );
});

Deno.test("importDirectly leaves everything else as it is", () => {
  const text = [
    `import { encodeHex } from "../../protocol/bytes.ts";`,
    `import type { Session } from "../../protocol/mod.ts";`,
    `import { hex } from "@scure/base";`,
    ` * import { encodeHex } from "../../protocol/mod.ts";`,
    `const { encodeHex } = await import("../../protocol/mod.ts");`,
    "",
  ].join("\n");
  assertEquals(rewritten(text), text);
});

Deno.test("importDirectly leaves every mod.ts as it is", () => {
  const house = importDirectly(new Map(Object.entries(HOUSE)));
  assertEquals(Object.fromEntries(house), HOUSE);
});
