/**
 * From what an operator wrote to the value of an option.
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { looksLikePrivateKey } from "../private_key_text.ts";
import type { Option, OptionValue } from "./option_table.ts";
import { suggestName } from "./suggestion.ts";

const BOOLEAN_WORDS: Readonly<Record<string, boolean>> = {
  "1": true,
  "true": true,
  "yes": true,
  "0": false,
  "false": false,
  "no": false,
};

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  "": 1,
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
};

const MAX_SHOWN_CHARACTERS = 60;

/**
 * Reads the text of a flag or a variable.
 *
 * @param source Where the text came from, for the error.
 * @throws {ConfigError} if the option does not allow it; the text is left out for a secret.
 */
export function readOptionText(option: Option, text: string, source: string): OptionValue {
  const refuse = (wish: string, hint?: string) => refusal(option, { wish, text, source, hint });
  if (text.includes("\0")) throw refuse("must not contain a NUL character");
  switch (option.kind) {
    case "text":
    case "path":
      if (text === "") throw refuse("must not be empty");
      return text;
    case "integer":
      if (!/^[+-]?\d{1,15}$/.test(text.trim())) throw refuse(`must be ${numberWish(option)}`);
      return inRange(option, Number(text), refuse);
    case "seconds": {
      const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|[smhd]?)$/.exec(text.trim());
      const unit = match && UNIT_SECONDS[match[2] ?? ""];
      if (!match || !unit) {
        throw refuse(`must be ${numberWish(option)}`, "Write 300, 90s, 5m, 1h or 2d.");
      }
      return inRange(option, Number(match[1]) * unit, refuse);
    }
    case "boolean": {
      const word = text.trim().toLowerCase();
      const value = Object.hasOwn(BOOLEAN_WORDS, word) ? BOOLEAN_WORDS[word] : undefined;
      if (value === undefined) throw refuse("must be true or false");
      return value;
    }
    case "list": {
      const items = text.split(",").map((item) => item.trim());
      if (items.includes("")) {
        throw refuse("has an empty item", "Write the items with one comma between them.");
      }
      return items;
    }
    case "choice": {
      if (option.choices.includes(text)) return text;
      const close = suggestName(text, option.choices);
      throw refuse(
        `must be one of ${option.choices.join(", ")}`,
        close === null || option.secret ? undefined : `Did you mean ${close}?`,
      );
    }
  }
}

/**
 * Reads a value out of a parsed config file: of its own type, or the text of one.
 *
 * Items of an array are taken as they are; a text is split at commas like that of a flag.
 *
 * @throws {ConfigError} if the option does not allow it.
 */
export function readOptionJson(option: Option, json: unknown, source: string): OptionValue {
  const refuse = (wish: string) =>
    refusal(option, { wish, text: describeJson(json), source, isQuoted: true });
  if (typeof json === "boolean" && option.kind === "boolean") return json;
  if (typeof json === "string") return readOptionText(option, json, source);
  if (typeof json === "number" && option.kind !== "boolean" && option.kind !== "list") {
    if (!Number.isFinite(json)) throw refuse(`must be ${numberWish(option)}`);
    return readOptionText(option, String(json), source);
  }
  if (option.kind === "list" && Array.isArray(json)) {
    return json.map((item: unknown) => {
      if (typeof item !== "string" || item === "" || item.includes("\0")) {
        throw refuse("must be a list of texts that are not empty");
      }
      return item;
    });
  }
  throw refuse(`must be ${wishOf(option)}`);
}

function describeJson(json: unknown): string {
  if (Array.isArray(json)) return "a list";
  return typeof json === "object" ? "an object" : String(json);
}

function inRange(option: Option, value: number, refuse: (wish: string) => ConfigError): number {
  const { min, max } = boundsOf(option);
  if (value < min || value > max) throw refuse(`must be ${numberWish(option)}`);
  return value === 0 ? 0 : value;
}

function boundsOf(option: Option): { min: number; max: number } {
  if (option.kind !== "integer" && option.kind !== "seconds") {
    return { min: -Infinity, max: Infinity };
  }
  const least = option.kind === "seconds" ? 0 : -Number.MAX_SAFE_INTEGER;
  return { min: option.min ?? least, max: option.max ?? Number.MAX_SAFE_INTEGER };
}

function numberWish(option: Option): string {
  const what = option.kind === "seconds" ? "a number of seconds" : "a whole number";
  if (option.kind !== "integer" && option.kind !== "seconds") return what;
  const { min, max } = option;
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  if (min !== undefined) return `${what} of at least ${min}`;
  return max === undefined ? what : `${what} of at most ${max}`;
}

function wishOf(option: Option): string {
  switch (option.kind) {
    case "text":
    case "path":
      return "a text";
    case "integer":
    case "seconds":
      return numberWish(option);
    case "boolean":
      return "true or false";
    case "list":
      return "a list of texts";
    case "choice":
      return `one of ${option.choices.join(", ")}`;
  }
}

interface Refusal {
  readonly wish: string;
  readonly text: string;
  readonly source: string;
  readonly hint?: string | undefined;
  /** Whether the text is to be shown without quotation marks of its own. */
  readonly isQuoted?: boolean;
}

function refusal(option: Option, { wish, text, source, hint, isQuoted }: Refusal): ConfigError {
  const shown = option.secret || looksLikePrivateKey(text)
    ? ""
    : `, not ${showText(text, isQuoted)}`;
  return new ConfigError(`--${option.name} ${wish}${shown}`, {
    setting: `--${option.name}`,
    source,
    hint: hint ?? `Correct it, or leave it out${defaultHint(option)}.`,
  });
}

function showText(text: string, isQuoted = false): string {
  const cut = text.length > MAX_SHOWN_CHARACTERS
    ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...`
    : text;
  return isQuoted ? cut : JSON.stringify(cut);
}

function defaultHint(option: Option): string {
  if (option.secret || option.default === undefined || typeof option.default === "object") {
    return "";
  }
  return ` for the default, ${option.default}`;
}
