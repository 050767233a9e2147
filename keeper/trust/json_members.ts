/**
 * Members of JSON objects that a person may have written, read strictly.
 *
 * @module
 */
import { isAppName } from "../../protocol/mod.ts";

/** Makes the error for what cannot be read; the reason is the end of a sentence. */
export type Refuse = (reason: string) => Error;

/** Reads members of one object and says which one is wrong. */
export class JsonMembers {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #what: string;
  readonly #refuse: Refuse;

  /** Takes an object; `what` names it in errors. */
  constructor(value: unknown, what: string, refuse: Refuse) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refuse(`${what} is no object`);
    }
    this.#members = value as Readonly<Record<string, unknown>>;
    this.#what = what;
    this.#refuse = refuse;
  }

  /** Tells whether there is such a member, be it `null`. */
  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  /** Reads a whole number from 0. */
  number(name: string): number {
    const value = this.#members[name];
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? value as number
      : this.fail(name);
  }

  /** Reads a whole number from 0, or `null`. */
  optionalNumber(name: string): number | null {
    return this.#members[name] === null ? null : this.number(name);
  }

  /** Reads `true` or `false`. */
  flag(name: string): boolean {
    const value = this.#members[name];
    return typeof value === "boolean" ? value : this.fail(name);
  }

  /** Reads a list of objects. */
  list<T>(name: string, read: (members: JsonMembers) => T): T[] {
    const value = this.#members[name];
    if (!Array.isArray(value)) return this.fail(name);
    return value.map((item, index) => {
      return read(new JsonMembers(item, `${name}[${index}]`, this.#refuse));
    });
  }

  /** Reads an object, `null` where there is none. */
  optionalObject<T>(name: string, read: (members: JsonMembers) => T): T | null {
    const value = this.#members[name];
    if (value === undefined || value === null) return null;
    return read(new JsonMembers(value, `${this.#what}.${name}`, this.#refuse));
  }

  /** Reads text that matches. */
  text(name: string, pattern: RegExp): string {
    const value = this.#members[name];
    return typeof value === "string" && pattern.test(value) ? value : this.fail(name);
  }

  /** Reads text that matches, or `null`. */
  optionalText(name: string, pattern: RegExp): string | null {
    return this.#members[name] === null ? null : this.text(name, pattern);
  }

  /** Reads the name of an app or component, or `null`. */
  name(name: string): string | null {
    const value = this.#members[name];
    if (value === null) return null;
    return typeof value === "string" && isAppName(value) ? value : this.fail(name);
  }

  /** Reads a time as Unix milliseconds. */
  time(name: string): number {
    const ms = Date.parse(this.text(name, /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/));
    return Number.isNaN(ms) ? this.fail(name) : ms;
  }

  /** Reads a time, or `null`. */
  optionalTime(name: string): number | null {
    return this.#members[name] === null ? null : this.time(name);
  }

  /** Says that a member is not usable. */
  fail(name: string): never {
    throw this.#refuse(`${this.#what} has no usable "${name}"`);
  }
}
