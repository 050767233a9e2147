/**
 * How a bundle asks for a module of Node that a library for Node requires.
 *
 * esbuild defines a function for that, which Deno replaces by one that works; but not where the minifier
 * has given it a name with a `$`, and which name that is changes with every line of the program.
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

/**
 * Returns a script in which requiring a module of Node works.
 *
 * @returns The script itself where there is nothing to do.
 */
export function provideRequire(script: string): string {
  return script.replaceAll(SHIM, (_, name: string, __: string, end: string) => {
    const made = `import{createRequire as createRequireOf_${name}}from"node:module";`;
    return `${made}var ${name}=createRequireOf_${name}(import.meta.url)${end}`;
  });
}

/** Tells whether a script has a function left that fails for every module of Node. */
export function lacksRequire(script: string): boolean {
  return script.includes("Dynamic require of");
}
