import { describeNode, Mapping, type MappingForm } from "../../../keeper/loadout/mapping.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const FORM: MappingForm = {
  what: "a thing",
  keys: ["a", "source", "pid_file"],
  advice: { content_source: { meant: "source" }, owner: { hint: "Write uid." } },
};

/** Reads a text as a mapping and lets a reader loose on it. */
function reading<T>(
  text: string,
  read: (mapping: Mapping) => T,
  form = FORM,
): { value: T | null; errors: readonly string[] } {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const mapping = Mapping.read(tree, { form, problems });
  const value = mapping === null ? null : read(mapping);
  const errors = problems.errors().map(({ place, problem, hint }) => {
    return `${place} ${problem} | ${hint}`;
  });
  return { value, errors };
}

/** Reads the member `a` of each text; what is wrong is the value in its place. */
function readEach(texts: readonly string[], read: (mapping: Mapping) => unknown): unknown[] {
  return texts.map((text) => {
    const { value, errors } = reading(`a: ${text}`, read);
    return errors.length > 0 ? "refused" : value;
  });
}

Deno.test("Mapping.read notes each key that it may not have, and what is meant", () => {
  const { errors } = reading(
    "sorce: 1\ncontent_source: 2\nowner: 3\nxyz: 4\npid-file: 5\n",
    () => 0,
  );
  assertEquals(errors, [
    'f:1:1 a thing has no key "sorce" | Did you mean source?',
    'f:2:1 a thing has no key "content_source" | It is called source here.',
    'f:3:1 a thing has no key "owner" | Write uid.',
    'f:4:1 a thing has no key "xyz" | Its keys are: a, source, pid_file.',
    'f:5:1 a thing has no key "pid-file" | Did you mean pid_file?',
  ]);
});

Deno.test("Mapping.read takes nothing but a mapping", () => {
  for (const text of ["[a]", "a", "1", "true"]) {
    const { value, errors } = reading(text, () => 0);
    assertEquals([value, errors.length], [null, 1]);
  }
});

Deno.test("Mapping.miss notes a missing member once, and not where another name was noted", () => {
  const miss = (mapping: Mapping) => mapping.miss("source", "Write it.");
  assertEquals(reading("a: 1", miss).errors, ["f:1:1 source is missing | Write it."]);
  assertEquals(reading("sorce: 1", miss).errors.length, 1);
});

Deno.test("Mapping.text takes texts alone, and tells how to write another value as one", () => {
  const read = (mapping: Mapping) => mapping.text("a", "Write it.");
  assertEquals(readEach(["x", "'0600'", "no", "2001-01-01"], read), [
    ...["x", "0600", "no", "2001-01-01"],
  ]);
  assertEquals(reading("a: 0600", read).errors, [
    'f:1:4 a is the number 0600, and has to be a text | Put it into quotes: "0600".',
  ]);
  assertEquals(reading("a: true", read).errors, [
    'f:1:4 a is true, and has to be a text | Put it into quotes: "true".',
  ]);
  assertEquals(reading("a: ''", read).errors, ["f:1:4 a is empty | Write it."]);
  assertEquals(reading("a:", read).errors, ["f:1:1 a has no value | Write it. Or leave a out."]);
  assertEquals(reading("a: [x]", read).errors, [
    "f:1:4 a is a list, and has to be a text | Write it.",
  ]);
  assertEquals(reading("source: x", read), { value: undefined, errors: [] });
});

Deno.test("Mapping.choice takes one of its words as it is written, and knows which is meant", () => {
  const read = (mapping: Mapping) => mapping.choice("a", ["STRICT", "ALLOW_ADDS"]);
  assertEquals(readEach(["STRICT", "ALLOW_ADDS", "strict", "1"], read), [
    ...["STRICT", "ALLOW_ADDS", "refused", "refused"],
  ]);
  const hintOf = (text: string) => reading(`a: ${text}`, read).errors[0]?.split(" | ")[1];
  assertEquals(["allow adds", "allow-add", "nonsense"].map(hintOf), [
    "Did you mean ALLOW_ADDS?",
    "Did you mean ALLOW_ADDS?",
    "Write STRICT or ALLOW_ADDS.",
  ]);
});

Deno.test("Mapping.boolean takes true and false, and no word of YAML 1.1", () => {
  const read = (mapping: Mapping) => mapping.boolean("a");
  assertEquals(readEach(["true", "False", "yes", "on", "'true'", "1", "~"], read), [
    ...[true, false, "refused", "refused", "refused", "refused", "refused"],
  ]);
});

Deno.test("Mapping.integer takes decimal digits within its bounds", () => {
  const read = (mapping: Mapping) => mapping.integer("a", { min: 0, max: 100 });
  assertEquals(readEach(["0", "7", "100"], read), [0, 7, 100]);
  const bad = [
    "101",
    "-1",
    "007",
    "0o7",
    "0x7",
    "1e1",
    "1.0",
    "'7'",
    "seven",
    "[7]",
    "true",
    ".inf",
  ];
  assertEquals(readEach(bad, read), bad.map(() => "refused"));
  assert(reading("a: '7'", read).errors[0]?.endsWith("| Write 7 without quotes."));
});

Deno.test("Mapping.duration takes seconds and units, in whole numbers", () => {
  const read = (mapping: Mapping) => mapping.duration("a", { min: 1, max: 31_536_000 });
  assertEquals(readEach(["90", "90s", "30m", "24h", "7d", "'5'", "365d"], read), [
    ...[90, 90, 1_800, 86_400, 604_800, 5, 31_536_000],
  ]);
  const bad = [
    "0",
    "0s",
    "366d",
    "1.5h",
    "1 h",
    "1H",
    "-5",
    "1w",
    "1e2",
    "0x5",
    "soon",
    "[1]",
    "~",
  ];
  assertEquals(readEach(bad, read), bad.map(() => "refused"));
});

Deno.test("Mapping.mode takes octal digits however YAML takes them for a number", () => {
  const read = (mapping: Mapping) => mapping.mode("a");
  const written = ["0600", '"0600"', "600", "'600'", "0o600", "000", "777"];
  assertEquals(readEach(written, read), [0o600, 0o600, 0o600, 0o600, 0o600, 0, 0o777]);
  const bad = [
    "0680",
    "60",
    "06000",
    "1777",
    "'04755'",
    "o600",
    "rw-------",
    "384",
    "0x180",
    "6e2",
  ];
  assertEquals(readEach(bad, read), bad.map(() => "refused"));
  assert(reading("a: 1777", read).errors[0]?.includes("sets more than permission bits"));
});

Deno.test("Mapping.textList keeps the texts, each with its place", () => {
  const read = (mapping: Mapping) => mapping.textList("a", "Write names.");
  const { value, errors } = reading("a: [x, 5, '', y, [z]]", read);
  assertEquals(value?.map(({ text, place }) => [text, place.text]), [
    ["x", "f:1:5"],
    ["y", "f:1:15"],
  ]);
  assertEquals(errors, [
    'f:1:8 a holds the number 5, and has to hold texts alone | Put it into quotes: "5".',
    "f:1:11 a holds an empty text, and has to hold texts alone | Write names.",
    "f:1:18 a holds a list, and has to hold texts alone | Write names.",
  ]);
});

Deno.test("Mapping says nothing of what was noted already", () => {
  const { errors } = reading("a: *gone\nsource: [*gone]\n", (mapping) => [
    mapping.text("a", ""),
    mapping.integer("a", { min: 0, max: 1 }),
    mapping.textList("source", ""),
  ]);
  assertEquals(errors.length, 2);
  assert(errors.every((error) => error.includes("*gone means nothing")));
});

Deno.test("describeNode repeats no secret", () => {
  const place = { text: "f:1:1", order: 0 };
  const text = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
  assert(!describeNode({ kind: "text", place, text }).includes("5Hue"));
});
