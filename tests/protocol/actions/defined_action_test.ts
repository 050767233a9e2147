import * as v from "valibot";
import { defineAction, implementContract } from "../../../protocol/actions/defined_action.ts";
import { defineContract } from "../../../protocol/actions/defined_contract.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import type { ActionFailure } from "../../../protocol/calls/session_calls.ts";
import { createDeferred } from "../../../protocol/deferred.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "../../support/assert.ts";
import { openCallDesks, readAll } from "../../support/call_desks.ts";

const rotateLogs = defineAction("rotate-logs", {
  describe: "Removes old logs.",
  input: v.object({ days: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  output: v.object({ removed: v.number() }),
  run: (_context, { days }) => ({ removed: days * 2 }),
});

Deno.test("defineAction makes an action whose input and output have the types of its schemas", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [rotateLogs] } });
  const { removed } = await desks.keeper.call(rotateLogs.contract, { input: { days: 7 } });
  const isEven: boolean = removed % 2 === 0;
  assertEquals([removed, isEven], [14, true]);
});

Deno.test("defineAction refuses at the agent what does not fit, whoever calls", async () => {
  await using desks = await openCallDesks({ agentCalls: { actions: [rotateLogs] } });
  for (const input of [undefined, null, {}, { days: 0 }, { days: "7" }]) {
    const call = () => desks.keeper.call("rotate-logs", { input });
    await assertRejects(call, CallError, "input-malformed");
  }
});

Deno.test("defineAction refuses at the caller what does not fit, and sends nothing", async () => {
  const failures: ActionFailure[] = [];
  await using desks = await openCallDesks({
    agentCalls: { actions: [rotateLogs], onFailure: (failure) => failures.push(failure) },
  });
  const input = { days: -4_711 };
  const call = () => desks.keeper.call(rotateLogs.contract, { input });
  const error = await assertRejects(call, TypeError);
  assertMatch(error.message, /^the input of rotate-logs does not fit its schema, at days$/);
  await assertRejects(() => desks.keeper.callOneWay(rotateLogs.contract, { input }), TypeError);
  await assertRejects(() => desks.keeper.openDuplex(rotateLogs.contract, { input }), TypeError);
  assertEquals(failures, []);
});

Deno.test("defineAction sends no answer that does not fit, and says so", async () => {
  const failures: ActionFailure[] = [];
  const lie = defineAction("lie", {
    output: v.number(),
    run: () => JSON.parse('"secret"'),
  });
  await using desks = await openCallDesks({
    agentCalls: { actions: [lie], onFailure: (failure) => failures.push(failure) },
  });
  await assertRejects(() => desks.keeper.call("lie"), CallError, "output-malformed");
  assertEquals(failures.map(({ code }) => code), ["output-malformed"]);
  assertEquals(JSON.stringify(failures).includes("secret"), false);
});

Deno.test("defineAction checks at the caller what an agent answers", async () => {
  const liar = { name: "rotate-logs", run: () => Promise.resolve({ removed: "all" }) };
  await using desks = await openCallDesks({ agentCalls: { actions: [liar] } });
  const call = () => desks.keeper.call(rotateLogs.contract, { input: { days: 1 } });
  await assertRejects(call, CallError, "output-malformed");
});

Deno.test("defineAction takes nothing where it has no schema", async () => {
  const ping = defineAction("ping", { run: () => "pong" });
  await using desks = await openCallDesks({ agentCalls: { actions: [ping] } });
  assertEquals(await desks.keeper.call(ping.contract), "pong");
  await assertRejects(
    () => desks.keeper.call("ping", { input: 1 }),
    CallError,
    "input-malformed",
  );
});

Deno.test("defineAction sends what a schema reads, and gives either end what it makes of it", async () => {
  const moment = v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => new Date(text)));
  const later = defineAction("later", {
    input: v.object({ at: moment }),
    output: moment,
    run: (_context, { at }) => new Date(at.getTime() + 1_000).toISOString(),
  });
  await using desks = await openCallDesks({ agentCalls: { actions: [later] } });
  const answer = await desks.keeper.call(later.contract, {
    input: { at: "2030-01-01T00:00:00.000Z" },
  });
  assertEquals(answer.getTime(), Date.UTC(2030, 0, 1, 0, 0, 1));
});

Deno.test("defineAction works with a schema that takes its time", async () => {
  const isFree = v.checkAsync<string, string>(
    async (name) => await Promise.resolve(name) !== "taken",
    "it is taken",
  );
  const reserve = defineAction("reserve", {
    input: v.pipeAsync(v.string(), isFree),
    run: (_context, name) => name,
  });
  await using desks = await openCallDesks({ agentCalls: { actions: [reserve] } });
  assertEquals(await desks.keeper.call("reserve", { input: "free" }), "free");
  const call = () => desks.keeper.call("reserve", { input: "taken" });
  await assertRejects(call, CallError, "input-malformed");
});

Deno.test("defineAction tells progress, sends bytes and is cancelled as any action is", async () => {
  const copy = defineAction("copy", {
    async run({ stream, progress, openOutput }) {
      await progress({ Percent: 50 });
      const output = await openOutput();
      for await (const piece of stream ?? []) await output.write(piece);
    },
    timeoutMs: 60_000,
  });
  await using desks = await openCallDesks({ agentCalls: { actions: [copy] } });
  const told: unknown[] = [];
  let copied = new Uint8Array();
  await desks.keeper.call(copy.contract, {
    bytes: (async function* () {
      yield await Promise.resolve(new Uint8Array([1, 2, 3]));
    })(),
    onProgress: (output) => told.push(output),
    takeOutput: async (stream) => {
      copied = new Uint8Array(await readAll(stream));
    },
  });
  assertEquals([told, [...copied]], [[{ Percent: 50 }], [1, 2, 3]]);
});

Deno.test("defineAction ends by its own limit of time, and tells the action", async () => {
  const stopped = createDeferred<unknown>();
  const slow = defineAction("slow", {
    timeoutMs: 1,
    run: ({ signal }) => {
      signal.addEventListener("abort", () => stopped.resolve(signal.reason));
      return new Promise<void>(() => {});
    },
  });
  await using desks = await openCallDesks({ agentCalls: { actions: [slow] } });
  await assertRejects(() => desks.keeper.call("slow"), CallError, "timed-out");
  const reason = await stopped.promise;
  assertEquals(reason instanceof ConnectionError && reason.code, "timed-out");
});

Deno.test("implementContract makes an action of a contract that both ends share", async () => {
  const contract = defineContract("double", { input: v.number(), output: v.number() });
  const double = implementContract(contract, { run: (_context, number) => number * 2 });
  await using desks = await openCallDesks({ agentCalls: { actions: [double] } });
  assertEquals(await desks.keeper.call(contract, { input: 21 }), 42);
});

Deno.test("defineAction refuses a name that is none", () => {
  assertThrows(() => defineAction("Rotate", { run: () => 1 }), TypeError);
});
