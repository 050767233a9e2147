import { lacksRequire, provideRequire } from "../../../dist/compile/node_require.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Writes what esbuild does, under a name; and what asks for a module by it. */
function shimOf(name: string): string {
  return `var ${name}=(n=>typeof require<"u"?require:typeof Proxy<"u"?` +
    `new Proxy(n,{get:(e,t)=>(typeof require<"u"?require:e)[t]}):n)(function(n){` +
    `if(typeof require<"u")return require.apply(this,arguments);` +
    `throw Error('Dynamic require of "'+n+'" is not supported')});` +
    `export const sep=${name}("node:path").posix.sep;`;
}

function load(script: string): Promise<{ readonly sep: string }> {
  return import(`data:text/javascript,${encodeURIComponent(script)}`);
}

for (const name of ["el", "$y", "y$", "$"]) {
  Deno.test(`provideRequire lets a script require a module of Node by ${name}`, async () => {
    assert(lacksRequire(shimOf(name)));
    const script = provideRequire(shimOf(name));
    assert(!lacksRequire(script));
    // A data: URL has no place on the disk, which is all that is asked for.
    const { sep } = await load(script.replace("import.meta.url", `"file:///main.js"`));
    assertEquals(sep, "/");
  });
}

Deno.test("provideRequire loads a module of Node when it is asked for, where Deno would at once", async () => {
  const script = `import{createRequire as __deno_internal_createRequire} from "node:module";` +
    `var m=__deno_internal_createRequire(import.meta.url);export const sep=m("node:path").posix.sep;`;
  const provided = provideRequire(script);
  assert(!/^import|[;}]import\b(?!\.meta)/.test(provided), provided);
  const { sep } = await load(provided.replace("import.meta.url", `"file:///main.js"`));
  assertEquals(sep, "/");
});

Deno.test("provideRequire leaves every other script as it is", () => {
  const script = "var require$=(n=>n)(1);export const sep=require$;";
  assertEquals(provideRequire(script), script);
  assert(!lacksRequire(script));
});

Deno.test("lacksRequire finds what provideRequire does not know, however it is quoted", () => {
  const other = shimOf("a").replace(`'Dynamic require of "'+n+'" is not supported'`, () => {
    return '`Dynamic require of "${n}" is not supported`';
  });
  assertEquals(provideRequire(other), other);
  assert(lacksRequire(other));
});

Deno.test("lacksRequire leaves in peace who looks for what esbuild writes", () => {
  assert(!lacksRequire("export const found=/\\bDynamic require of\\b/.test(script);"));
});
