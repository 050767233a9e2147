import fc from "fast-check";
import { stringify } from "yaml";
import {
  MAX_LOADOUT_BYTES,
  MAX_LOADOUT_DEPTH,
  MAX_LOADOUT_NODES,
} from "../../../keeper/loadout/limits.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree, type YamlNode } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function parse(text: string): { tree: YamlNode | null; errors: readonly string[] } {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  return { tree, errors: problems.errors().map(({ place, problem }) => `${place} ${problem}`) };
}

/** Turns a tree into the plain value that it stands for. */
function plain(node: YamlNode): unknown {
  switch (node.kind) {
    case "mapping":
      return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
    case "list":
      return node.items.map(plain);
    case "text":
      return node.text;
    case "number":
      return Number(node.written);
    case "boolean":
      return node.value;
    case "nothing":
      return null;
    case "unusable":
      return undefined;
  }
}

function read(text: string): unknown {
  const { tree, errors } = parse(text);
  assertEquals(errors, []);
  return tree === null ? undefined : plain(tree);
}

Deno.test("parseTree knows where each key and value is", () => {
  const { tree } = parse("a: 1\nbc:\n  - x\n  -   'y'\n");
  assert(tree?.kind === "mapping");
  const [a, bc] = tree.members;
  assertEquals([a?.keyPlace.text, a?.value.place.text], ["f:1:1", "f:1:4"]);
  assert(bc?.value.kind === "list");
  assertEquals(bc.value.items.map(({ place }) => place.text), ["f:3:5", "f:4:7"]);
});

Deno.test("parseTree counts columns without the mark of the byte order", () => {
  const { tree } = parse("\uFEFFa: b\n");
  assert(tree?.kind === "mapping");
  assertEquals(tree.members[0]?.value.place.text, "f:1:4");
});

Deno.test("parseTree keeps numbers as they are written", () => {
  const { tree } = parse("[0600, 0o600, 1e3, 0x10, -1, .inf]");
  assert(tree?.kind === "list");
  const written = tree.items.map((item) => item.kind === "number" ? item.written : item.kind);
  assertEquals(written, ["0600", "0o600", "1e3", "0x10", "-1", ".inf"]);
});

Deno.test("parseTree takes for text what YAML 1.1 took for something else", () => {
  assertEquals(read("[no, NO, on, yes, 2001-01-01, 1:30, 1_000, __proto__]"), [
    ...["no", "NO", "on", "yes", "2001-01-01", "1:30", "1_000", "__proto__"],
  ]);
  assertEquals(read("[true, False, ~, null, '']"), [true, false, null, null, ""]);
});

Deno.test("parseTree puts what an alias means in its place, as it was when it stood there", () => {
  assertEquals(read("a: &x [1]\nb: *x\nc: &x { d: &y z }\ne: [*x, *y]\n"), {
    a: [1],
    b: [1],
    c: { d: "z" },
    e: [{ d: "z" }, "z"],
  });
  assertEquals(read("a: &x { b: &y 1 }\nc: &y 2\nd: *x\ne: *y\n"), {
    a: { b: 1 },
    c: 2,
    d: { b: 1 },
    e: 2,
  });
  assertEquals(read("&k a: 1\nb: *k\n"), { a: 1, b: "a" });
});

Deno.test("parseTree refuses aliases that mean nothing or themselves, and goes on", () => {
  const { tree, errors } = parse("a: &a [*a, *b, c]\nd: e\n");
  assertEquals(errors, [
    "f:1:8 *a is inside of what it means",
    "f:1:12 *b means nothing: there is no anchor &b before it",
  ]);
  assertEquals(tree && plain(tree), { a: [undefined, undefined, "c"], d: "e" });
});

Deno.test("parseTree ends at the bound of values, however aliases multiply them", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 12; i++) {
    lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  }
  const { tree, errors } = parse(lines.join("\n"));
  assertEquals(tree, null);
  assertEquals(errors.length, 1);
  assert(errors[0]?.includes(`over ${MAX_LOADOUT_NODES} values`));
});

Deno.test("parseTree refuses what is too large or too deep", () => {
  assertEquals(parse("#".repeat(MAX_LOADOUT_BYTES + 1)).errors, [
    `f:1:1 the file has over ${MAX_LOADOUT_BYTES} bytes`,
  ]);
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assertEquals(parse(nested(MAX_LOADOUT_DEPTH + 1)).errors, []);
  assertEquals(parse(nested(MAX_LOADOUT_DEPTH + 2)).errors, [
    `f:1:${MAX_LOADOUT_DEPTH + 2} it is nested too deeply`,
  ]);
  const { tree, errors } = parse("[".repeat(20_000));
  assertEquals(tree, null);
  assert(errors.some((error) => error.endsWith("it is nested too deeply")));
});

Deno.test("parseTree refuses keys that are no text, and keys that stand twice", () => {
  assertEquals(parse("1: a\ntrue: b\n? [x]\n: c\n: d\n<<: {}\n'<<': e\nf: 1\n'f': 2\n").errors, [
    'f:1:1 the key "1" is no text',
    'f:2:1 the key "true" is no text',
    "f:3:3 a key is no text",
    "f:5:1 a key is no text",
    "f:6:1 merge keys (<<) are not read",
    'f:9:1 "f" stands twice, first at f:8:1',
  ]);
});

Deno.test("parseTree refuses tags, other versions of YAML, and a second document", () => {
  assertEquals(parse("[!!int 1, ! a, !x {}, !<u:x> []]").errors.length, 4);
  assertEquals(parse("%YAML 1.1\n---\na: yes\n").errors, [
    "f:1:1 the file says that it is YAML 1.1",
  ]);
  assertEquals(read("%YAML 1.2\n---\na: yes\n...\n"), { a: "yes" });
  assertEquals(parse("a: 1\n---\na: 2\n").errors, ["f:2:1 the file holds more than one document"]);
  for (const empty of ["", "\n", "# a\n", "---\n", "~", "null"]) {
    assertEquals(parse(empty).errors, ["f:1:1 the file is empty"]);
  }
});

Deno.test("parseTree tells a few faults of a text that is none, and none of its words", () => {
  const secret = "correct horse battery";
  for (const text of [`a: "${secret}`, `{${secret}`, `\t${secret}: x`, `a: @${secret}\n b: c`]) {
    const { tree, errors } = parse(text);
    assertEquals(tree, null);
    assert(errors.length > 0 && !errors.join().includes("horse"), errors.join());
  }
  assert(parse("a: 'x\n".repeat(1_000)).errors.length <= 5);
});

Deno.test("parseTree reads what was written of any JSON value, with places that exist", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
    fc.pre(Object.keys(value).length > 0);
    const text = stringify(value, { aliasDuplicateObjects: false });
    const lines = text.split("\n");
    const problems = new Problems();
    const tree = parseTree(text, { file: "f", problems });
    assertEquals(problems.errors(), []);
    assert(tree !== null);
    // Negative zero is no number of its own in JSON.
    assertEquals(JSON.stringify(plain(tree)), JSON.stringify(value));
    const check = (node: YamlNode): void => {
      const [, line, column] = node.place.text.split(":").map(Number);
      const written = lines[(line ?? 0) - 1];
      assert(written !== undefined && (column ?? 0) <= written.length + 1, node.place.text);
      if (node.kind === "list") node.items.forEach(check);
      if (node.kind === "mapping") node.members.forEach((member) => check(member.value));
    };
    check(tree);
  }));
});
