import { BuildError } from "../../../dist/compile/build_error.ts";
import { planJoins } from "../../../dist/compile/joined_chunks.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

/** What the bundler writes, minified, of a program with two parts that are loaded later. */
const SCRIPTS = new Map([
  ["main.js", `import{a as x}from"./chunk-A1.js";x();import("./serve-S1.js");`],
  ["chunk-A1.js", `function f(){}var g=1;export{f as a,g as b};`],
  ["serve-S1.js", `import{c}from"./chunk-B2.js";import"./chunk-A1.js";export{c as run};`],
  [
    "chunk-B2.js",
    `import{b as y}from"./chunk-A1.js";var z=y;import("./mod-D4.js");export{z as c};`,
  ],
  ["mod-D4.js", `import{b as y}from"./chunk-A1.js";export{y as made};`],
  ["rest-E5.js", `import{a as f,b}from"./chunk-A1.js";import{c}from"./chunk-B2.js";f(b,c);`],
]);

Deno.test("planJoins joins a part with what it needs and no earlier part has", () => {
  const { sources, roots } = planJoins(SCRIPTS, ["main", "serve"]);
  assertEquals([...roots], [["joined-main.js", "main.js"], ["joined-serve-S1.js", "serve-S1.js"]]);
  assertEquals([...sources.keys()].sort(), [
    ...["chunk-A1.js", "chunk-B2.js", "joined-main.js", "joined-serve-S1.js"],
  ]);
  assertEquals(sources.get("chunk-A1.js"), SCRIPTS.get("chunk-A1.js"));
  assertEquals(
    sources.get("joined-serve-S1.js"),
    `import{c as c}from"./chunk-B2.js";import"./main.js";export{c as run};` +
      `export{c as j2}from"./chunk-B2.js";`,
  );
});

Deno.test("planJoins has a script import from the file that has become the home of another", () => {
  const { sources, others } = planJoins(SCRIPTS, ["main", "serve"]);
  assertEquals(
    others.get("rest-E5.js"),
    `import{j1 as f,j0 as b}from"./main.js";import{j2 as c}from"./serve-S1.js";f(b,c);`,
  );
  assertEquals(
    sources.get("joined-main.js"),
    `import{a as x}from"./chunk-A1.js";x();import("./serve-S1.js");` +
      `export{b as j0,a as j1}from"./chunk-A1.js";`,
  );
});

Deno.test("planJoins leaves the scripts that stay by themselves out", () => {
  const { external, others } = planJoins(SCRIPTS, ["main", "serve"]);
  assertEquals(external, ["main.js", "serve-S1.js", "mod-D4.js", "rest-E5.js"]);
  assertEquals([...others.keys()], ["mod-D4.js", "rest-E5.js"]);
});

Deno.test("planJoins leaves a door where a script that is joined is also loaded by its name", () => {
  const scripts = new Map([
    ...SCRIPTS,
    ["serve-S1.js", `import{made as m}from"./mod-D4.js";import("./mod-D4.js");m();`],
  ]);
  const { others } = planJoins(scripts, ["main", "serve"]);
  assertEquals(others.get("mod-D4.js"), `export{j2 as made}from"./serve-S1.js";`);
});

Deno.test("planJoins refuses a part that is not there, or is already a piece of another", () => {
  for (const parts of [["main", "none"], ["main", "chunk"], ["serve", "serve"]]) {
    const error = assertThrows(() => planJoins(SCRIPTS, parts), BuildError);
    assert(error.message.includes(parts[1] ?? ""));
  }
});

Deno.test("planJoins refuses an import that it does not understand", () => {
  for (
    const text of [
      `import*as all from"./chunk-A1.js";`,
      `export*from"./chunk-A1.js";`,
      `f();import{a}from"./chunk-A1.js";`,
    ]
  ) {
    const scripts = new Map([...SCRIPTS, ["rest-E5.js", text]]);
    const error = assertThrows(() => planJoins(scripts, ["main"]), BuildError);
    assert(error.message.includes("rest-E5.js"), error.message);
  }
});
