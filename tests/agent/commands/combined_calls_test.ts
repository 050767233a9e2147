import { combineCalls } from "../../../agent/commands/combined_calls.ts";
import { type Action, type CallContext, type CallDesk, CallError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const CONTEXT = {} as CallContext;

function action(name: string, run: () => Promise<unknown>): Action {
  return { name, run };
}

const says = (word: string) => () => Promise.resolve(word);
const fails = (error: Error) => () => Promise.reject(error);

async function outcome(...runs: (() => Promise<unknown>)[]): Promise<unknown> {
  const calls = combineCalls(...runs.map((run) => ({ actions: [action("a", run)] })));
  assertEquals(calls?.actions?.map(({ name }) => name), ["a"]);
  return await calls?.actions?.[0]?.run(CONTEXT, undefined);
}

Deno.test("combineCalls leaves one part as it is, and makes nothing of none", () => {
  const only = { actions: [action("a", says("one"))] };
  assertEquals(combineCalls(undefined, only), only);
  assertEquals(combineCalls(undefined, undefined), undefined);
});

Deno.test("combineCalls has the actions of all, and does the work of all", async () => {
  const done: string[] = [];
  const part = (name: string) => ({
    actions: [action(name, says(name))],
    work: () => Promise.resolve(void done.push(name)),
  });
  const calls = combineCalls(part("a"), { actions: [action("c", says("c"))] }, part("b"));
  assertEquals(calls?.actions?.map(({ name }) => name), ["a", "c", "b"]);
  await calls?.work?.({} as CallDesk);
  assertEquals(done, ["a", "b"]);
});

Deno.test("combineCalls has an action of several done by each, and fails where all have", async () => {
  const refused = new CallError("list-refused", "no");
  assertEquals(await outcome(fails(refused), says("two")), "two");
  assertEquals(await outcome(says("one"), fails(refused)), "one");
  await assertRejects(() => outcome(fails(refused), fails(refused)), CallError, "list-refused");
});

Deno.test("combineCalls lets no fault of its own go unseen", async () => {
  await assertRejects(() => outcome(says("one"), fails(new RangeError("a fault"))), RangeError);
});
