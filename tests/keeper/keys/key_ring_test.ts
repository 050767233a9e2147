import { commandFor, describeKey, KeyRing } from "../../../keeper/keys/key_ring.ts";
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ENROLMENT, KEY, MemoryKeyIndex, MemoryKeyStore, NOW_MS } from "./key_fixtures.ts";

const NAME = { kind: "keeper-key", name: KEY.address } as const;
const ID = `keeper-key-${KEY.address}`;
const APP = { kind: "enrolment", name: "demo" } as const;

function makeRing() {
  const index = new MemoryKeyIndex();
  const system = new MemoryKeyStore("system");
  const file = new MemoryKeyStore("file");
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    return Promise.resolve();
  };
  return {
    ring: new KeyRing({ index, system, file, note, now: () => NOW_MS }),
    index,
    system,
    file,
    notes,
  };
}

Deno.test("KeyRing save stores with the system where that works, and remembers it", async () => {
  const { ring, system, file } = makeRing();
  const entry = await ring.save(NAME, KEY.wif, { choice: "auto" });
  assertEquals(entry, { ...NAME, store: "system", createdMs: NOW_MS });
  assertEquals([system.secrets.get(ID), file.secrets.size], [KEY.wif, 0]);
  assertEquals(system.labels, [`FluxVault: the key of ${KEY.address}`]);
  assertEquals([await ring.find(NAME), await ring.find(APP)], [entry, null]);
  assertEquals(await ring.read(entry), KEY.wif);
});

Deno.test("KeyRing save takes an encrypted file where the system has no store", async () => {
  const { ring, system, notes } = makeRing();
  system.isThere = false;
  assertEquals((await ring.save(NAME, KEY.wif, { choice: "auto" })).store, "file");
  assertEquals(notes, []);
});

Deno.test("KeyRing save takes an encrypted file where the system's store refuses, and says so", async () => {
  const { ring, system, notes } = makeRing();
  system.isLocked = true;
  assertEquals((await ring.save(NAME, KEY.wif, { choice: "auto" })).store, "file");
  assertEquals(notes, ["the store is locked. An encrypted file takes its place."]);
});

Deno.test("KeyRing save keeps to the store that is asked for", async () => {
  const { ring, system, file } = makeRing();
  assertEquals((await ring.save(NAME, KEY.wif, { choice: "file" })).store, "file");
  assertEquals(system.secrets.size, 0);
  system.isLocked = true;
  await assertRejects(() => ring.save(APP, ENROLMENT, { choice: "system" }), StorageError);
  system.isThere = false;
  const error = await assertRejects(
    () => ring.save(APP, ENROLMENT, { choice: "system" }),
    ConfigError,
  );
  assertEquals([error.setting, file.secrets.size], ["--key-store", 1]);
});

Deno.test("KeyRing save refuses a key that is there, and says where", async () => {
  const { ring } = makeRing();
  await ring.save(NAME, KEY.wif, { choice: "system" });
  const error = await assertRejects(() => ring.save(NAME, "x", { choice: "file" }), ConfigError);
  assert(error.message.includes(`in the system store as ${ID}`), error.message);
  assert(error.hint?.includes(`keys remove ${KEY.address}`), error.hint);
});

Deno.test("KeyRing save never replaces another secret that the store has", async () => {
  const { ring, system, index } = makeRing();
  system.secrets.set("enrolment-demo", "another");
  const error = await assertRejects(
    () => ring.save(APP, ENROLMENT, { choice: "auto" }),
    ConfigError,
  );
  assert(error.hint?.includes("--state-dir") && !`${error.stack}`.includes(ENROLMENT));
  assert(error.hint?.includes("enrolment remove demo --key-store system"), error.hint);
  assertEquals([system.secrets.get("enrolment-demo"), index.entries], ["another", []]);
});

Deno.test("KeyRing save takes over the same secret that the store has", async () => {
  const { ring, system } = makeRing();
  system.secrets.set("enrolment-demo", ENROLMENT);
  await ring.save(APP, ENROLMENT, { choice: "auto" });
  assertEquals([await ring.find(APP) !== null, system.labels], [true, []]);
});

Deno.test("KeyRing read says what to do where the store lost a secret", async () => {
  const { ring, system } = makeRing();
  const entry = await ring.save(NAME, KEY.wif, { choice: "system" });
  system.secrets.clear();
  const error = await assertRejects(() => ring.read(entry), StorageError, "file-missing");
  assert(error.hint?.includes(`keys remove ${KEY.address}`), error.hint);
});

Deno.test("KeyRing remove forgets the secret and its place, even where the store lost it", async () => {
  const { ring, system } = makeRing();
  const entry = await ring.save(NAME, KEY.wif, { choice: "system" });
  await ring.remove(entry);
  assertEquals([system.secrets.size, await ring.list()], [0, []]);
  const again = await ring.save(NAME, KEY.wif, { choice: "system" });
  system.secrets.clear();
  await ring.remove(again);
  assertEquals(await ring.list(), []);
});

Deno.test("describeKey and commandFor name a secret by what it is for", () => {
  assertEquals(describeKey(APP), "the enrolment secret of demo");
  assertEquals(commandFor("add", APP), "fluxvault-keeper enrolment add demo");
  assertEquals(commandFor("add", NAME), `fluxvault-keeper keys add ${KEY.address}`);
});

Deno.test("KeyRing find and save know an app however it is written", async () => {
  const { ring, system } = makeRing();
  const entry = await ring.save({ ...APP, name: "Demo" }, ENROLMENT, { choice: "auto" });
  assertEquals(await ring.find(APP), entry);
  assertEquals(await ring.read(entry), ENROLMENT);
  await assertRejects(() => ring.save(APP, "x", { choice: "auto" }), ConfigError);
  await ring.remove(entry);
  assertEquals([system.secrets.size, await ring.find(APP)], [0, null]);
});

Deno.test("KeyRing find and remove keep to the name as it is written where a list has both", async () => {
  const { ring, index } = makeRing();
  const both = ["Demo", "demo"].map((name) => {
    return { kind: "enrolment", name, store: "file", createdMs: NOW_MS } as const;
  });
  index.entries = both;
  for (const entry of both) assertEquals(await ring.find(entry), entry);
  const [first, second] = both;
  assert(first !== undefined && second !== undefined);
  await ring.remove(first);
  assertEquals(index.entries, [second]);
});

Deno.test("KeyRing save leaves no secret behind where the list cannot be written", async () => {
  const { ring, index, file } = makeRing();
  index.isFull = true;
  const save = () => ring.save(APP, ENROLMENT, { choice: "file" });
  await assertRejects(save, StorageError, "disk-full");
  assertEquals([file.secrets.size, index.entries], [0, []]);
  // What was there before is none of its own.
  file.secrets.set("enrolment-demo", ENROLMENT);
  await assertRejects(save, StorageError, "disk-full");
  assertEquals(file.secrets.get("enrolment-demo"), ENROLMENT);
});

Deno.test("KeyRing save says how to get rid of an encrypted file that nobody lists", async () => {
  const { ring, file } = makeRing();
  file.secrets.set("enrolment-demo", "another");
  const save = () => ring.save(APP, ENROLMENT, { choice: "file" });
  const { hint = "" } = await assertRejects(save, ConfigError);
  assert(!hint.includes("--state-dir") && hint.includes("enrolment remove demo"), hint);
});

Deno.test("KeyRing findUnlisted looks into the system's store only where it is named", async () => {
  const { ring, system, file } = makeRing();
  assertEquals(await ring.findUnlisted(APP, { choice: "auto" }), null);
  system.secrets.set("enrolment-demo", "x");
  assertEquals(await ring.findUnlisted(APP, { choice: "auto" }), null);
  assertEquals(await ring.findUnlisted(APP, { choice: "system" }), { ...APP, store: "system" });
  file.secrets.set("enrolment-demo", "x");
  assertEquals(await ring.findUnlisted(APP, { choice: "auto" }), { ...APP, store: "file" });
  assertEquals(file.readCount + system.readCount, 0);
});

Deno.test("KeyRing remove forgets a secret that nobody lists, on a full disk too", async () => {
  const { ring, index, file } = makeRing();
  file.secrets.set("enrolment-demo", "x");
  index.isFull = true;
  await ring.remove({ ...APP, store: "file" });
  assertEquals(file.secrets.size, 0);
});

Deno.test("KeyRing save puts another secret in the place of one, in the same store", async () => {
  const { ring, index, system, file } = makeRing();
  await ring.save({ ...APP, name: "Demo" }, "old", { choice: "file" });
  const entry = await ring.save(APP, ENROLMENT, { choice: "auto", replace: true });
  assertEquals([index.entries, entry.name, system.secrets.size], [[entry], "Demo", 0]);
  assertEquals([...file.secrets], [["enrolment-Demo", ENROLMENT]]);
  const moved = () => ring.save(APP, "x", { choice: "system", replace: true });
  assertEquals((await assertRejects(moved, ConfigError)).setting, "--key-store");
});

Deno.test("KeyRing save keeps the old secret where the list cannot be written", async () => {
  const { ring, index, file } = makeRing();
  const before = await ring.save(APP, "old", { choice: "file" });
  index.isFull = true;
  const save = () => ring.save(APP, ENROLMENT, { choice: "auto", replace: true });
  await assertRejects(save, StorageError, "disk-full");
  assertEquals([index.entries, file.secrets.get("enrolment-demo")], [[before], "old"]);
});
