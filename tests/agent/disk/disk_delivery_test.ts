import { StorageError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { declare, deliver, folderEntry } from "../../support/disk_delivery.ts";
import { DiskYard } from "../../support/disk_yard.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("DiskDelivery removes only what a survey found", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.writeTextFile(yard.path("files/a"), "x", { mode: 0o600 });
  const step = { kind: "remove", path: "a", isInTheWay: false } as const;
  await assertRejects(() => store.perform(step), StorageError, "path-refused");
  assertEquals(await yard.tree("files"), ["a 600 x"]);
});

Deno.test("DiskDelivery makes folders in whatever order they come", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const entries = ["a/b/c", "a/b", "a"].map((path) => folderEntry(path, { mode: 0o750 }));
  const manifest = { entries, hooks: [], isWipe: false };
  await store.survey({ ...manifest, declaredBy: null });
  await store.keepManifest({ ...await declare({}), manifest });
  for (const entry of entries) await store.perform({ kind: "make", entry });
  await store.settle();
  assertEquals(await yard.tree("files"), ["a/ 750", "a/b/ 750", "a/b/c/ 750"]);
});

Deno.test("DiskDelivery removes a folder once what is in it is removed, though it is asked to before", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d/e/${i}`, "x"]));
  await deliver(store, { files });
  const held = await declare({});
  const { steps } = await store.survey({ ...held.manifest, declaredBy: null });
  await store.keepManifest(held);
  const removals = steps.flatMap((step) => step.kind === "remove" ? [step] : []);
  assertEquals(removals.slice(-2).map(({ path }) => path), ["d/e", "d"]);
  await Promise.all(removals.map((step) => store.perform(step)));
  assertEquals(await yard.tree("files"), []);
});

Deno.test("DiskDelivery leaves a folder into which something was put meanwhile", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { "d/a": "1" } });
  const held = await declare({});
  const { steps } = await store.survey({ ...held.manifest, declaredBy: null });
  await store.keepManifest(held);
  await Deno.writeTextFile(yard.path("files/d/other"), "x", { mode: 0o600 });
  const [file, folder] = steps;
  assert(file?.kind === "remove" && folder?.kind === "remove");
  await store.perform(file);
  await assertRejects(() => store.perform(folder), StorageError, "file-changed");
  assertEquals(await yard.tree("files"), ["d/ 700", "d/other 600 x"]);
});

Deno.test("DiskDelivery tells at its end what of the last removals came to nothing", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, {
    files: { "app/tls/key": "k" },
    folders: { "app/tls": { together: true } },
  });
  const done = await deliver(store, {}, {
    beforeSettle: () => Deno.writeTextFile(yard.path("files/app/other"), "x", { mode: 0o600 }),
  });
  assertEquals(done, ["app failed file-changed", "app/tls removed", "app/tls/key removed"]);
  assertEquals(await yard.tree("files"), ["app/ 700", "app/other 600 x"]);
});
