import type { Action } from "../../../protocol/calls/action.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import type { ActionFailure } from "../../../protocol/calls/session_calls.ts";
import { watchCalls } from "../../../protocol/calls/watched_calls.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openCallDesks } from "../../support/call_desks.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const WORDS = { onTaken: "taken", onMade: "made" };

Deno.test("watchCalls writes down why an action failed, but nothing that is not ours", async () => {
  const logger = new MemoryLogger();
  const failures: ActionFailure[] = [];
  const fail: Action<boolean> = {
    name: "fail",
    run(_context, isOurs) {
      if (isOurs) throw new CallError("vault-sealed", "the vault is sealed", { hint: "open it" });
      throw new RangeError("hunter2");
    },
  };
  const agentCalls = watchCalls({
    actions: [fail],
    onFailure: (failure) => failures.push(failure),
  }, { logger, ...WORDS, properties: { keeper: "192.0.2.7" } });
  await using desks = await openCallDesks({ agentCalls });
  for (const input of [true, false]) {
    await assertRejects(() => desks.keeper.call("fail", { input }), CallError);
  }
  const common = { keeper: "192.0.2.7", action: "fail" };
  assertEquals(
    logger.events.map(({ level, message, properties }) => [level, message, properties]),
    [
      [
        "warn",
        "taken",
        { ...common, code: "vault-sealed", reason: "the vault is sealed", hint: "open it" },
      ],
      ["warn", "taken", { ...common, code: "failed", reason: "RangeError" }],
    ],
  );
  assertEquals(failures.length, 2);
});

Deno.test("watchCalls writes down why work failed, and lets the session go on", async () => {
  const logger = new MemoryLogger();
  const { work } = watchCalls({ work: async (desk) => void await desk.call("sing") }, {
    logger,
    ...WORDS,
  });
  await using desks = await openCallDesks();
  await work?.(desks.agent);
  assertEquals(logger.messages("warn"), ["made"]);
  await desks[Symbol.asyncDispose]();
  await work?.(desks.agent);
  assertEquals(logger.messages("warn"), ["made"]);
});
