import { FileDigests } from "../../../../agent/disk/files/file_digests.ts";
import { partName } from "../../../../agent/disk/files/stage_name.ts";
import { Inventory, MADE_FOLDER } from "../../../../agent/disk/state/inventory.ts";
import { Findings } from "../../../../agent/disk/survey/findings.ts";
import { surveyGone } from "../../../../agent/disk/survey/gone_survey.ts";
import { assertEquals } from "../../../support/assert.ts";
import {
  declare,
  type Declared,
  deliver,
  fileEntry,
  plan,
} from "../../../support/disk_delivery.ts";
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

/** A delivery in the midst of which the agent is killed, when all is in place. */
async function deliverAndDie(yard: DiskYard, declared: Declared): Promise<void> {
  const died = new Error("killed");
  const beforeSettle = () => Promise.reject(died);
  const end = await deliver(await yard.open(), declared, { beforeSettle }).catch((error) => error);
  assertEquals(end, died);
}

Deno.test("surveyGone has removed what took the place of a file before the agent was killed", async () => {
  await using yard = await DiskYard.make();
  await deliver(await yard.open(), { files: { a: "1" } });
  const next = { files: { "a/b/c": "2" }, folders: { "a/e": {} } };
  await deliverAndDie(yard, next);
  assertEquals(await yard.tree("files"), ["a/ 700", "a/b/ 700", "a/b/c 600 2", "a/e/ 700"]);
  // The next delivery has it there already, and is not the last.
  await deliver(await yard.open(), next);
  await deliver(await yard.open(), {});
  assertEquals(await yard.tree("files"), []);
  await deliver(await yard.open(), { files: { a: "1" } });
  await deliverAndDie(yard, next);
  await deliver(await yard.open(), {});
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone has removed what took the place of a folder before the agent was killed", async () => {
  await using yard = await DiskYard.make();
  await deliver(await yard.open(), { files: { "a/b/c": "1" } });
  await deliverAndDie(yard, { files: { "a/b": "2" } });
  assertEquals(await yard.tree("files"), ["a/ 700", "a/b 600 2"]);
  await deliver(await yard.open(), {});
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone knows a folder for its own where the file did not come that was to have its place", async () => {
  await using yard = await DiskYard.make();
  await deliver(await yard.open(), { files: { "a/b/c": "1" } });
  const store = await yard.open();
  const { manifest, ...held } = await declare({ files: { "a/b": "2" } });
  await store.survey({ ...manifest, declaredBy: null });
  await store.keepManifest({ ...held, manifest });
  // The agent is killed before it has done anything.
  await deliver(await yard.open(), {});
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone leaves a folder that somebody else made in the place of a file of ours", async () => {
  await using yard = await DiskYard.make();
  await deliver(await yard.open(), { files: { a: "1" } });
  await Deno.remove(yard.path("files/a"));
  await Deno.mkdir(yard.path("files/a"), { mode: 0o700 });
  assertEquals(await deliver(await yard.open(), {}), []);
  assertEquals(await yard.tree("files"), ["a/ 700"]);
});

Deno.test("surveyGone remembers a file that took the place of a folder", async () => {
  await using yard = await DiskYard.make();
  await deliver(await yard.open(), { files: { "a/b": "1" } });
  assertEquals(await deliver(await yard.open(), { files: { a: "2" } }), ["a created"]);
  assertEquals(await deliver(await yard.open(), {}), ["a removed"]);
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone knows what is a folder for good from what may be a file still", async () => {
  await using yard = await DiskYard.make();
  const next = { files: { "a/b": "2" } };
  await deliver(await yard.open(), { files: { a: "1" } });
  await deliverAndDie(yard, next);
  await deliver(await yard.open(), next);
  await Deno.remove(yard.path("files/a"), { recursive: true });
  await Deno.writeTextFile(yard.path("files/a"), "somebody's", { mode: 0o600 });
  await deliver(await yard.open(), {});
  assertEquals(await yard.tree("files"), ["a 600 somebody's"]);
});

Deno.test("surveyGone has a folder go in which a part of a large file was kept", async () => {
  await using yard = await DiskYard.make();
  const text = "x".repeat(9_000_000);
  const declared = { files: { "a/large": { text }, "a/small": "1" } };
  await deliver(await yard.open(), { files: { "a/small": "1" } });
  await deliver(await yard.open(), declared, { withheld: ["a/large"] });
  const name = await partName(await fileEntry("a/large", { text }));
  await Deno.writeTextFile(yard.path(`files/a/${name}`), text.slice(1), { mode: 0o600 });
  const store = await yard.open();
  await store.sweep(Date.now());
  await deliver(store, {});
  assertEquals(await yard.tree("files"), []);
});

Deno.test("surveyGone waits until what a killed agent had begun is swept out of a folder that is to go", async () => {
  await using yard = await DiskYard.make();
  await Deno.mkdir(yard.path("files/a"));
  const stage = yard.path("files/a/.fluxvault-stage-0123456789abcdef01234567");
  await Deno.writeTextFile(stage, "half");
  const inventory = new Inventory();
  inventory.set(null, "a", { holding: MADE_FOLDER });
  const look = async (swept: () => Promise<void>) => {
    const findings = new Findings([{ folder: yard.path("files"), prefix: "" }], null);
    const wanted = { entries: [], hooks: [], isWipe: false, declaredBy: null };
    const rules = { inodes: new Set<string>(), sets: new Set<string>() };
    await surveyGone(wanted, { findings, inventory, rules, digests: new FileDigests(), swept });
    return findings.removalsOf("a").length;
  };
  assertEquals(await look(() => Promise.resolve()), 0, "it is not empty");
  assertEquals(await look(() => Deno.remove(stage)), 1);
});
