/**
 * Fewer files of a bundle: what is loaded together comes in one.
 *
 * The bundler makes a file of whatever two parts have in common, so that a program would start from
 * fifty. A part is joined here with all that it needs and no earlier part has; what others need of that
 * they import from there.
 *
 * @module
 */
import { BuildError } from "./build_error.ts";

/** Scripts of a bundle, by their file names. */
export type Scripts = ReadonlyMap<string, string>;

/** Scripts as the bundler has to join them. */
export interface JoinPlan {
  /** All scripts that it needs. */
  readonly sources: Scripts;
  /** Those of them that are joined with what they import, by the names that they get then. */
  readonly roots: ReadonlyMap<string, string>;
  /** The scripts that are imported by those, and stay by themselves. */
  readonly external: readonly string[];
  /** The scripts that are complete, roots left out. */
  readonly others: Scripts;
}

/** A name that a script imports or exports, and what it is called there. */
interface Item {
  readonly name: string;
  readonly as: string;
}

/** What a script of the bundler begins with. */
const IMPORT = /^import(?:\{([^}]*)\}from)?"\.\/([^"]+)";/;
/** What it may end with. */
const EXPORT = /\bexport\{([^}]*)\};\s*$/;
const STATIC_IMPORT = /\b(?:from|import)"\.\//g;

/**
 * Plans which scripts are joined.
 *
 * @param parts The parts that get a file each, in the order in which they are loaded: `main` for
 * `main.js`, else the name of the module whose file is `NAME-HASH.js`.
 * @throws {BuildError} where the bundler writes something else than is known here.
 */
export function planJoins(scripts: Scripts, parts: readonly string[]): JoinPlan {
  const homes = findHomes(scripts, parts);
  const homeOf = (name: string) => homes.get(name) ?? name;
  /** What is imported from outside, by the script: the names there, and those that they get. */
  const taken = new Map<string, Map<string, string>>();
  let count = 0;
  const take = (name: string, item: string): string => {
    const items = taken.get(name) ?? new Map<string, string>();
    taken.set(name, items);
    const as = items.get(item) ?? `j${(count++).toString(36)}`;
    items.set(item, as);
    return as;
  };
  const pointed = new Map([...scripts].map(([name, text]) => {
    const { imports, rest } = splitImports(text, name);
    const lines = imports.map(({ from, items }) => {
      const home = homeOf(from);
      if (home === from || home === homeOf(name)) return formatImport(items, from);
      return formatImport(items.map((item) => ({ ...item, name: take(from, item.name) })), home);
    });
    return [name, [...new Set(lines)].join("") + rest];
  }));
  const others = new Map([...pointed].filter(([name]) => !homes.has(name)));
  const all = [...scripts.values()].join("\n");
  for (const [name, home] of homes) {
    if (name === home || !all.includes(`import("./${name}")`)) continue;
    // Somebody loads it later by its name.
    const names = exportsOf(scripts.get(name) ?? "").map(({ as }) => as);
    others.set(name, formatExport(names.map((as) => ({ name: take(name, as), as })), home));
  }
  const roots = new Map([...new Set(homes.values())].map((root) => [`joined-${root}`, root]));
  const sources = new Map([...pointed].filter(([name]) => homes.has(name)));
  for (const [source, root] of roots) {
    const members = [...taken].filter(([name]) => name !== root && homes.get(name) === root);
    const more = members.map(([name, items]) =>
      formatExport([...items].map(([item, as]) => ({ name: item, as })), name)
    );
    sources.set(source, [sources.get(root) ?? "", ...more].join(""));
    sources.delete(root);
  }
  const external = [...scripts.keys()].filter((name) => !sources.has(name));
  return { sources, roots, external, others };
}

/** Finds for each script that is joined the one that it is joined to, itself for those. */
function findHomes(scripts: Scripts, parts: readonly string[]): Map<string, string> {
  const homes = new Map<string, string>();
  for (const part of parts) {
    const [root, ...more] = [...scripts.keys()].filter((name) => {
      return name === `${part}.js` || name.slice(0, name.lastIndexOf("-")) === part;
    });
    if (root === undefined || more.length > 0 || homes.has(root)) {
      throw unknownForm(`${part}, which is no part by itself`);
    }
    const join = (name: string) => {
      if (homes.has(name)) return;
      homes.set(name, root);
      for (const { from } of splitImports(scripts.get(name) ?? "", name).imports) join(from);
    };
    join(root);
  }
  return homes;
}

function splitImports(text: string, name: string) {
  const imports: { readonly from: string; readonly items: readonly Item[] }[] = [];
  let rest = text;
  for (let found = IMPORT.exec(rest); found !== null; found = IMPORT.exec(rest)) {
    const [whole, list = "", from = ""] = found;
    imports.push({ from, items: readItems(list) });
    rest = rest.slice(whole.length);
  }
  if (text.match(STATIC_IMPORT)?.length !== (imports.length || undefined)) throw unknownForm(name);
  return { imports, rest };
}

function exportsOf(text: string): Item[] {
  return readItems(EXPORT.exec(text)?.[1] ?? "");
}

function readItems(list: string): Item[] {
  return list.split(",").filter((item) => item !== "").map((item) => {
    const [name = "", as = name] = item.trim().split(" as ");
    return { name, as };
  });
}

function formatImport(items: readonly Item[], from: string): string {
  return items.length === 0 ? `import"./${from}";` : `import${formatItems(items)}from"./${from}";`;
}

function formatExport(items: readonly Item[], from: string): string {
  return `export${formatItems(items)}from"./${from}";`;
}

function formatItems(items: readonly Item[]): string {
  return `{${items.map(({ name, as }) => `${name} as ${as}`).join(",")}}`;
}

function unknownForm(what: string): BuildError {
  return new BuildError(
    `the parts of a bundle cannot be joined: ${what}`,
    "dist/compile/joined_chunks.ts has to know what esbuild writes now",
  );
}
