import {
  listenForShutdown,
  type SignalSource,
  StopRequested,
  type StopSignal,
} from "../../../protocol/host/shutdown.ts";
import { assert, assertEquals } from "../../support/assert.ts";

class FakeSignals implements SignalSource {
  readonly listeners = new Map<StopSignal, () => void>();

  add(name: StopSignal, listener: () => void): void {
    this.listeners.set(name, listener);
  }

  remove(name: StopSignal, listener: () => void): void {
    if (this.listeners.get(name) === listener) this.listeners.delete(name);
  }

  send(name: StopSignal): void {
    this.listeners.get(name)?.();
  }
}

function listen(os: string) {
  const signals = new FakeSignals();
  const exits: number[] = [];
  const shutdown = listenForShutdown({ signals, os, exit: (code) => exits.push(code) });
  return { signals, exits, shutdown };
}

Deno.test("listenForShutdown aborts at the first signal and names it as the reason", () => {
  const { signals, exits, shutdown } = listen("linux");
  assert(!shutdown.signal.aborted);
  signals.send("SIGTERM");
  assert(shutdown.signal.reason instanceof StopRequested);
  assertEquals(shutdown.signal.reason.signalName, "SIGTERM");
  assertEquals(exits, []);
});

Deno.test("listenForShutdown exits at the second signal with its number", () => {
  const first = listen("linux");
  first.signals.send("SIGTERM");
  first.signals.send("SIGTERM");
  assertEquals(first.exits, [143]);
  const second = listen("linux");
  second.signals.send("SIGTERM");
  second.signals.send("SIGINT");
  assertEquals(second.exits, [130]);
});

Deno.test("listenForShutdown listens to what the system has", () => {
  assertEquals([...listen("linux").signals.listeners.keys()], ["SIGINT", "SIGTERM"]);
  assertEquals([...listen("windows").signals.listeners.keys()], ["SIGINT", "SIGBREAK"]);
});

Deno.test("listenForShutdown stops listening when it is disposed of", () => {
  const { signals, shutdown } = listen("linux");
  shutdown[Symbol.dispose]();
  assertEquals(signals.listeners.size, 0);
});

Deno.test("listenForShutdown ends a real process at the second real signal", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const module = new URL("../../../protocol/host/shutdown.ts", import.meta.url).href;
  const source = `const { listenForShutdown } = await import(${JSON.stringify(module)});` +
    `const { signal } = listenForShutdown();` +
    `signal.addEventListener("abort", () => console.log(signal.reason.message));` +
    `setInterval(() => {}, 1000); console.log("ready");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", source],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "ready\n");
  child.kill("SIGTERM");
  assertEquals((await reader.read()).value, "stopped by SIGTERM\n");
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  await reader.cancel();
});
