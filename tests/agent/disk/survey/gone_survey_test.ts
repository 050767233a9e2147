import { assertEquals } from "../../../support/assert.ts";
import { type Declared, deliver, plan } from "../../../support/disk_delivery.ts";
import { DiskYard } from "../../../support/disk_yard.ts";

const UNIX = Deno.build.os !== "windows";
const ONCE = { text: "once", strategy: "ENSURE_CREATED" } as const;

Deno.test("surveyGone has removed what is declared no more, and the folders made for it", async () => {
  await using yard = await DiskYard.make();
  const declared = { files: { "a/b/c": "1", "a/d": "2", e: "3" } };
  await deliver(await yard.open(), declared);
  // What was put in place is remembered across a restart.
  const store = await yard.open();
  assertEquals(await deliver(store, { files: { "a/d": "2" } }), [
    "a/b removed",
    "a/b/c removed",
    "e removed",
  ]);
  assertEquals(await deliver(store, {}), ["a removed", "a/d removed"]);
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone leaves folders that were there, or that somebody uses", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.mkdir(yard.path("files/old"), { mode: 0o700 });
  await deliver(store, { files: { "old/a": "1", "new/a": "2" } });
  await Deno.writeTextFile(yard.path("files/new/other"), "x", { mode: 0o600 });
  assertEquals(await deliver(store, {}), ["new/a removed", "old/a removed"]);
  await Deno.remove(yard.path("files/new/other"));
  assertEquals(await deliver(store, {}), ["new removed"], "it goes once it is empty");
  assertEquals(await yard.tree("files"), ["old/ 700"]);
});

Deno.test("surveyGone leaves what the agent did not put there", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.writeTextFile(yard.path("files/a"), "somebody's", { mode: 0o600 });
  await Deno.writeTextFile(yard.path("files/b"), "the same", { mode: 0o600 });
  const declared = { files: { a: "ours", b: "the same" } };
  // Its contents do not come, so what is there stays somebody's.
  assertEquals(await deliver(store, declared, { withheld: ["a"] }), ["a missing"]);
  assertEquals(await deliver(await yard.open(), {}), ["b removed"], "b was as declared");
  assertEquals(await yard.tree("files"), ["a 600 somebody's"]);
});

Deno.test("surveyGone leaves something else that has taken the place of a file", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { a: "1", b: "2", "c/d": "3" } });
  for (const name of ["a", "b"]) await Deno.remove(yard.path(`files/${name}`));
  await Deno.mkdir(yard.path("files/a"), { mode: 0o700 });
  await Deno.symlink(yard.path("outside/sentinel"), yard.path("files/b"));
  await Deno.rename(yard.path("files/c"), yard.path("files/moved"));
  await Deno.symlink("moved", yard.path("files/c"));
  assertEquals(await deliver(store, {}), []);
  assertEquals((await yard.tree("files")).length, 5);
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
});

Deno.test("surveyGone leaves what was made once, and has even that removed by a wipe", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.writeTextFile(yard.path("files/found"), "was there", { mode: 0o600 });
  await deliver(store, { files: { "d/made": ONCE, "d/found": "2", found: ONCE } });
  assertEquals(await deliver(store, { files: { "d/made": ONCE } }), ["d/found removed"]);
  await Deno.writeTextFile(yard.path("files/d/made"), "the application's");
  assertEquals(await deliver(store, { isWipe: true }), ["d removed", "d/made removed"]);
  assertEquals(await yard.tree("files"), ["found 600 was there"], "it was never ours");
});

Deno.test("surveyGone forgets what was made once when its entry is gone", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { a: ONCE } });
  assertEquals(await deliver(store, {}), []);
  assertEquals(await deliver(store, { isWipe: true }), []);
  assertEquals(await yard.tree("files"), ["a 600 once"]);
});

Deno.test("surveyGone leaves what another signer declared, in a strict folder too", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const first: Declared = { files: { "d/a": "1", both: "x" }, declaredBy: "1first" };
  const second: Declared = { files: { "d/b": "2", both: "x" }, declaredBy: "1second" };
  await deliver(store, first);
  assertEquals(await deliver(store, second), ["d/b created"]);
  const strict = { ...second, folders: { d: {} } };
  assertEquals(await deliver(await yard.open(), strict), []);
  assertEquals(await plan(store, { declaredBy: "1second" }), ["d/b removed"]);
  assertEquals(await deliver(store, { declaredBy: "1second" }), ["d/b removed"]);
  assertEquals(await deliver(store, { declaredBy: null }), []);
  assertEquals(await deliver(store, { declaredBy: "1first" }), [
    "both removed",
    "d removed",
    "d/a removed",
  ]);
});

Deno.test("surveyGone has a wipe remove what anybody declared", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { a: "1" }, declaredBy: "1first" });
  await deliver(store, { files: { b: "2" }, declaredBy: null });
  assertEquals(await deliver(store, { isWipe: true, declaredBy: "1other" }), [
    "a removed",
    "b removed",
  ]);
  assertEquals(await plan(await yard.open(), { isWipe: true }), []);
});

Deno.test("surveyGone has a set of which nothing is left go at once, with the folder around it", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, {
    files: { "app/tls/key": "k", "app/tls/deep/crt": "c" },
    folders: { "app/tls": { together: true } },
  });
  const lines = ["app", "app/tls", "app/tls/deep", "app/tls/deep/crt", "app/tls/key"];
  assertEquals(await deliver(await yard.open(), {}), lines.map((path) => `${path} removed`));
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone leaves a set in which somebody else has something", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const folders = { tls: { together: true, strategy: "ALLOW_ADDS" } } as const;
  await deliver(store, { files: { "tls/key": "k" }, folders });
  await Deno.writeTextFile(yard.path("files/tls/other"), "x", { mode: 0o600 });
  assertEquals(await deliver(store, {}), ["tls/key removed"]);
  assertEquals(await Deno.readTextFile(yard.path("files/tls/other")), "x");
  assertEquals(await plan(store, {}), []);
});

Deno.test("surveyGone has nothing removed that the agent may not write to any more", async () => {
  await using yard = await DiskYard.make();
  const path = yard.path("allowed/a");
  await deliver(await yard.open(), { files: { [path]: "1" } });
  assertEquals(await deliver(await yard.open({ allowed: [] }), {}), []);
  assertEquals(await deliver(await yard.open(), {}), [`${path} removed`], "it is still known");
});
