/**
 * A mapping of a loadout whose members are read one by one; whatever is wrong is noted, and reading
 * goes on.
 *
 * @module
 */
import { suggestName } from "../../protocol/host/mod.ts";
import { anyOf, type Place, type Problems, quoted } from "./problems.ts";
import type { YamlMember, YamlNode } from "./yaml_tree.ts";

/** What a mapping is and may hold. */
export interface MappingForm {
  /** What it is, with its article, for example `a state directive`. */
  readonly what: string;
  /** The keys that it may have. */
  readonly keys: readonly string[];
  /** Whether it is all of a file, which may be one of the vault that was named by mistake. */
  readonly isFile?: boolean;
  /** What to do about keys that are others elsewhere, by their names. */
  readonly advice?: Readonly<Record<string, Advice>>;
}

/** What to do about a key of another name. */
export interface Advice {
  /** The key that is meant, where there is one. */
  readonly meant?: string;
  /** What to write; where it is not said, the key that is meant. */
  readonly hint?: string;
}

/** The bounds of a whole number. */
export interface IntegerBounds {
  /** The least that is allowed. */
  readonly min: number;
  /** The greatest that is allowed. */
  readonly max: number;
  /** What to write, where there is more to say than that. */
  readonly hint?: string;
}

const UNIT_S: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3_600, d: 86_400 };
const DURATION = /^(\d{1,9})([smhd]?)$/;
const INTEGER = /^(?:0|[1-9]\d{0,15})$/;
/** Three octal digits, as `chmod` takes them, `0600` and `0o600` included. */
const MODE = /^(?:0o?)?([0-7]{3})$/;

const MAX_SHOWN_DIGITS = 30;

/** Says what a value is, for the end of a sentence. */
export function describeNode(node: YamlNode): string {
  switch (node.kind) {
    case "mapping":
      return "a mapping";
    case "list":
      return "a list";
    case "text":
      return quoted(node.text);
    case "number":
      return `the number ${node.written.slice(0, MAX_SHOWN_DIGITS)}`;
    case "boolean":
      return String(node.value);
    case "nothing":
    case "unusable":
      return "nothing";
  }
}

/** Says of what kind a value is, and nothing of what it is. */
function describeKind(node: YamlNode): string {
  switch (node.kind) {
    case "text":
      return "a text";
    case "number":
      return "a number";
    case "boolean":
      return "a truth value";
    default:
      return describeNode(node);
  }
}

/** A mapping whose keys are known. */
export class Mapping {
  /** Where it begins. */
  readonly place: Place;
  readonly #members: ReadonlyMap<string, YamlMember>;
  /** The keys that were probably meant by others. */
  readonly #meant: ReadonlySet<string>;
  readonly #problems: Problems;

  private constructor(
    place: Place,
    found: {
      readonly members: ReadonlyMap<string, YamlMember>;
      readonly meant: ReadonlySet<string>;
    },
    problems: Problems,
  ) {
    this.place = place;
    this.#members = found.members;
    this.#meant = found.meant;
    this.#problems = problems;
  }

  /** Takes a node for a mapping, and notes each key that it may not have; else returns `null`. */
  static read(
    node: YamlNode,
    { form, problems }: { readonly form: MappingForm; readonly problems: Problems },
  ): Mapping | null {
    if (node.kind === "unusable") return null;
    if (node.kind !== "mapping") {
      const found = form.isFile === true ? describeKind(node) : describeNode(node);
      const problem = `${form.what} has to be a mapping, and this is ${found}`;
      problems.add(node.place, problem, `Its keys are: ${form.keys.join(", ")}.`);
      return null;
    }
    const members = new Map<string, YamlMember>();
    const meant = new Set<string>();
    for (const member of node.members) {
      if (form.keys.includes(member.key)) members.set(member.key, member);
      else meant.add(noteUnknownKey(member, { form, problems }));
    }
    return new Mapping(node.place, { members, meant }, problems);
  }

  /** Notes that a member is missing, unless it is there under a name that was noted already. */
  miss(key: string, hint: string): undefined {
    if (!this.#meant.has(key)) this.#problems.add(this.place, `${key} is missing`, hint);
  }

  /** Whether all that it holds can be read as something. */
  get isWhole(): boolean {
    return this.#meant.size === 0;
  }

  /** Returns the value of a member, if it is there and was not noted already. */
  value(key: string): YamlNode | undefined {
    const value = this.#members.get(key)?.value;
    return value?.kind === "unusable" ? undefined : value;
  }

  /** Tells whether a member is there. */
  has(key: string): boolean {
    return this.#members.has(key);
  }

  /** Returns where a member is; where it is not there, where the mapping is. */
  placeOf(key: string): Place {
    return this.#members.get(key)?.keyPlace ?? this.place;
  }

  /** Notes that a member cannot be used. */
  refuse(key: string, problem: string, hint: string): undefined {
    const member = this.#members.get(key);
    this.#problems.add(member?.value.place ?? this.place, `${key} ${problem}`, hint);
    return undefined;
  }

  /** Reads a text that is not empty. */
  text(key: string, hint: string): string | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (value.kind === "number" || value.kind === "boolean") {
      const written = value.kind === "number" ? value.written : String(value.value);
      return this.refuse(key, `is ${describeNode(value)}, and has to be a text`, quoteIt(written));
    }
    if (value.kind !== "text") return this.#wrongKind(key, { wish: "a text", value, hint });
    if (value.text === "") return this.refuse(key, "is empty", hint);
    return value.text;
  }

  /** Reads one of a few words. */
  choice<const Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const hint = `Write ${anyOf(words)}.`;
    const text = this.text(key, hint);
    if (text === undefined) return undefined;
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    const folded = text.toLowerCase().replaceAll(/[\s_]+/g, "-");
    const fold = (one: string) => one.toLowerCase().replaceAll("_", "-");
    const close = suggestName(folded, words.map(fold));
    const meant = words.find((one) => fold(one) === close);
    const problem = `is ${quoted(text)}, which is none of ${words.join(", ")}`;
    return this.refuse(key, problem, meant === undefined ? hint : `Did you mean ${meant}?`);
  }

  /** Reads `true` or `false`. */
  boolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (value.kind === "boolean") return value.value;
    return this.#wrongKind(key, { wish: "true or false", value, hint: "Write true or false." });
  }

  /** Reads a whole number, in decimal digits. */
  integer(key: string, bounds: IntegerBounds): number | undefined {
    const { min, max } = bounds;
    const value = this.value(key);
    if (value === undefined) return undefined;
    const wish = `a whole number from ${min} to ${max}`;
    const hint = bounds.hint ?? "Write it in decimal digits, without quotes.";
    if (value.kind !== "number") {
      const isQuoted = value.kind === "text" && INTEGER.test(value.text);
      return this.#wrongKind(key, {
        wish,
        value,
        hint: isQuoted
          ? `Write ${value.text} without quotes.`
          : value.kind === "nothing"
          ? `Write ${wish}.`
          : hint,
      });
    }
    const number = INTEGER.test(value.written) ? Number(value.written) : NaN;
    if (number >= min && number <= max) return number;
    return this.#wrongKind(key, { wish, value, hint });
  }

  /** Reads a length of time in seconds: a number of them, or with a unit: `90s`, `5m`, `24h`, `7d`. */
  duration(key: string, { min, max }: IntegerBounds): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const hint = `Write a whole number of seconds, or with a unit: 90s, 5m, 24h, 7d.`;
    const written = value.kind === "number"
      ? value.written
      : value.kind === "text"
      ? value.text
      : null;
    if (written === null) return this.#wrongKind(key, { wish: "a length of time", value, hint });
    const [, digits, unit] = DURATION.exec(written) ?? [];
    const seconds = digits === undefined ? NaN : Number(digits) * (UNIT_S[unit ?? ""] ?? NaN);
    if (Number.isNaN(seconds)) {
      return this.refuse(key, `is ${describeNode(value)}, which is no length of time`, hint);
    }
    if (seconds >= min && seconds <= max) return seconds;
    const problem = `is ${describeNode(value)}, and has to be from ${min} to ${max} seconds`;
    return this.refuse(key, problem, hint);
  }

  /** Reads permission bits as three octal digits, in quotes or not. */
  mode(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const hint = 'Write three octal digits, for example "0600".';
    const written = value.kind === "number"
      ? value.written
      : value.kind === "text"
      ? value.text
      : null;
    if (written === null) return this.#wrongKind(key, { wish: "three octal digits", value, hint });
    const digits = MODE.exec(written)?.[1];
    if (digits !== undefined) return Number.parseInt(digits, 8);
    const problem = /^(?:0o?)?[1-7][0-7]{3}$/.test(written)
      ? "which sets more than permission bits"
      : "which is no mode of three octal digits";
    return this.refuse(key, `is ${describeNode(value)}, ${problem}`, hint);
  }

  /** Reads a list, an item at a time; an item for which `null` comes back is left out. */
  list<T>(
    key: string,
    { wish, hint, read }: {
      readonly wish: string;
      readonly hint: string;
      readonly read: (item: YamlNode) => T | null;
    },
  ): T[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (value.kind !== "list") return this.#wrongKind(key, { wish, value, hint });
    return value.items.map(read).filter((item) => item !== null);
  }

  /** Reads a list of texts that are not empty, each with its place. */
  textList(
    key: string,
    hint: string,
  ): { readonly text: string; readonly place: Place }[] | undefined {
    return this.list(key, {
      wish: "a list of texts",
      hint,
      read: (item) => {
        const { place } = item;
        if (item.kind === "unusable") return null;
        if (item.kind === "text" && item.text !== "") return { text: item.text, place };
        const written = item.kind === "number"
          ? item.written
          : item.kind === "boolean"
          ? String(item.value)
          : null;
        const problem = `${key} holds ${
          item.kind === "text" ? "an empty text" : describeNode(item)
        }, and has to hold texts alone`;
        this.#problems.add(place, problem, written === null ? hint : quoteIt(written));
        return null;
      },
    });
  }

  #wrongKind(
    key: string,
    { wish, value, hint }: {
      readonly wish: string;
      readonly value: YamlNode;
      readonly hint: string;
    },
  ): undefined {
    if (value.kind === "nothing") {
      return this.refuse(key, "has no value", `${hint} Or leave ${key} out.`);
    }
    return this.refuse(key, `is ${describeNode(value)}, and has to be ${wish}`, hint);
  }
}

function quoteIt(written: string): string {
  return `Put it into quotes: ${quoted(written)}.`;
}

/** Notes a key that a mapping may not have, and returns the one that is probably meant, or "". */
function noteUnknownKey(
  { key, keyPlace }: YamlMember,
  { form, problems }: { readonly form: MappingForm; readonly problems: Problems },
): string {
  const { what, keys, advice = {} } = form;
  const known = Object.hasOwn(advice, key) ? advice[key] : undefined;
  const close = known?.meant ??
    (known === undefined
      ? suggestName(key.slice(0, 100).toLowerCase().replaceAll("-", "_"), keys)
      : null);
  const all = `Its keys are: ${keys.join(", ")}.`;
  const isOther = known?.meant !== undefined;
  const suggestion = close === null
    ? all
    : isOther
    ? `It is called ${close} here.`
    : `Did you mean ${close}?`;
  problems.add(keyPlace, `${what} has no key ${quoted(key)}`, known?.hint ?? suggestion);
  return close ?? "";
}
