/**
 * A command line cut into tokens, by the rules of `parseArgs` of `node:util`.
 *
 * The first module of Node that a process loads costs it 5 MB and 16 ms.
 *
 * @module
 */

/** A flag, with its value where it has one. */
export interface FlagToken {
  /** What tells it from an operand. */
  readonly kind: "flag";
  /** Its long name; an unknown letter stands for itself. */
  readonly name: string;
  /** How it was written, without its value. */
  readonly written: string;
  /** Its value. */
  readonly value: string | undefined;
  /** Whether the value stands in the same argument. */
  readonly isInline: boolean;
}

/** An argument that belongs to no flag. */
export interface OperandToken {
  /** What tells it from a flag. */
  readonly kind: "operand";
  /** The argument. */
  readonly text: string;
  /** Its place among the arguments, from 0. */
  readonly index: number;
}

/** What has to be known of flags. */
export interface FlagSyntax {
  /** Returns the long name behind a letter. */
  longNameOf(letter: string): string | undefined;
  /** Tells whether a flag has a value; one that is not known has none. */
  takesValue(name: string): boolean;
}

/** Cuts arguments into tokens, in their order; behind `--` all are operands. */
export function cutArguments(
  args: readonly string[],
  syntax: FlagSyntax,
): (FlagToken | OperandToken)[] {
  const tokens: (FlagToken | OperandToken)[] = [];
  let hasEnded = false;
  for (let index = 0; index < args.length; index++) {
    const text = args[index] ?? "";
    if (hasEnded || !text.startsWith("-") || text === "-") {
      tokens.push({ kind: "operand", text, index });
    } else if (text === "--") {
      hasEnded = true;
    } else {
      const cut = text.startsWith("--") ? cutLong : cutLetters;
      const { flags, hasTakenNext } = cut(text, args[index + 1], syntax);
      tokens.push(...flags);
      if (hasTakenNext) index++;
    }
  }
  return tokens;
}

interface Cut {
  readonly flags: readonly FlagToken[];
  /** Whether the next argument is the value of the last of them. */
  readonly hasTakenNext: boolean;
}

function cutLong(text: string, next: string | undefined, syntax: FlagSyntax): Cut {
  const end = text.indexOf("=", 3);
  const written = end < 0 ? text : text.slice(0, end);
  const name = written.slice(2);
  const hasTakenNext = end < 0 && syntax.takesValue(name);
  const value = end < 0 ? (hasTakenNext ? next : undefined) : text.slice(end + 1);
  return { flags: [{ kind: "flag", name, written, value, isInline: end >= 0 }], hasTakenNext };
}

/** Letters may stand together; the value of the last may follow it at once. */
function cutLetters(text: string, next: string | undefined, syntax: FlagSyntax): Cut {
  const flags: FlagToken[] = [];
  for (let place = 1; place < text.length; place++) {
    const letter = text.charAt(place);
    const name = syntax.longNameOf(letter) ?? letter;
    const flag = { kind: "flag", name, written: `-${letter}` } as const;
    if (syntax.takesValue(name)) {
      const rest = text.slice(place + 1);
      const isInline = rest !== "";
      flags.push({ ...flag, value: isInline ? rest : next, isInline });
      return { flags, hasTakenNext: !isInline };
    }
    flags.push({ ...flag, value: undefined, isInline: false });
  }
  return { flags, hasTakenNext: false };
}
