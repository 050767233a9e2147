/**
 * What is wrong with a text that is no YAML, in words of our own: a parser's quote the file, which may
 * be one that was named by mistake and holds secrets.
 *
 * @module
 */

/** A fault and what to do about it. */
export interface SyntaxFault {
  /** What is wrong, as a sentence without its full stop. */
  readonly problem: string;
  /** What to write instead. */
  readonly hint: string;
}

const INDENT: SyntaxFault = {
  problem: "the indentation does not fit the lines before it",
  hint: "Indent what belongs together by the same number of spaces.",
};
const QUOTE_IT = 'Put the whole value into quotes: "...".';

const FAULTS: Readonly<Record<string, SyntaxFault>> = {
  BAD_ALIAS: { problem: "an alias has no name", hint: "A text that begins with * needs quotes." },
  BAD_COLLECTION_TYPE: { problem: "a tag does not fit its value", hint: "Leave the tag out." },
  BAD_DIRECTIVE: { problem: "a line that begins with % is not read", hint: "Leave it out." },
  BAD_DQ_ESCAPE: {
    problem: "a backslash between double quotes begins an escape that does not exist",
    hint: "Write the backslash twice, or use single quotes.",
  },
  BAD_INDENT: INDENT,
  BAD_PROP_ORDER: { problem: "an anchor or tag is out of place", hint: "Leave it out." },
  BAD_SCALAR_START: {
    problem: "a text cannot begin with this character unless it is in quotes",
    hint: QUOTE_IT,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    problem: "there is a second colon where one key has its value",
    hint: "If the colon belongs to the value, put that into quotes; else begin a new line.",
  },
  BLOCK_IN_FLOW: {
    problem: "a list or mapping by indentation stands between brackets",
    hint: "Close the brackets first, or write it with brackets too.",
  },
  KEY_OVER_1024_CHARS: { problem: "a key is longer than 1,024 characters", hint: QUOTE_IT },
  MISSING_CHAR: {
    problem: "a closing quote or bracket, a comma, or the space behind a colon is missing here",
    hint: "Add it.",
  },
  MULTILINE_IMPLICIT_KEY: {
    problem: "a key goes over several lines",
    hint: "Look for a colon or a closing quote that is missing above.",
  },
  MULTIPLE_ANCHORS: { problem: "a value has two anchors", hint: "Leave one of them out." },
  MULTIPLE_DOCS: {
    problem: "the file holds more than one document",
    hint: "Leave out the line --- and what is behind it.",
  },
  MULTIPLE_TAGS: { problem: "a value has two tags", hint: "Leave the tags out." },
  RESOURCE_EXHAUSTION: {
    problem: "it is nested too deeply",
    hint: "No value of a loadout is so deep.",
  },
  TAB_AS_INDENT: {
    problem: "a line is indented by a tab",
    hint: "Indent by spaces: YAML allows no tabs there.",
  },
  TAG_RESOLVE_FAILED: { problem: "there is a tag", hint: "Leave the tag out." },
  UNEXPECTED_TOKEN: {
    problem: "this is out of place here",
    hint: "Look at the indentation, and for brackets or quotes that are not closed above.",
  },
};

/** Describes a fault by the code that the package gives it. */
export function describeSyntaxFault(code: string, message: string): SyntaxFault {
  // The package has one code for two faults that are mended in different ways.
  if (code === "BAD_INDENT" && /\bend with a [\]}]/.test(message)) {
    const bracket = message.includes("}") ? "}" : "]";
    return { problem: `the bracket is not closed`, hint: `Close it with ${bracket}.` };
  }
  return FAULTS[code] ?? {
    problem: "this is no YAML",
    hint: "Look at the indentation, the colons and the quotes.",
  };
}
