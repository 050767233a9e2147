import { DeliveryRecord, INTERRUPTED } from "../../../agent/delivery/delivery_record.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { StorageError } from "../../../protocol/errors.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { StuckStore } from "../../support/stuck_delivery.ts";

const OPTIONS = { size: 1, mode: 0o600 };

Deno.test("DeliveryRecord remembers what was put in place and what was on its way", async () => {
  const record = new DeliveryRecord(new MemorySecretStore());
  for (const path of ["a", "b", "a"]) {
    const staged = await record.stage(path, OPTIONS);
    await staged.write(encodeUtf8("x"));
    await staged.commit();
  }
  await record.stage("c", OPTIONS);
  assertEquals(record.results(), [
    { path: "a", outcome: "updated" },
    { path: "b", outcome: "created" },
    { path: "c", outcome: "failed", code: INTERRUPTED },
  ]);
});

class BrokenStore extends MemorySecretStore {
  override inspect(path: string): ReturnType<MemorySecretStore["inspect"]> {
    if (path !== "broken") return super.inspect(path);
    return Promise.reject(new StorageError("io-failed", "the device failed"));
  }

  override stage(path: string): ReturnType<MemorySecretStore["stage"]> {
    if (path !== "full") return super.stage(path);
    return Promise.reject(new StorageError("disk-full", "no space is left"));
  }
}

Deno.test("DeliveryRecord remembers why a file failed and lets the failure through", async () => {
  const record = new DeliveryRecord(new BrokenStore());
  await assertRejects(() => record.inspect("broken"), StorageError, "io-failed");
  await assertRejects(() => record.stage("full", OPTIONS), StorageError, "disk-full");
  assertEquals(await record.inspect("a"), null);
  assertEquals(record.results(), [
    { path: "broken", outcome: "failed", code: "io-failed" },
    { path: "full", outcome: "failed", code: "disk-full" },
  ]);
});

Deno.test("DeliveryRecord knows for how long the store was not used", async () => {
  const clock = { nowMs: 0 };
  const store = new StuckStore();
  const record = new DeliveryRecord(store, () => clock.nowMs);
  clock.nowMs = 5;
  assertEquals(record.idleMs, 5);
  const inspecting = record.inspect("a");
  clock.nowMs = 100;
  assertEquals(record.idleMs, 0, "an operation is under way");
  store.letGo.resolve();
  await inspecting;
  clock.nowMs = 107;
  assertEquals(record.idleMs, 7);
  record.touch();
  assertEquals(record.idleMs, 0);
});

Deno.test("DeliveryRecord counts every piece that is read of a file as a use", async () => {
  const clock = { nowMs: 0 };
  const store = new MemorySecretStore();
  store.open = () => {
    return Promise.resolve((async function* () {
      yield await Promise.resolve(encodeUtf8("one"));
      clock.nowMs += 50;
      yield encodeUtf8("two");
    })());
  };
  const record = new DeliveryRecord(store, () => clock.nowMs);
  clock.nowMs = 10;
  const pieces = await record.open("a");
  assertEquals(record.idleMs, 0, "to open a file is a use");
  clock.nowMs = 30;
  const idle: number[] = [];
  for await (const piece of pieces ?? []) idle.push(record.idleMs, piece.length);
  assertEquals(idle, [0, 3, 0, 3]);
  clock.nowMs += 7;
  assertEquals(record.idleMs, 7);
});

Deno.test("DeliveryRecord opens nothing where nothing is, and remembers why it could not open", async () => {
  const store = new MemorySecretStore();
  const record = new DeliveryRecord(store);
  assertEquals(await record.open("a"), null);
  store.open = () => Promise.reject(new StorageError("symlink-refused", "it is a link"));
  await assertRejects(() => record.open("b"), StorageError, "symlink-refused");
  assertEquals(record.results(), [{ path: "b", outcome: "failed", code: "symlink-refused" }]);
});
