import { InTurnStore } from "../../../agent/delivery/in_turn_store.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

/** A store that notes when the turn is taken and passed on, and when something happens. */
function watchedStore(): { readonly store: InTurnStore; readonly events: string[] } {
  const events: string[] = [];
  const inner = new MemorySecretStore();
  const store = new InTurnStore(
    Object.assign(inner, {
      settle: () => {
        events.push("settle");
        return Promise.resolve();
      },
    }),
    () => {
      events.push("take");
      return Promise.resolve(() => void events.push("pass on"));
    },
  );
  return { store, events };
}

Deno.test("InTurnStore takes no turn while a file is looked at and on its way", async () => {
  const { store, events } = watchedStore();
  assertEquals([await store.inspect("a"), await store.open("a")], [null, null]);
  const staged = await store.stage("a", { size: null, mode: 0o600 });
  await staged.write(Uint8Array.of(1));
  await staged.discard();
  assertEquals(events, []);
});

Deno.test("InTurnStore takes the turn to put a file in place and to settle, and passes it on", async () => {
  const { store, events } = watchedStore();
  const staged = await store.stage("a", { size: null, mode: 0o600 });
  assertEquals(await staged.commit(), "created");
  await store.settle();
  assertEquals(events, ["take", "pass on", "take", "settle", "pass on"]);
});

Deno.test("InTurnStore passes the turn on where the change fails", async () => {
  const events: string[] = [];
  const inner = Object.assign(new MemorySecretStore(), {
    settle: () => Promise.reject(new RangeError("no")),
  });
  const take = () => Promise.resolve(() => void events.push("pass on"));
  await assertRejects(() => new InTurnStore(inner, take).settle(), RangeError);
  assertEquals(events, ["pass on"]);
});
