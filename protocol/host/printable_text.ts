/**
 * Text from elsewhere, made harmless before a person or a terminal sees it.
 *
 * @module
 */

/** The options of {@linkcode sanitiseText}. */
export interface SanitiseOptions {
  /**
   * The number of characters after which the text is cut and `...` put in the place of the rest.
   *
   * @default 500
   */
  readonly maxLength?: number;
}

const MAX_CHARACTERS = 500;

// Control, format (text direction, zero width), unassigned and private characters, lone surrogates,
// and the two separators that end a line.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Shows each character that could move the cursor, colour, hide or reorder text as an escape.
 *
 * The result is one line. Everything that a peer, a file name or the network provides goes through
 * here before it is printed or logged.
 */
export function sanitiseText(text: string, options: SanitiseOptions = {}): string {
  const maxLength = options.maxLength ?? MAX_CHARACTERS;
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
  return cut.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * Writes a value as one line of JSON, without the end of the line, that a terminal takes for nothing but
 * text: what {@linkcode sanitiseText} would show as an escape is one of JSON here, and read as it was.
 *
 * @throws {TypeError} for what JSON cannot hold.
 */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (character) => {
    const units = character.split("").map((unit) => unit.charCodeAt(0));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
