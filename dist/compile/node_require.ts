/**
 * How a bundle asks for a module of Node that a library for Node requires.
 *
 * esbuild defines a function for that, which Deno replaces by one that works and loads a module of Node
 * at once; but not where the minifier has given it a name with a `$`, and which name that is changes
 * with every line of the program.
 *
 * @module
 */

/** What esbuild defines, as it is minified. */
const SHIM = new RegExp(
  String.raw`\b(?:var|let|const) ([\w$]+)=\(([\w$]+)=>typeof require<"u"\?require:` +
    String.raw`typeof Proxy<"u"\?[^;{]*\{get:[^{}]*\}\):[\w$]+\)` +
    String
      .raw`\(function\([\w$]+\)\{if\(typeof require<"u"\)return require\.apply\(this,arguments\);` +
    String.raw`throw Error\('Dynamic require of "'\+[\w$]+\+'" is not supported'\)\}\)([,;])`,
  "g",
);

/** What Deno puts in its place. */
const EAGER = new RegExp(
  String.raw`import\s*\{\s*createRequire as (\w+)\s*\}\s*from\s*"node:module";` +
    String.raw`(var|let|const) ([\w$]+)\s*=\s*\1\(import\.meta\.url\)([,;])`,
  "g",
);

/**
 * Returns a script in which requiring a module of Node works, and loads nothing before that: the module
 * that Deno would load takes 15 ms and 6 MB.
 *
 * @returns The script itself where there is nothing to do.
 */
export function provideRequire(script: string): string {
  return script
    .replaceAll(SHIM, (_, name: string, __: string, end: string) => define("var", name) + end)
    .replaceAll(
      EAGER,
      (_, __, word: string, name: string, end: string) => define(word, name) + end,
    );
}

function define(word: string, name: string): string {
  return `${word} ${name}=n=>globalThis.process.getBuiltinModule("node:module")` +
    `.createRequire(import.meta.url)(n)`;
}

/** Tells whether a script has a function left that fails for every module of Node. */
export function lacksRequire(script: string): boolean {
  return script.includes('Dynamic require of "');
}
