import * as v from "valibot";
import { type CallSteps, followSteps, stepOf } from "../../../protocol/actions/call_steps.ts";
import { defineAction } from "../../../protocol/actions/defined_action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";

const add = defineAction("add", {
  input: v.tuple([v.number(), v.number()]),
  output: v.number(),
  run: (_context, [a, b]) => a + b,
});

Deno.test("followSteps gives each step the answer of the one before", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [add] } });
  async function* steps(): CallSteps<number> {
    let sum = 0;
    for (const number of [1, 2, 3]) sum = Number(yield { action: "add", input: [sum, number] });
    return await Promise.resolve(sum);
  }
  assertEquals(await followSteps(desks.keeper, steps()), 6);
});

Deno.test("followSteps takes no call where the first step is the end", async () => {
  await using desks = await openCallDesks();
  // deno-lint-ignore require-yield
  function* steps(): CallSteps<string> {
    return "nothing to do";
  }
  assertEquals(await followSteps(desks.keeper, steps()), "nothing to do");
});

Deno.test("followSteps throws into the steps what a call failed with", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [add] } });
  function* steps(): CallSteps<unknown> {
    try {
      yield { action: "subtract" };
    } catch (error) {
      if (error instanceof CallError) return yield { action: "add", input: [1, 1] };
    }
    return null;
  }
  assertEquals(await followSteps(desks.keeper, steps()), 2);
});

Deno.test("followSteps throws what the steps do not catch, and lets them clean up", async () => {
  await using desks = await openCallDesks();
  let isClean = false;
  function* steps(): CallSteps<void> {
    try {
      yield { action: "subtract" };
    } finally {
      isClean = true;
    }
  }
  await assertRejects(() => followSteps(desks.keeper, steps()), CallError, "unknown-action");
  assertEquals(isClean, true);
});

Deno.test("stepOf has an answer of the type that the contract says", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [add] } });
  function* steps(): CallSteps<string> {
    const sum: number = yield* stepOf(add.contract, { input: [20, 22] });
    return sum.toFixed(1);
  }
  assertEquals(await followSteps(desks.keeper, steps()), "42.0");
});
