import {
  contradictsMark,
  hasLostMount,
  type ListedFolder,
} from "../../../keeper/vault/folder_marks.ts";
import { assertEquals } from "../../support/assert.ts";

function folder(others: Partial<ListedFolder> = {}): ListedFolder {
  return { below: "", names: [], dev: 1, isMount: false, ...others };
}

function known(...files: readonly string[]): Map<string, { kind: string; dev?: number }> {
  return new Map<string, { kind: string; dev?: number }>([
    ["", { kind: "folder", dev: 7 }],
    ["d", { kind: "folder", dev: 7 }],
    ...files.map((file) => [file, { kind: "file" }] as const),
  ]);
}

const LOSSES: readonly (readonly [string, ListedFolder, readonly string[], boolean])[] = [
  ["is empty on another device", folder(), ["a"], true],
  ["is empty on a new mount", folder({ isMount: true }), ["a"], true],
  ["is empty on the same device", folder({ dev: 7 }), ["a"], false],
  ["never held a file", folder(), [], false],
  ["holds something else, and is no mount any more", folder({ names: ["x"] }), ["a"], true],
  ["holds something else, on another mount", folder({ names: ["x"], isMount: true }), ["a"], false],
  ["holds all that it held, somewhere else", folder({ names: ["a", "b"] }), ["a", "b/c"], false],
  ["lost a folder", folder({ names: ["a"] }), ["a", "b/c"], true],
  ["is empty below another", folder({ below: "d" }), ["d/a"], true],
  ["never held a file below another", folder({ below: "d" }), ["da", "e/d/a"], false],
  ["was not there", folder({ below: "e" }), ["e/a"], false],
];

for (const [what, listed, files, expected] of LOSSES) {
  Deno.test(`hasLostMount says ${expected} of a folder that ${what}`, () => {
    assertEquals(hasLostMount(listed, known(...files)), expected);
  });
}

Deno.test("contradictsMark says so of what is empty, and was on another device or a mount", () => {
  const mark = { dev: 1, isMount: false };
  const cases:
    readonly (readonly [boolean, ListedFolder, Parameters<typeof contradictsMark>[1]])[] = [
      [false, folder(), null],
      [false, folder(), mark],
      [true, folder(), { ...mark, dev: 2 }],
      [true, folder(), { ...mark, isMount: true }],
      [false, folder({ isMount: true }), { ...mark, isMount: true }],
      [false, folder({ names: ["x"] }), { ...mark, dev: 2 }],
    ];
  assertEquals(cases.map(([, ...args]) => contradictsMark(...args)), cases.map(([said]) => said));
});
