import type { Standing } from "../../../agent/door/door.ts";
import { UnwrapQueue } from "../../../agent/door/unwrap_queue.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

/** A queue whose unwraps last until they are let go, and are told apart by names. */
function makeQueue() {
  const queue = new UnwrapQueue();
  const started: string[] = [];
  const running: (() => void)[] = [];
  const enter = (name: string, standing: Standing, signal = new AbortController().signal) => {
    return queue.run(() => {
      started.push(name);
      return new Promise<string>((resolve) => running.push(() => resolve(name)));
    }, { standing, signal });
  };
  /** Lets the unwrap under way end, and those behind it move up. */
  const next = async () => {
    running.shift()?.();
    await settle();
  };
  return { started, running, enter, next };
}

/** Comes after everything that is ready to happen has happened. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("UnwrapQueue runs one at a time, in the order of their coming", async () => {
  const { started, running, enter, next } = makeQueue();
  const all = ["a", "b", "c"].map((name) => enter(name, "stranger"));
  await settle();
  for (const names of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    assertEquals([started, running.length], [names, 1]);
    await next();
  }
  assertEquals(await Promise.all(all), ["a", "b", "c"]);
});

Deno.test("UnwrapQueue lets known addresses pass strangers, and those the penalised ones", async () => {
  const { started, enter, next } = makeQueue();
  const all: Promise<string>[] = [];
  for (const standing of ["penalised", "stranger", "known"] as const) {
    for (let i = 0; i < 3; i++) all.push(enter(`${standing} ${i}`, standing));
    await settle();
  }
  for (let i = 0; i < 9; i++) await next();
  await Promise.all(all);
  assertEquals(started, [
    "penalised 0",
    ...["known 0", "known 1", "known 2"],
    ...["stranger 0", "stranger 1", "stranger 2"],
    ...["penalised 1", "penalised 2"],
  ]);
});

Deno.test("UnwrapQueue waits for nobody who is gone", async () => {
  const { started, enter, next } = makeQueue();
  const control = new AbortController();
  const first = enter("first", "stranger");
  await settle();
  const gone = Array.from({ length: 1_000 }, () => enter("gone", "stranger", control.signal));
  const last = enter("last", "stranger");
  await settle();
  control.abort(new RangeError("gone"));
  for (const one of gone) await assertRejects(() => one, RangeError);
  await next();
  assertEquals(started, ["first", "last"]);
  await next();
  await Promise.all([first, last]);
});

Deno.test("UnwrapQueue passes the turn on when an unwrap fails", async () => {
  const queue = new UnwrapQueue();
  const options = { standing: "penalised", signal: new AbortController().signal } as const;
  const failing = queue.run(() => Promise.reject(new RangeError()), options);
  const next = queue.run(() => Promise.resolve("next"), options);
  await assertRejects(() => failing, RangeError);
  assertEquals(await next, "next");
});
