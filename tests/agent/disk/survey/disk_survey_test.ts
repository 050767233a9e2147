import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { deliver, plan } from "../../../support/disk_delivery.ts";
import { checkDeclared, checkStrangers, takePicture } from "../../../support/disk_picture.ts";
import { DiskYard } from "../../../support/disk_yard.ts";
import { anyDeclared, anyPlantation, plant } from "../../../support/random_tree.ts";

/** How many trees are tried; more of them are for whoever has the time. */
const RUNS = Number(Deno.env.get("SURVEY_RUNS") ?? 60);
const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;

Deno.test("surveyDisk finds what a delivery then does, and after it nothing", {
  ignore: !UNIX,
}, async () => {
  const rounds = fc.array(fc.tuple(anyDeclared, anyPlantation), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(anyPlantation, rounds, async (first, rounds) => {
      await using yard = await DiskYard.make();
      const root = yard.path("files");
      await plant(root, first);
      const earlier = new Set<string>();
      for (const [declared, edits] of rounds) {
        // Each delivery is that of an agent that was started again.
        const store = await yard.open();
        const before = await takePicture(root);
        const planned = await plan(store, declared);
        assertEquals(await takePicture(root), before, "a plan changes nothing");
        const done = await deliver(store, declared);
        assertEquals(done, planned);
        const troubles = done.filter((line) => line.includes(" failed "));
        assertEquals(await plan(store, declared), troubles, "nothing is left to do");
        assertEquals(await plan(await yard.open(), declared), troubles, "nor after a restart");
        const failed = new Set(troubles.map((line) => line.split(" failed ")[0] ?? ""));
        const state = { declared, before, after: await takePicture(root), failed, earlier };
        checkDeclared(state);
        checkStrangers(state);
        for (const part of [declared.files, declared.folders]) {
          for (const path of Object.keys(part ?? {})) earlier.add(path);
        }
        assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
        await plant(root, edits);
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("surveyDisk reads no file of another length than declared, be it without end", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const declared = { files: { key: "k" } };
  assertEquals(await deliver(store, declared), ["key created"]);
  await Deno.truncate(yard.path("files/key"), 2 ** 43);
  assertEquals(await plan(store, declared), ["key updated"]);
  assertEquals(await deliver(store, declared), ["key updated"]);
  assertEquals(await yard.tree("files"), ["key 600 k"]);
});

Deno.test("surveyDisk has nothing of another keeper removed that is in the way", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  // A folder that was there is nobody's.
  await Deno.mkdir(yard.path("files/app/tls"), { recursive: true, mode: 0o700 });
  await deliver(store, { files: { "app/tls/key": "k" }, declaredBy: "1first" });
  for (const declaredBy of ["1second", null]) {
    const inTheWay = { files: { "app/tls": "t" }, folders: { app: {} }, declaredBy };
    assertEquals(await deliver(store, inTheWay), ["app/tls failed not-a-file"]);
    const folder = { folders: { app: {}, "app/tls/key": {} }, declaredBy };
    assertEquals(await deliver(store, folder), ["app/tls/key failed not-a-file"]);
  }
  assertEquals(await yard.tree("files"), ["app/ 700", "app/tls/ 700", "app/tls/key 600 k"]);
});

Deno.test("surveyDisk has a strict folder emptied of what nobody declared", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const declared = { files: { "app/key": "k", "app/deep/key": "k" }, folders: { app: {} } };
  await deliver(store, declared);
  await Deno.mkdir(yard.path("files/app/extra/deep"), { recursive: true });
  await Deno.writeTextFile(yard.path("files/app/extra/deep/file"), "x");
  await Deno.writeTextFile(yard.path("files/app/deep/stays"), "no strict folder has it");
  await Deno.symlink(yard.path("outside"), yard.path("files/app/link"));
  await Deno.writeTextFile(yard.path("files/app/.fluxvault-stage-1"), "our own");
  await new Deno.Command("mkfifo", { args: [yard.path("files/app/pipe")] }).output();
  const done = await deliver(store, declared);
  assertEquals(done, ["app/extra removed", "app/link removed", "app/pipe removed"]);
  assertEquals(await yard.tree("files"), [
    "app/ 700",
    "app/.fluxvault-stage-1 644 our own",
    "app/deep/ 700",
    "app/deep/key 600 k",
    "app/deep/stays 644 no strict folder has it",
    "app/key 600 k",
  ]);
  assertEquals(await yard.tree("outside"), ["sentinel 600 untouched"]);
});

Deno.test("surveyDisk removes a socket from a strict folder", { ignore: !UNIX }, async () => {
  await using yard = await DiskYard.make();
  await Deno.mkdir(yard.path("files/app"));
  using _listener = Deno.listen({ transport: "unix", path: yard.path("files/app/socket") });
  assertEquals(await deliver(await yard.open(), { folders: { app: { mode: 0o755 } } }), [
    "app/socket removed",
  ]);
});

Deno.test("surveyDisk leaves what is kept, wherever it lies", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { "app/kept/a": "a", "app/b": "b" }, folders: { app: {} } });
  await Deno.writeTextFile(yard.path("files/app/kept/other"), "x", { mode: 0o600 });
  const declared = { folders: { app: {} }, keeps: ["app/kept"] };
  assertEquals(await deliver(store, declared), ["app/b removed"]);
  assertEquals(await yard.tree("files"), [
    "app/ 700",
    "app/kept/ 700",
    "app/kept/a 600 a",
    "app/kept/other 600 x",
  ]);
  // What was kept is still ours once the keeper can speak for it again.
  assertEquals(await deliver(store, {}), ["app/kept/a removed"]);
});

Deno.test("surveyDisk replaces what is in the way where that is ours, or in a strict folder", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { a: "file", "b/c": "in a folder" } });
  const turned = { files: { "a/deep": "now below", b: "now a file" } };
  assertEquals(await deliver(store, turned), ["a removed", "a/deep created", "b created"]);
  await Deno.mkdir(yard.path("files/app"), { mode: 0o700 });
  await Deno.symlink("/nowhere", yard.path("files/app/key"));
  await Deno.writeTextFile(yard.path("files/app/tls"), "a file");
  const strict = { ...turned, folders: { app: {} } };
  const files = { ...turned.files, "app/key": "k", "app/tls/key": "k" };
  assertEquals(await deliver(store, { ...strict, files }), [
    "app/key created",
    "app/tls removed",
    "app/tls/key created",
  ]);
});

Deno.test("surveyDisk refuses what is in the way of it and is somebody else's", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const files = yard.path("files");
  await Deno.mkdir(`${files}/a`);
  await Deno.writeTextFile(`${files}/b`, "x");
  await Deno.symlink("b", `${files}/c`);
  const before = await yard.tree("files");
  const store = await yard.open();
  const declared = { files: { a: "1", "b/deep": "2", c: "3" }, folders: { b: {} } };
  const lines = [
    "a failed not-a-file",
    "b failed not-a-file",
    "b/deep failed not-a-file",
    "c failed symlink-refused",
  ];
  assertEquals(await deliver(store, declared), lines);
  assertEquals(await yard.tree("files"), before);
});

Deno.test("surveyDisk takes two forms of a name for two names where the disk does", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const names = ["caf\u00e9", "cafe\u0301", "CAFE"];
  const files = Object.fromEntries(names.map((name) => [`d/${name}`, name]));
  const declared = { files, folders: { d: {} } };
  const done = await deliver(store, declared);
  // A disk that takes them for the same has the second refused, and nothing removed.
  const [created, refused] = ["created", "failed path-refused"].map((end) => {
    return done.filter((line) => line.endsWith(end)).length;
  });
  assertEquals((created ?? 0) + (refused ?? 0), 4);
  assertEquals(await plan(store, declared), done.filter((line) => !line.endsWith("created")));
});

Deno.test("surveyDisk names what no path can, and says what it cannot reach", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using yard = await DiskYard.make();
  await Deno.mkdir(yard.path("files/d"), { mode: 0o700 });
  const make = async (name: string) => {
    const script = `: > "$(printf '${yard.path("files/d")}/${name}')"`;
    assert((await new Deno.Command("sh", { args: ["-c", script] }).output()).success);
  };
  await make("a\\nb");
  await make("back\\\\slash");
  await make("bad\\377byte");
  const done = await deliver(await yard.open(), { folders: { d: {} } });
  assertEquals(done, [
    "d/a\ufffdb removed",
    "d/back\ufffdslash removed",
    "d/bad\ufffdbyte failed path-refused",
  ]);
});

Deno.test("surveyDisk finds another mode, and leaves what was made once to the application", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const once = { text: "o", strategy: "ENSURE_CREATED" } as const;
  const declared = {
    files: { "d/a": "a", "e/once": once },
    folders: { d: { mode: 0o750 }, e: { strategy: "ENSURE_CREATED" } as const },
  };
  await deliver(store, declared);
  await Deno.chmod(yard.path("files/d"), 0o777);
  await Deno.chmod(yard.path("files/d/a"), 0o644);
  await Deno.chmod(yard.path("files/e"), 0o777);
  await Deno.writeTextFile(yard.path("files/e/once"), "the application's");
  await Deno.chmod(yard.path("files/e/once"), 0o644);
  await Deno.writeTextFile(yard.path("files/e/more"), "too");
  assertEquals(await deliver(store, declared), ["d reowned", "d/a reowned"]);
  assertEquals(await plan(store, declared), []);
});

Deno.test("surveyDisk finds another owner", { ignore: !IS_ROOT }, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  const owner = { uid: 1_234, gid: 2_345 };
  const declared = {
    files: { "d/a": { text: "a", mode: 0o640, ...owner } },
    folders: { d: { mode: 0o750, ...owner } },
  };
  assertEquals(await deliver(store, declared), ["d created", "d/a created"]);
  for (const path of ["d", "d/a"]) {
    const { uid, gid } = await Deno.stat(yard.path(`files/${path}`));
    assertEquals({ uid, gid }, owner);
    await Deno.chown(yard.path(`files/${path}`), 0, 2_345);
  }
  assertEquals(await deliver(store, declared), ["d reowned", "d/a reowned"]);
  assertEquals((await Deno.stat(yard.path("files/d/a"))).uid, 1_234);
});

Deno.test("surveyDisk knows one file by its relative and its absolute path", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: [yard.path("")] });
  const absolute = yard.path("files/d/a");
  const declared = { files: { "d/a": "1", [absolute]: "2" }, folders: { d: {} } };
  const done = await deliver(store, declared);
  assertEquals(done.length, 3);
  assertMatch(done.join(), /failed path-refused/);
  assertEquals(done.filter((line) => line.endsWith(" created")).length, 2);
});

Deno.test("surveyDisk touches nothing of the agent's own, whatever is strict", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open({ allowed: ["/", yard.path("")] });
  await deliver(store, { files: { a: "in the working folder" } });
  const state = await yard.tree("state");
  const folder = yard.path("").slice(0, -1);
  const strict = { folders: { [folder]: { mode: 0o700 } }, files: { a: "in the working folder" } };
  const done = await deliver(store, strict);
  assertEquals(done.map((line) => line.slice(folder.length + 1)), [
    "allowed removed",
    "allowed-beside removed",
    "outside removed",
  ]);
  assertEquals(await yard.tree("files"), ["a 600 in the working folder"]);
  assert((await yard.tree("state")).length >= state.length);
  assertEquals(await deliver(store, { ...strict, files: { [yard.path("state/x")]: "1" } }), [
    `${yard.path("state/x")} failed path-refused`,
    "a removed",
  ]);
});

Deno.test("surveyDisk leaves what a hook touches", async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await Deno.mkdir(yard.path("files/d"), { mode: 0o700 });
  for (const name of ["touched", "pid", "other"]) {
    await Deno.writeTextFile(yard.path(`files/d/${name}`), "");
  }
  const hook = { name: "h", timeoutS: 1 };
  const { steps } = await store.survey({
    entries: [{ kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" }],
    hooks: [
      { ...hook, action: { kind: "touch", path: "d/touched" } },
      { ...hook, action: { kind: "signal", signal: "SIGHUP", pidFile: "d/pid" } },
    ],
    isWipe: false,
    declaredBy: null,
  });
  assertEquals(steps, [{ kind: "remove", path: "d/other", isInTheWay: false }]);
});

Deno.test("surveyDisk still knows for its own what a set that did not come about was to replace", {
  ignore: !UNIX,
}, async () => {
  await using yard = await DiskYard.make();
  const store = await yard.open();
  await deliver(store, { files: { "a/file": "1", "a/folder/b": "2" } });
  await new Deno.Command("mkfifo", { args: [yard.path("files/a/pipe")] }).output();
  const declared = {
    files: { "a/file/b": "now below", "a/folder": "now a file", "a/pipe": "in the way" },
    folders: { a: { strategy: "ALLOW_ADDS", together: true } } as const,
  };
  const blocked = await deliver(store, declared);
  assertEquals(blocked.filter((line) => !line.endsWith("set-incomplete")), [
    "a/pipe failed not-a-file",
  ]);
  assertEquals(await plan(await yard.open(), declared), blocked);
  await Deno.remove(yard.path("files/a/pipe"));
  assertEquals((await deliver(store, declared)).filter((line) => line.includes("failed")), []);
  assertEquals(await plan(store, declared), []);
});
