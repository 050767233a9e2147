/**
 * The mistakes of a loadout: all that can be found are told together, each with its place.
 *
 * @module
 */
import { ConfigError, ConfigErrors } from "../../protocol/mod.ts";
import { secretIn } from "../keys/disclosed_secret.ts";
import { MAX_PROBLEMS } from "./limits.ts";

/** Where something was written. */
export interface Place {
  /** As people and editors read it: `file:line:column`, or the name of a flag. */
  readonly text: string;
  /** Grows from the beginning of a file to its end. */
  readonly order: number;
}

/** Something that is wrong, or looks so. */
export interface LoadoutProblem {
  /** Where it is, as `file:line:column` or the name of a flag. */
  readonly place: string;
  /** What is wrong, as a sentence without its full stop. */
  readonly problem: string;
  /** What to write instead. */
  readonly hint: string;
}

/** Gathers what is wrong with one file. */
export class Problems {
  readonly #errors: { readonly place: Place; readonly problem: LoadoutProblem }[] = [];
  readonly #warnings: { readonly place: Place; readonly problem: LoadoutProblem }[] = [];
  readonly #told = new Set<string>();

  /** Whether nothing is wrong so far. */
  get isEmpty(): boolean {
    return this.#errors.length === 0;
  }

  /** Notes a mistake; the same one at the same place is noted once. */
  add(place: Place, problem: string, hint: string): void {
    this.#note(this.#errors, { place, problem, hint });
  }

  /** Notes what can be used as it is, and is probably not meant. */
  warn(place: Place, problem: string, hint: string): void {
    this.#note(this.#warnings, { place, problem, hint });
  }

  #note(
    list: { readonly place: Place; readonly problem: LoadoutProblem }[],
    { place, problem, hint }: { readonly place: Place; readonly problem: string; hint: string },
  ): void {
    const key = `${place.text}\n${problem}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    list.push({ place, problem: { place: place.text, problem, hint } });
  }

  /** Returns the mistakes in the order of their places. */
  errors(): readonly LoadoutProblem[] {
    return inOrder(this.#errors);
  }

  /** Returns what is probably not meant, in the order of the places. */
  warnings(): readonly LoadoutProblem[] {
    return inOrder(this.#warnings);
  }
}

function inOrder(
  noted: readonly { readonly place: Place; readonly problem: LoadoutProblem }[],
): LoadoutProblem[] {
  return [...noted].sort((a, b) => a.place.order - b.place.order).map(({ problem }) => problem);
}

/** Makes one error of mistakes, of which there is at least one; the last of very many are counted. */
export function problemsError(problems: readonly LoadoutProblem[]): ConfigErrors {
  const errors = problems.slice(0, MAX_PROBLEMS).map(({ place, problem, hint }) => {
    return new ConfigError(problem, { source: place, hint });
  });
  const left = problems.length - errors.length;
  if (left > 0) errors.push(new ConfigError(`there are ${left} more mistakes`));
  return new ConfigErrors(errors);
}

const MAX_QUOTED_CHARACTERS = 60;

/** Quotes what was written, cut to a length that can be read; a secret is not repeated. */
export function quoted(text: string): string {
  const secret = secretIn(text.trim());
  if (secret !== null) return `${secret} (not repeated here)`;
  const characters = [...text.slice(0, MAX_QUOTED_CHARACTERS * 2)];
  if (characters.length <= MAX_QUOTED_CHARACTERS && text.length <= MAX_QUOTED_CHARACTERS * 2) {
    return JSON.stringify(text);
  }
  return JSON.stringify(`${characters.slice(0, MAX_QUOTED_CHARACTERS).join("")}...`);
}

/** Writes words as a choice: `a`, `a or b`, `a, b or c`. */
export function anyOf(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
