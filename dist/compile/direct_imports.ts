/**
 * The sources as the bundler gets them: whoever imports a name by way of a `mod.ts` imports it from the
 * file that makes it.
 *
 * The bundler takes a file as needed by all who import anything by way of a `mod.ts` that names it, used
 * or not: what is to be loaded later would be loaded at the start. It understands only what `deno fmt`
 * leaves, and keeps what it does not understand.
 *
 * @module
 */
import { dirname, join, relative } from "../../protocol/host/mod.ts";

/** Texts of modules, by their paths in the project. */
export type Sources = ReadonlyMap<string, string>;

/** Where a name is made, and what it is called there; `*` for all of a file. */
interface Origin {
  readonly path: string;
  readonly name: string;
}

/** A name, and what it is called where it is imported. */
interface Item {
  readonly name: string;
  readonly as: string;
}

const NAMED = /^(import|export) \{([^}]*)\} from "(\.[^"]*)";$/gm;
const ALL_OF = /^export \* from "(\.[^"]*)";$/gm;
const ALL_AS = /^export \* as (\w+) from "(\.[^"]*)";$/gm;
const MADE = /^export (?:async |abstract )*(?:class|const|function)\*? (\w+)/gm;

/** Rewrites modules so that none imports a value by way of a `mod.ts`, as far as its origin is known. */
export function importDirectly(sources: Sources): Sources {
  const doors = new Doors(sources);
  const rewrite = (text: string, path: string) =>
    text.replace(NAMED, (statement, word, list, target) => {
      const door = targetOf(path, target);
      if (!isDoor(door) || isDoor(path)) return statement;
      return valuesOf(list).map(({ name, as }) => {
        const origin = doors.originOf(door, name);
        const names = origin.name === "*" ? `* as ${as}` : `{ ${origin.name} as ${as} }`;
        return `${word} ${names} from "./${relative(dirname(path), origin.path)}";`;
      }).join("\n");
    });
  return new Map([...sources].map(([path, text]) => [path, rewrite(text, path)]));
}

/** What is behind each `mod.ts`. */
class Doors {
  readonly #sources: Sources;
  readonly #known = new Map<string, ReadonlyMap<string, Origin>>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Finds where a name is made that a module exports: in itself, as far as is known. */
  originOf(path: string, name: string): Origin {
    return this.#exportsOf(path).get(name) ?? { path, name };
  }

  #exportsOf(path: string): ReadonlyMap<string, Origin> {
    let known = this.#known.get(path);
    if (known === undefined) this.#known.set(path, known = new Map(this.#listExports(path)));
    return known;
  }

  *#listExports(path: string): Generator<[string, Origin]> {
    if (!isDoor(path)) return;
    const text = this.#sources.get(path) ?? "";
    for (const [, as = "", target = ""] of text.matchAll(ALL_AS)) {
      yield [as, { path: targetOf(path, target), name: "*" }];
    }
    for (const [, target = ""] of text.matchAll(ALL_OF)) {
      const from = targetOf(path, target);
      yield* this.#exportsOf(from);
      for (const [, name = ""] of (this.#sources.get(from) ?? "").matchAll(MADE)) {
        yield [name, { path: from, name }];
      }
    }
    for (const [, word, list = "", target = ""] of text.matchAll(NAMED)) {
      if (word !== "export") continue;
      const from = targetOf(path, target);
      for (const { name, as } of valuesOf(list)) yield [as, this.originOf(from, name)];
    }
  }
}

function isDoor(path: string): boolean {
  return /(?:^|\/)mod\.ts$/.test(path);
}

function targetOf(path: string, target: string): string {
  return join(dirname(path), target);
}

/** Reads what stands between braces; types leave no trace in a program. */
function valuesOf(list: string): Item[] {
  const items = list.split(",").map((item) => item.trim());
  return items.filter((item) => item !== "" && !item.startsWith("type ")).map((item) => {
    const [name = "", as = name] = item.split(" as ");
    return { name, as };
  });
}
