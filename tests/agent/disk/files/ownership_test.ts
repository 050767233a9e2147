import {
  DeviceTraits,
  ownershipFrom,
  setOwnership,
} from "../../../../agent/disk/files/ownership.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { evalWithoutChown, missingForNoChown } from "../../../support/without_chown.ts";

const OWNERSHIP = import.meta.resolve("../../../../agent/disk/files/ownership.ts");
const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;
const STATE = { dev: 7, ino: 1, mode: 0o100600, uid: 1, gid: 1 };

Deno.test("DeviceTraits compares the mode, and an owner only where one is declared", () => {
  const traits = new DeviceTraits();
  assertEquals(traits.differs(STATE, { mode: 0o600 }), false);
  assertEquals(traits.differs(STATE, { mode: 0o640 }), true);
  assertEquals(traits.differs(STATE, { mode: 0o600, uid: 1 }), false);
  assertEquals(traits.differs(STATE, { mode: 0o600, uid: 2 }), true);
  assertEquals(traits.differs(STATE, { mode: 0o600, uid: 1, gid: 2 }), true);
  const windows = { ...STATE, mode: null, uid: null, gid: null };
  assertEquals(traits.differs(windows, { mode: 0o640, uid: 2, gid: 2 }), false);
});

Deno.test("DeviceTraits learns what a device does not keep, and of no other", () => {
  const traits = new DeviceTraits(STATE.uid);
  const set = { isNew: false };
  traits.learn(STATE, { mode: 0o600, uid: 1 }, set);
  assertEquals(traits.differs(STATE, { mode: 0o640 }), true, "all was kept");
  traits.learn(STATE, { mode: 0o640 }, set);
  assertEquals(traits.differs(STATE, { mode: 0o777 }), false);
  assertEquals(traits.differs(STATE, { mode: 0o777, uid: 2 }), true, "owners are kept there");
  traits.learn(STATE, { mode: 0o640, uid: 2 }, set);
  assertEquals(traits.differs(STATE, { mode: 0o777, uid: 3 }), false);
  assertEquals(traits.differs({ ...STATE, dev: 8 }, { mode: 0o640 }), true);
});

Deno.test("DeviceTraits learns nothing from what its owner may have changed meanwhile", () => {
  const traits = new DeviceTraits(0);
  traits.learn(STATE, { mode: 0o640, uid: 1 }, { isNew: true });
  traits.learn(STATE, { mode: 0o600, uid: 1, gid: 2 }, { isNew: true });
  traits.learn(STATE, { mode: 0o640, gid: 2 }, { isNew: false });
  assertEquals(traits.differs(STATE, { mode: 0o640 }), true);
  assertEquals(traits.differs(STATE, { mode: 0o600, uid: 1, gid: 2 }), true);
  // What this process has just made is its own, unless the device has one owner for all.
  traits.learn(STATE, { mode: 0o640 }, { isNew: true });
  assertEquals(traits.differs(STATE, { mode: 0o640, uid: 0 }), false);
});

Deno.test("setOwnership sets the mode of files and folders, whatever it was", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await Deno.mkdir(`${folder.path}/folder`);
  for (const name of ["file", "folder"]) {
    const at = `${folder.path}/${name}`;
    for (const mode of [0o751, 0o600, 0o700]) {
      const before = await Deno.lstat(at);
      const after = await setOwnership(at, { before, wanted: { mode } });
      assertEquals((after.mode ?? 0) & 0o777, mode);
      assertEquals(((await Deno.lstat(at)).mode ?? 0) & 0o777, mode);
    }
  }
});

Deno.test("setOwnership changes nothing that was put in the place of a file", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  const [at, other] = [`${folder.path}/a`, `${folder.path}/b`];
  await Deno.writeTextFile(at, "", { mode: 0o600 });
  await Deno.writeTextFile(other, "", { mode: 0o600 });
  const before = await Deno.lstat(at);
  // As long as it is somewhere no other has its number.
  await Deno.rename(at, `${folder.path}/old`);
  const exchanges = [
    () => Deno.symlink(other, at),
    () => Deno.link(other, at),
    () => new Deno.Command("mkfifo", { args: [at] }).output(),
  ];
  for (const exchange of exchanges) {
    await exchange();
    await assertRejects(
      () => setOwnership(at, { before, wanted: { mode: 0o777 } }),
      StorageError,
    );
    await Deno.remove(at);
  }
  assertEquals(((await Deno.stat(other)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("setOwnership gives a file to its owner", { ignore: !IS_ROOT }, async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "");
  const before = await Deno.lstat(at);
  await setOwnership(at, { before, wanted: { mode: 0o640, uid: 1_234, gid: 2_345 } });
  const { uid, gid, mode } = await Deno.stat(at);
  assertEquals({ uid, gid, mode: (mode ?? 0) & 0o777 }, { uid: 1_234, gid: 2_345, mode: 0o640 });
});

const missing = await missingForNoChown();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

Deno.test(`setOwnership changes nothing where it may not set the owner${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const at = `${folder.path}/a`;
  await Deno.writeTextFile(at, "");
  await Deno.chmod(at, 0o644);
  const code = await evalWithoutChown(`
    import { setOwnership } from ${JSON.stringify(OWNERSHIP)};
    const before = Deno.lstatSync(${JSON.stringify(at)});
    const wanted = { mode: 0o600, uid: 1234 };
    console.log(await setOwnership(${JSON.stringify(at)}, { before, wanted })
      .then(() => "done", (error) => error.code));
  `);
  assertEquals(code, "owner-refused");
  const { uid, mode } = await Deno.stat(at);
  assertEquals([uid, (mode ?? 0) & 0o777], [0, 0o644]);
});

Deno.test("ownershipFrom takes what a file system has", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/a`, "", { mode: 0o600 });
  const info = await Deno.lstat(`${folder.path}/a`);
  if (!UNIX) return;
  assertEquals(ownershipFrom(info), { mode: 0o600, uid: Deno.uid() ?? 0, gid: info.gid ?? 0 });
});
