/**
 * The text of a loadout as a tree of plain nodes, each with its place.
 *
 * Only what JSON has too gets through: no tags, no keys that are no texts, no YAML but 1.2. An alias
 * stands for what it means, within a bound that no chain of aliases gets around.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  type YAMLMap,
} from "yaml";
import { MAX_LOADOUT_BYTES, MAX_LOADOUT_DEPTH, MAX_LOADOUT_NODES } from "./limits.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import { describeSyntaxFault } from "./yaml_faults.ts";

/** One value of a loadout. */
export type YamlNode =
  | { readonly kind: "mapping"; readonly place: Place; readonly members: readonly YamlMember[] }
  | { readonly kind: "list"; readonly place: Place; readonly items: readonly YamlNode[] }
  | { readonly kind: "text"; readonly place: Place; readonly text: string }
  | { readonly kind: "number"; readonly place: Place; readonly written: string }
  | { readonly kind: "boolean"; readonly place: Place; readonly value: boolean }
  | { readonly kind: "nothing"; readonly place: Place }
  /** What is wrong was noted already. */
  | { readonly kind: "unusable"; readonly place: Place };

/** One member of a mapping. */
export interface YamlMember {
  /** Its key. */
  readonly key: string;
  /** Where the key is. */
  readonly keyPlace: Place;
  /** Its value. */
  readonly value: YamlNode;
}

/** What a text is parsed for. */
export interface ParseTreeOptions {
  /** The name of the file, for places. */
  readonly file: string;
  /** Takes what is wrong. */
  readonly problems: Problems;
}

/** How many faults of one text are told; those further down mostly follow from the first. */
const MAX_SYNTAX_FAULTS = 5;

/**
 * Parses a text.
 *
 * @returns The tree, or `null` where the text is empty or cannot be parsed; then there are problems. What
 * of it cannot be used is left out or `unusable`, with a problem.
 */
export function parseTree(text: string, options: ParseTreeOptions): YamlNode | null {
  const { file, problems } = options;
  const start = { text: `${file}:1:1`, order: 0 };
  if (text.length > MAX_LOADOUT_BYTES) {
    problems.add(start, `the file has over ${MAX_LOADOUT_BYTES} bytes`, SPLIT_UP);
    return null;
  }
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { text: `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`, order: offset };
  };
  const document = parseDocument(text.replace(/^\uFEFF/, ""), {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // Two keys of one name are looked for here: the package takes the square of their number.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
  });
  const { contents } = document;
  if (reportFaults(document, { problems, placeOf })) return null;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    problems.add(start, "the file is empty", "Begin with version: 1.");
    return null;
  }
  const builder = new TreeBuilder(problems, placeOf);
  const tree = builder.build(contents, 0);
  // Of what was cut off in the middle nothing can be said.
  return builder.isTooLarge ? null : tree;
}

const SPLIT_UP = "Give each app a file of its own, fluxvault.yaml in the folder of the app.";

interface Reporting {
  readonly problems: Problems;
  readonly placeOf: (offset: number) => Place;
}

function reportFaults(document: Document.Parsed, { problems, placeOf }: Reporting): boolean {
  for (const { code, message, pos } of document.errors.slice(0, MAX_SYNTAX_FAULTS)) {
    const { problem, hint } = describeSyntaxFault(code, message);
    problems.add(placeOf(pos[0]), problem, hint);
  }
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== "1.2") {
    const problem = `the file says that it is YAML ${yaml.version}`;
    problems.add(placeOf(0), problem, "Leave the line %YAML out; YAML 1.2 is read.");
  }
  return !problems.isEmpty;
}

/** Turns the nodes of the package into those of this file. */
class TreeBuilder {
  readonly #problems: Problems;
  readonly #placeOf: (offset: number) => Place;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #count = 0;
  /** How many aliases are being resolved, one inside the other. */
  #repeats = 0;

  constructor(problems: Problems, placeOf: (offset: number) => Place) {
    this.#problems = problems;
    this.#placeOf = placeOf;
  }

  /** Whether there were too many values. */
  get isTooLarge(): boolean {
    return this.#count > MAX_LOADOUT_NODES;
  }

  /** Returns the tree below a node. */
  build(node: Node, depth: number): YamlNode {
    const place = this.#placeOf(node.range?.[0] ?? 0);
    const unusable = { kind: "unusable", place } as const;
    this.#count++;
    if (this.isTooLarge) {
      // Said once: there is nothing to be learnt from the rest.
      if (this.#count === MAX_LOADOUT_NODES + 1) {
        const problem = `there are over ${MAX_LOADOUT_NODES} values, those of aliases included`;
        this.#problems.add(place, problem, SPLIT_UP);
      }
      return unusable;
    }
    if (depth > MAX_LOADOUT_DEPTH) {
      this.#problems.add(place, "it is nested too deeply", "No value of a loadout is so deep.");
      return unusable;
    }
    if (isAlias(node)) return this.#resolve(node.source, { place, depth });
    if (node.tag !== undefined) {
      this.#problems.add(place, `the tag ${quoted(node.tag)} is not read`, "Leave the tag out.");
    }
    if (isScalar(node)) {
      this.#drop(node.anchor, node);
      return scalarNode(node, place);
    }
    this.#open.add(node);
    // An anchor holds from here on, for what is inside as well, where it would have no end.
    if (isMap(node) || isSeq(node)) this.#drop(node.anchor, node);
    const built = isMap(node)
      ? this.#buildMapping(node, { place, depth })
      : isSeq(node)
      ? this.#buildList(node.items, { place, depth })
      : unusable;
    this.#open.delete(node);
    return built;
  }

  /** Remembers what an anchor means, which a later one of the same name may change. */
  #drop(anchor: string | undefined, node: Node): void {
    if (anchor !== undefined && this.#repeats === 0) this.#anchors.set(anchor, node);
  }

  #resolve(name: string, at: { readonly place: Place; readonly depth: number }): YamlNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && !this.#open.has(target)) {
      this.#repeats++;
      const built = this.build(target, at.depth);
      this.#repeats--;
      return built;
    }
    const problem = target === undefined
      ? `*${name} means nothing: there is no anchor &${name} before it`
      : `*${name} is inside of what it means`;
    this.#problems.add(at.place, problem, "Write out what is meant.");
    return { kind: "unusable", place: at.place };
  }

  #buildList(
    items: readonly unknown[],
    { place, depth }: { readonly place: Place; readonly depth: number },
  ): YamlNode {
    return { kind: "list", place, items: items.map((item) => this.build(item as Node, depth + 1)) };
  }

  #buildMapping(
    map: YAMLMap,
    { place, depth }: { readonly place: Place; readonly depth: number },
  ): YamlNode {
    const members = new Map<string, YamlMember>();
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const keyPlace = this.#placeOf(key.range?.[0] ?? 0);
      const name = this.#readKey(key, keyPlace);
      const built = value === null
        ? { kind: "nothing", place: keyPlace } as const
        : this.build(value, depth + 1);
      if (name === null) continue;
      const other = members.get(name);
      if (other !== undefined) {
        const problem = `${quoted(name)} stands twice, first at ${other.keyPlace.text}`;
        this.#problems.add(keyPlace, problem, "Leave one of them out.");
        continue;
      }
      // What is not there has no place of its own.
      const isNothing = built.kind === "nothing";
      members.set(name, { key: name, keyPlace, value: isNothing ? at(keyPlace) : built });
    }
    return { kind: "mapping", place, members: [...members.values()] };
  }

  #readKey(key: Node, place: Place): string | null {
    if (isScalar(key) && key.tag === undefined && typeof key.value === "string") {
      this.#drop(key.anchor, key);
      if (key.value !== "<<" || key.type !== Scalar.PLAIN) return key.value;
      this.#problems.add(
        place,
        "merge keys (<<) are not read",
        "Write the keys out, or put state directives that several have into a group.",
      );
      return null;
    }
    const written = isScalar(key) ? key.source ?? "" : "";
    if (written === "") {
      this.#problems.add(place, "a key is no text", "Write a name and a colon.");
      return null;
    }
    const hint = `Put it into quotes: ${quoted(written)}.`;
    this.#problems.add(place, `the key ${quoted(written)} is no text`, hint);
    return written;
  }
}

function at(place: Place): YamlNode {
  return { kind: "nothing", place };
}

function scalarNode(node: Scalar, place: Place): YamlNode {
  const { value, source = "" } = node;
  if (typeof value === "string") return { kind: "text", place, text: value };
  if (typeof value === "boolean") return { kind: "boolean", place, value };
  if (value === null) return at(place);
  return { kind: "number", place, written: source };
}
