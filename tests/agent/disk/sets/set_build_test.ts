import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { type Declared, deliver, plan } from "../../../support/disk_delivery.ts";
import { takePicture } from "../../../support/disk_picture.ts";
import { DiskYard } from "../../../support/disk_yard.ts";

const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;
const SET = { tls: { mode: 0o750, together: true } } as const;
const PLAIN = { tls: { mode: 0o750 } } as const;

function unixTest(name: string, work: (yard: DiskYard) => Promise<void>): void {
  Deno.test(name, { ignore: !UNIX }, async () => {
    await using yard = await DiskYard.make();
    await work(yard);
  });
}

async function picture(yard: DiskYard): Promise<Record<string, string>> {
  return Object.fromEntries(await takePicture(yard.path("files")));
}

/** The agent's own names in the working folder. */
async function ownNames(yard: DiskYard): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(yard.path("files")))).map(({ name }) => name);
  return names.filter((name) => name.startsWith(".fluxvault-"));
}

unixTest("SetBuild puts a set in place through a link, and exchanges it at once", async (yard) => {
  const store = await yard.open();
  const files = { "tls/key": "k1", "tls/deep/crt": { text: "c1", mode: 0o644 } };
  await deliver(store, { files, folders: SET });
  const first = await Deno.readLink(yard.path("files/tls"));
  assertMatch(first, /^\.fluxvault-generation-[0-9a-f]{24}$/);
  const seen: string[] = [];
  const next = { ...files, "tls/key": "k2" };
  const done = await deliver(store, { files: next, folders: SET }, {
    beforeSettle: async () => {
      seen.push(await Deno.readTextFile(yard.path("files/tls/key")));
    },
  });
  assertEquals([done, seen], [["tls/key updated"], ["k1"]], "before the end all is as it was");
  assertEquals(await picture(yard), {
    "tls": "folder 750",
    "tls/key": "file 600 k2",
    "tls/deep": "folder 700",
    "tls/deep/crt": "file 644 c1",
  });
  assertEquals((await ownNames(yard)).length, 1, "the state before is gone");
  assert(await Deno.readLink(yard.path("files/tls")) !== first);
});

unixTest("SetBuild changes nothing where one file does not come", async (yard) => {
  const store = await yard.open();
  const folders = SET;
  await deliver(store, { files: { "tls/key": "k1", "tls/crt": "c1", "tls/old": "o" }, folders });
  const before = await yard.tree("files");
  const declared = { files: { "tls/key": "k2", "tls/crt": "c2", other: "x" }, folders };
  assertEquals(await deliver(store, declared, { withheld: ["tls/crt"] }), [
    "other created",
    "tls/crt missing",
    "tls/key failed set-incomplete",
    "tls/old failed set-incomplete",
  ]);
  assertEquals((await yard.tree("files")).filter((line) => !line.startsWith("other")), before);
  assertEquals(await deliver(store, declared), [
    "tls/crt updated",
    "tls/key updated",
    "tls/old removed",
  ]);
});

unixTest("SetBuild has no state in which half of a set is there", async (yard) => {
  const store = await yard.open();
  const names = Array.from({ length: 20 }, (_, i) => `tls/${i}`);
  const state = (text: string): Declared => {
    return { files: Object.fromEntries(names.map((name) => [name, text])), folders: SET };
  };
  await deliver(store, state("0"));
  let isOver = false;
  const mixed: string[] = [];
  const watching = (async () => {
    while (!isOver) {
      // Whoever holds the folder open sees one state of it.
      const folder = await Deno.realPath(yard.path("files/tls"));
      const texts = await Promise.all(names.map((name) => {
        return Deno.readTextFile(`${folder}/${name.slice(4)}`).catch(() => "gone");
      }));
      const kinds = new Set(texts.filter((text) => text !== "gone"));
      if (kinds.size > 1) mixed.push(texts.join());
    }
  })();
  for (let i = 1; i <= 10; i++) await deliver(store, state(String(i)));
  isOver = true;
  await watching;
  assertEquals(mixed, []);
});

unixTest("SetBuild takes over what is somebody else's, and what is kept", async (yard) => {
  const store = await yard.open();
  const folders = { tls: { ...SET.tls, strategy: "ALLOW_ADDS" } } as const;
  const files = { "tls/key": "k1", "tls/kept/a": "a", "tls/once": "o" };
  await deliver(store, { files, folders });
  await Deno.mkdir(yard.path("files/tls/theirs/deep"), { recursive: true, mode: 0o711 });
  await Deno.writeTextFile(yard.path("files/tls/theirs/deep/x"), "x", { mode: 0o640 });
  await Deno.symlink("/nowhere", yard.path("files/tls/theirs/link"));
  const { ino } = await Deno.stat(yard.path("files/tls/theirs/deep/x"));
  const declared = { files: { "tls/key": "k2" }, folders, keeps: ["tls/kept"] };
  assertEquals(await deliver(store, declared), ["tls/key updated", "tls/once removed"]);
  assertEquals(await picture(yard), {
    "tls": "folder 750",
    "tls/key": "file 600 k2",
    "tls/kept": "folder 700",
    "tls/kept/a": "file 600 a",
    "tls/theirs": "folder 711",
    "tls/theirs/deep": "folder 711",
    "tls/theirs/deep/x": "file 640 x",
    "tls/theirs/link": "link /nowhere",
  });
  // It is the same file: whoever has it open goes on writing to it.
  assertEquals((await Deno.stat(yard.path("files/tls/theirs/deep/x"))).ino, ino);
});

unixTest(
  "SetBuild makes a folder a set, and a set a folder, with all that is in it",
  async (yard) => {
    const store = await yard.open();
    const files = { "tls/key": "k", "tls/deep/crt": "c" };
    const plain = { tls: { ...PLAIN.tls, strategy: "ALLOW_ADDS" } } as const;
    const set = { tls: { ...SET.tls, strategy: "ALLOW_ADDS" } } as const;
    await deliver(store, { files, folders: plain });
    await Deno.writeTextFile(yard.path("files/tls/theirs"), "x", { mode: 0o600 });
    const before = await picture(yard);
    assertEquals(await plan(store, { files, folders: set }), ["tls reowned"]);
    assertEquals(await deliver(store, { files, folders: set }), ["tls reowned"]);
    assertEquals((await Deno.lstat(yard.path("files/tls"))).isSymlink, true);
    assertEquals(await picture(yard), before);
    assertEquals(await deliver(store, { files, folders: plain }), ["tls reowned"]);
    assertEquals((await Deno.lstat(yard.path("files/tls"))).isDirectory, true);
    assertEquals([await picture(yard), await ownNames(yard)], [before, []]);
    // A set whose folder is declared no more is a folder as all others.
    await deliver(store, { files, folders: set });
    assertEquals(await deliver(store, { files }), ["tls created"]);
    assertEquals([await picture(yard), await plan(store, { files })], [before, []]);
  },
);

unixTest("SetBuild sets modes and owners in the next state", async (yard) => {
  const store = await yard.open();
  const files = { "tls/key": "k", "tls/crt": "c" };
  await deliver(store, { files, folders: SET });
  const { ino } = await Deno.stat(yard.path("files/tls/key"));
  await Deno.chmod(yard.path("files/tls/key"), 0o644);
  await Deno.chmod(yard.path("files/tls"), 0o777);
  const done = await deliver(store, { files, folders: SET });
  assertEquals(done, ["tls reowned", "tls/key reowned"]);
  assertEquals((await picture(yard))["tls/key"], "file 600 k");
  assert((await Deno.stat(yard.path("files/tls/key"))).ino !== ino, "it is a file of its own");
});

unixTest("SetBuild refuses a link in the place of a set that is none of ours", async (yard) => {
  await Deno.symlink(yard.path("outside"), yard.path("files/tls"));
  const declared = { files: { "tls/key": "k" }, folders: SET };
  assertEquals(await deliver(await yard.open(), declared), [
    "tls failed symlink-refused",
    "tls/key failed symlink-refused",
  ]);
  await Deno.remove(yard.path("files/tls"));
  // The name is as ours, and what it leads to is not beside it.
  const name = `.fluxvault-generation-${"0".repeat(24)}`;
  await Deno.mkdir(yard.path(`outside/${name}`));
  await Deno.symlink(`../outside/${name}`, yard.path("files/tls"));
  assertEquals((await plan(await yard.open(), declared)).length, 2);
  assertEquals((await yard.tree("outside")).length, 2);
});

unixTest("SetBuild does nothing of a set of which something cannot be done", async (yard) => {
  const store = await yard.open();
  const folders = { tls: { ...SET.tls, strategy: "ALLOW_ADDS" } } as const;
  await deliver(store, { files: { "tls/key": "k1" }, folders });
  await Deno.mkdir(yard.path("files/tls/crt"));
  const declared = { files: { "tls/key": "k2", "tls/crt": "c" }, folders };
  const lines = ["tls/crt failed not-a-file", "tls/key failed set-incomplete"];
  assertEquals(await plan(store, declared), lines);
  assertEquals(await deliver(store, declared), lines);
  assertEquals(await Deno.readTextFile(yard.path("files/tls/key")), "k1");
});

Deno.test("SetBuild gives a set to its owner before it can be seen", {
  ignore: !IS_ROOT,
}, async () => {
  await using yard = await DiskYard.make();
  const owner = { uid: 1_234, gid: 2_345 };
  await deliver(await yard.open(), {
    files: { "tls/key": { text: "k", ...owner } },
    folders: { tls: { together: true, ...owner } },
  });
  for (const path of ["tls", "tls/key"]) {
    const { uid, gid } = await Deno.stat(yard.path(`files/${path}`));
    assertEquals({ uid, gid }, owner);
  }
});
