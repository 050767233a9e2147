import { CallError, createDeferred, StorageError } from "../../../../protocol/mod.ts";
import { RateLimit } from "../../../../protocol/host/plugins/limits/rate_limit.ts";
import { AskDesk, type AskMessage } from "../../../../protocol/host/plugins/ask_desk.ts";
import type { PluginAsk } from "../../../../protocol/host/plugins/mod.ts";
import { assertEquals } from "../../../support/assert.ts";

const OPEN = new AbortController().signal;

function askOf(name: string, input: readonly unknown[] | null = []): AskMessage {
  return { kind: "ask", id: 7, call: 1, name, input };
}

Deno.test("AskDesk answers what is known, with null for nothing", async () => {
  const asks: [string, PluginAsk][] = [
    ["echo", (input) => Promise.resolve(input)],
    ["none", () => Promise.resolve(undefined)],
  ];
  const desk = new AskDesk(new Map(asks));
  const reply = await desk.answer(askOf("echo", [1, "b"]), OPEN);
  assertEquals(reply, { Kind: "answer", Id: 7, Output: [1, "b"] });
  assertEquals(await desk.answer(askOf("none"), OPEN), { Kind: "answer", Id: 7, Output: null });
});

Deno.test("AskDesk refuses with a code, and never with a message", async () => {
  const fail = (error: unknown): PluginAsk => () => Promise.reject(error);
  const asks: [string, PluginAsk][] = [
    ["word", fail(new CallError("no-way", "CANARY"))],
    ["storage", fail(new StorageError("disk-full", "CANARY"))],
    ["other", fail(new Error("CANARY"))],
    ["long", () => Promise.resolve("x".repeat(300_000))],
  ];
  const desk = new AskDesk(new Map(asks));
  const codes: unknown[] = [];
  for (const name of ["word", "storage", "other", "long", "toString", "__proto__"]) {
    codes.push((await desk.answer(askOf(name), OPEN))["Code"]);
  }
  codes.push((await desk.answer(askOf("word", null), OPEN))["Code"]);
  codes.push((await desk.answer(askOf("word"), null))["Code"]);
  codes.push((await desk.answer(askOf("word"), AbortSignal.abort()))["Code"]);
  assertEquals(codes, [
    ...["no-way", "disk-full", "failed", "output-too-large", "unknown-ask", "unknown-ask"],
    ...["input-malformed", "cancelled", "cancelled"],
  ]);
});

Deno.test("AskDesk answers 32 at once, and is busy for more until one is done", async () => {
  const gate = createDeferred<void>();
  const desk = new AskDesk(new Map([["wait", () => gate.promise]]));
  const open = Array.from({ length: 32 }, () => desk.answer(askOf("wait"), OPEN));
  assertEquals((await desk.answer(askOf("wait"), OPEN))["Code"], "busy");
  gate.resolve();
  await Promise.all(open);
  assertEquals((await desk.answer(askOf("wait"), OPEN))["Kind"], "answer");
});

Deno.test("AskDesk lets whoever asks too often wait, and for no call that is over", async () => {
  const rate = new RateLimit({ burst: 1, perSecond: 1, now: () => 0 });
  let count = 0;
  const desk = new AskDesk(new Map([["count", () => Promise.resolve(++count)]]), rate);
  const call = new AbortController();
  assertEquals((await desk.answer(askOf("count"), call.signal))["Output"], 1);
  const waiting = desk.answer(askOf("count"), call.signal);
  call.abort();
  assertEquals((await waiting)["Code"], "cancelled");
  assertEquals([count, desk.isFull], [1, false]);
});
