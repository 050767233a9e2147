/** What is delivered between one of our programs and the stand-in for the original as its peer. */
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { COLLISION } from "../../support/original_peers.ts";
import { modeOf, readTree } from "../../support/site.ts";
import { agentPair, keeperPair, type PairKind } from "./pairs.ts";
import { DIALECTS, PythonProgram } from "./python_programs.ts";

const VECTORS = fileURLToPath(new URL("../../vectors/original", import.meta.url));

Deno.test("Python programs: are what the captures of the original show", async () => {
  await using selftest = new PythonProgram("selftest.py", [VECTORS]);
  const { code, stdout, stderr } = await selftest.end;
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^\d{4} checks passed\n$/);
});

const PAIRS = DIALECTS.flatMap((dialect) => [keeperPair(dialect), agentPair(dialect)]);

/** Runs a test with each kind of pair. */
function testPairs(behaviour: string, run: (kind: PairKind) => Promise<void>): void {
  for (const kind of PAIRS) Deno.test(`${kind.label}: ${behaviour}`, () => run(kind));
}

/** What the vault holds, and what the node holds then: the wire knows LF alone. */
const CONTENTS: Readonly<Record<string, readonly [held: string, delivered?: string]>> = {
  "plain.txt": ["one\n"],
  "no line end": ["one"],
  "folder/in/folder.txt": ["below\n"],
  "\u00fc.txt": ["two bytes: \u00e4\u00f6\u00fc\u00df \u00e9\n"],
  "\u20ac.txt": ["three bytes: \u20ac \u6f22\u5b57 \u2028\ufffd\n"],
  "\u{1f511}.txt": ["four bytes: \u{1f511} \u{10ffff}\n"],
  "control.txt": ['\0\x01\x08\t\x0b\x0c\x1b\x7f "\\/\n'],
  "crlf.txt": ["a\r\nb\r\n", "a\nb\n"],
  "cr.txt": ["a\rb\r\r\nc\r", "a\nb\n\nc\n"],
  "bom.txt": ["\ufeffafter the mark\n"],
};
const NAMES = Object.keys(CONTENTS);

testPairs("bring names and contents of every kind, and then nothing more", async (kind) => {
  await using pair = await kind.open(NAMES);
  const held = Object.entries(CONTENTS).map(([name, [text]]) => [name, text] as const);
  await pair.site.store(Object.fromEntries(held));
  const first = await pair.deliver();
  assertEquals(first.ours, Object.fromEntries(NAMES.map((name) => [name, "created"])));
  assertEquals(first.theirs, Object.fromEntries(NAMES.map((name) => [name, "Success"])));
  const isTold = /lost its line ends.*crlf\.txt/.test(first.log);
  assertEquals(isTold, kind.ours === "keeper");
  for (const [name, [text, delivered]] of Object.entries(CONTENTS)) {
    const bytes = await Deno.readFile(`${pair.node}/${name}`);
    const found = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    assertEquals(found, delivered ?? text, name);
  }
  assertEquals(Object.keys(await readTree(pair.node)).sort(), [...NAMES].sort());
  assertEquals(await modeOf(`${pair.node}/plain.txt`), kind.ours === "agent" ? 0o600 : 0o644);
  const second = await pair.deliver();
  assertEquals(second.ours, {});
  assertEquals(second.theirs, Object.fromEntries(NAMES.map((name) => [name, kind.same])));
});

testPairs("bring what has changed on the vault, and no more", async (kind) => {
  await using pair = await kind.open(["a", "b"]);
  await pair.site.store({ a: "1", b: "1" });
  await pair.deliver();
  await pair.site.store({ a: "2" });
  const { ours, theirs } = await pair.deliver();
  assertEquals([ours, theirs], [{ a: "updated" }, { a: "Success", b: kind.same }]);
  assertEquals(await readTexts(pair.node, ["a", "b"]), ["2", "1"]);
});

testPairs("bring back what has changed or gone on the node", async (kind) => {
  await using pair = await kind.open(["a", "b", "c"]);
  await pair.site.store({ a: "1", b: "2", c: "3" });
  await pair.deliver();
  // One file in place of another has the number that the other was known by.
  await Deno.rename(`${pair.node}/b`, `${pair.node}/a`);
  const { ours, theirs } = await pair.deliver();
  assertEquals(ours, { a: "updated", b: "created" });
  assertEquals(theirs, { a: "Success", b: "Success", c: kind.same });
  assertEquals(await readTexts(pair.node, ["a", "b", "c"]), ["1", "2", "3"]);
});

testPairs("bring a change that the checksum does not show", async (kind) => {
  await using pair = await kind.open(["a"]);
  await pair.site.store({ a: COLLISION[0] });
  await pair.deliver();
  await pair.site.store({ a: COLLISION[1] });
  const { ours, theirs } = await pair.deliver();
  assertEquals([ours, theirs], [{ a: "updated" }, { a: "Success" }]);
  assertEquals(await readTexts(pair.node, ["a"]), [COLLISION[1]]);
});

testPairs("leave alone what the vault does not have, and say so", async (kind) => {
  await using pair = await kind.open(["new", "old", "a"]);
  await pair.site.store({ a: "1" });
  await Deno.writeTextFile(`${pair.node}/old`, "kept");
  const { ours, theirs } = await pair.deliver();
  // A keeper tells what it was never told to give from what it should have.
  const outcome = kind.ours === "keeper" ? "denied" : "missing";
  assertEquals(ours, { new: outcome, old: outcome, a: "created" });
  assertEquals(theirs, { new: "FileNotFound", old: "FileNotFound", a: "Success" });
  assertEquals(await readTexts(pair.node, ["old", "a"]), ["kept", "1"]);
  await assertRejects(() => Deno.lstat(`${pair.node}/new`), Deno.errors.NotFound);
});

testPairs("make an empty file, and empty one", async (kind) => {
  await using pair = await kind.open(["new", "old"]);
  await pair.site.store({ new: "", old: "" });
  await Deno.writeTextFile(`${pair.node}/old`, "not empty");
  const first = await pair.deliver();
  assertEquals(first.ours, { new: "created", old: "updated" });
  assertEquals(first.theirs, { new: "Success", old: "Success" });
  const second = await pair.deliver();
  // A node of the original asks alike for an empty file and for none, so it is sent each time.
  assertEquals(second.ours, kind.ours === "keeper" ? { new: "created", old: "created" } : {});
  assertEquals(second.theirs, { new: "Success", old: "Success" });
  assertEquals(await readTexts(pair.node, ["new", "old"]), ["", ""]);
});

/** Makes a text of some length, of letters of every width, no two of its lines the same. */
function makeText(length: number): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(length).fill(0x2e);
  const encoder = new TextEncoder();
  let at = 0;
  for (let number = 0;; number++) {
    const line = encoder.encode(`${number} \u00e9 \u20ac \u{1f511} ${"x".repeat(number % 61)}\n`);
    if (at + line.length > text.length) return text;
    text.set(line, at);
    at += line.length;
  }
}

/** Above a size the agent goes by checksums. */
const GOES_BY_CHECKSUM_BYTES = 2_097_152;

testPairs("bring a large file once, and again when its end has changed", async (kind) => {
  await using pair = await kind.open(["large.txt"]);
  const text = makeText(GOES_BY_CHECKSUM_BYTES);
  await pair.site.store({ "large.txt": text });
  assertEquals((await pair.deliver()).ours, { "large.txt": "created" });
  const { ours, theirs } = await pair.deliver();
  assertEquals([ours, theirs], [{}, { "large.txt": "Match" }]);
  text[text.length - 1] = 0x21;
  await pair.site.store({ "large.txt": text });
  assertEquals((await pair.deliver()).ours, { "large.txt": "updated" });
  assertEquals(await readTree(pair.node), await readTree(pair.vault));
});

// The versions do not differ in how a file is carried.
for (const kind of PAIRS.slice(0, 2)) {
  Deno.test(`${kind.label}: bring a text of 50 MiB`, async () => {
    await using pair = await kind.open(["large.txt", "small.txt"]);
    await pair.site.store({ "large.txt": makeText(52_428_800), "small.txt": "1" });
    const { ours } = await pair.deliver();
    assertEquals(ours, { "large.txt": "created", "small.txt": "created" });
    assertEquals(await readTree(pair.node), await readTree(pair.vault));
  });
}

async function readTexts(folder: string, names: readonly string[]): Promise<string[]> {
  return await Promise.all(names.map((name) => Deno.readTextFile(`${folder}/${name}`)));
}
