import { join } from "node:path";
import { MAX_FOLDER_FILES, MAX_ORIGINAL_NODES } from "../../../keeper/limits.ts";
import type { DeliveriesState } from "../../../keeper/original/mod.ts";
import { DELIVERIES_FILE_NAME, DeliveriesFile } from "../../../keeper/original/deliveries_file.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const HAS_MODES = Deno.build.os !== "windows";
const ONE = "11".repeat(32);
const TWO = "22".repeat(32);

function stateOf(
  nodes: Readonly<Record<string, Readonly<Record<string, string>>>>,
): DeliveriesState {
  return new Map(
    Object.entries(nodes).map(([node, files]) => {
      return [node, new Map(Object.entries(files))];
    }),
  );
}

Deno.test("DeliveriesFile knows of nothing where there is no file, and makes none by reading", async () => {
  await using folder = await temporaryFolder();
  const file = new DeliveriesFile(join(folder.path, "state"));
  assertEquals(file.path, join(folder.path, "state", DELIVERIES_FILE_NAME));
  assertEquals(await file.load(), new Map());
  await assertRejects(() => Deno.stat(join(folder.path, "state")), Deno.errors.NotFound);
});

Deno.test("DeliveriesFile keeps deliveries for the next process", async () => {
  await using folder = await temporaryFolder();
  const news = stateOf({
    "n:1": { "a": ONE, "tls/key.pem": TWO },
    "[::1]:2": { ["__proto__"]: ONE },
  });
  await new DeliveriesFile(folder.path).merge(news);
  assertEquals(await new DeliveriesFile(folder.path).load(), news);
});

Deno.test({
  name: "DeliveriesFile is for its owner alone, and so is the folder that it makes",
  ignore: !HAS_MODES,
  fn: async () => {
    await using folder = await temporaryFolder();
    const file = new DeliveriesFile(join(folder.path, "a", "state"));
    await file.merge(stateOf({ "n:1": { a: ONE } }));
    const modes = [file.path, join(folder.path, "a", "state")].map((path) => {
      return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
    });
    assertEquals(modes, ["600", "700"]);
  },
});

Deno.test("DeliveriesFile adds to what another process wrote, and goes before it", async () => {
  await using folder = await temporaryFolder();
  const [one, other] = [new DeliveriesFile(folder.path), new DeliveriesFile(folder.path)];
  await one.merge(stateOf({ "n:1": { a: ONE, b: ONE } }));
  await other.merge(stateOf({ "n:1": { b: TWO, c: TWO }, "n:2": { a: TWO } }));
  assertEquals(
    await one.load(),
    stateOf({ "n:1": { a: ONE, b: TWO, c: TWO }, "n:2": { a: TWO } }),
  );
});

Deno.test("DeliveriesFile loses nothing of two writers at once", async () => {
  await using folder = await temporaryFolder();
  const files = [new DeliveriesFile(folder.path), new DeliveriesFile(folder.path)];
  const nodes = Array.from({ length: 20 }, (_, i) => `n${i}:1`);
  await Promise.all(nodes.map((node, i) => files[i % 2]?.merge(stateOf({ [node]: { a: ONE } }))));
  assertEquals([...(await new DeliveriesFile(folder.path).load()).keys()].sort(), nodes.sort());
});

Deno.test("DeliveriesFile forgets the nodes that it has not heard of for longest", async () => {
  await using folder = await temporaryFolder();
  const file = new DeliveriesFile(folder.path);
  const many = Array.from({ length: MAX_ORIGINAL_NODES }, (_, i) => `n${i}:1`);
  await file.merge(new Map(many.map((node) => [node, new Map([["a", ONE]])])));
  await file.merge(stateOf({ "n0:1": { b: TWO }, "new:1": { a: TWO } }));
  const kept = await file.load();
  assertEquals(kept.size, MAX_ORIGINAL_NODES);
  assertEquals([kept.has("n0:1"), kept.has("n1:1"), kept.has("n2:1")], [true, false, true]);
  assertEquals([...kept.keys()].slice(-2), ["n0:1", "new:1"]);
});

Deno.test("DeliveriesFile reads what it wrote, however many files its nodes hold", async () => {
  await using folder = await temporaryFolder();
  const file = new DeliveriesFile(folder.path);
  const paths = Array.from({ length: MAX_FOLDER_FILES }, (_, i) => `services/${i}/secret.txt`);
  const files = new Map(paths.map((path) => [path, ONE]));
  await file.merge(new Map(Array.from({ length: 20 }, (_, i) => [`n${i}:1`, files])));
  assertEquals((await file.load()).get("n19:1"), files);
});

const MALFORMED: Readonly<Record<string, string>> = {
  "nothing": "",
  "no JSON": "{",
  "no object": "null",
  "no version": JSON.stringify({ nodes: {} }),
  "a later version": JSON.stringify({ version: 2, nodes: {} }),
  "a version in quotes": JSON.stringify({ version: "1", nodes: {} }),
  "no nodes": JSON.stringify({ version: 1 }),
  "nodes that are null": JSON.stringify({ version: 1, nodes: null }),
  "nodes that are a list": JSON.stringify({ version: 1, nodes: [] }),
  "nodes that are a text": JSON.stringify({ version: 1, nodes: "" }),
  "a node that is a number": JSON.stringify({ version: 1, nodes: { "n:1": 5 } }),
  "a node that is a list": JSON.stringify({ version: 1, nodes: { "n:1": [] } }),
  "a node that is null": JSON.stringify({ version: 1, nodes: { "n:1": null } }),
  "a digest that is a number": JSON.stringify({ version: 1, nodes: { "n:1": { a: 1 } } }),
  "a digest that is short": JSON.stringify({ version: 1, nodes: { "n:1": { a: "11" } } }),
  "a digest in upper case": JSON.stringify({
    version: 1,
    nodes: { "n:1": { a: "AA".repeat(32) } },
  }),
};

for (const [what, text] of Object.entries(MALFORMED)) {
  Deno.test(`DeliveriesFile never writes over a file that holds ${what}`, async () => {
    await using folder = await temporaryFolder();
    const file = new DeliveriesFile(folder.path);
    await Deno.writeTextFile(file.path, text);
    const error = await assertRejects(() => file.load(), StorageError, "state-malformed");
    assert(error.message.includes(file.path) && error.hint?.includes("Move it away"));
    const merging = () => file.merge(stateOf({ "n:1": { a: ONE } }));
    await assertRejects(merging, StorageError, "state-malformed");
    assertEquals(await Deno.readTextFile(file.path), text);
  });
}

Deno.test("DeliveriesFile never writes over a file that is no UTF-8", async () => {
  await using folder = await temporaryFolder();
  const file = new DeliveriesFile(folder.path);
  await Deno.writeFile(file.path, Uint8Array.of(0x7b, 0xff, 0x7d));
  await assertRejects(() => file.load(), StorageError, "state-malformed");
  await assertRejects(() => file.merge(stateOf({})), StorageError, "state-malformed");
  assertEquals((await Deno.readFile(file.path)).length, 3);
});

Deno.test("DeliveriesFile fails where a file stands in the place of its folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(join(folder.path, "state"), "");
  const file = new DeliveriesFile(join(folder.path, "state"));
  const error = await assertRejects(() => file.merge(stateOf({ "n:1": { a: ONE } })), StorageError);
  assert(error.message.startsWith("cannot make the folder"), error.message);
});
