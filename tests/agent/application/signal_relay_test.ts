import { SignalRelay } from "../../../agent/application/signal_relay.ts";
import type { SignalSource } from "../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";

class PlayedSignals implements SignalSource {
  readonly listeners = new Map<string, () => void>();

  add(name: Deno.Signal, listener: () => void): void {
    this.listeners.set(name, listener);
  }

  remove(name: Deno.Signal, listener: () => void): void {
    if (this.listeners.get(name) === listener) this.listeners.delete(name);
  }

  send(...names: readonly Deno.Signal[]): void {
    for (const name of names) this.listeners.get(name)?.();
  }
}

function relay({ isStarted = true, sharesTerminal = false } = {}) {
  const signals = new PlayedSignals();
  const passed: string[] = [];
  const stops: string[] = [];
  const application = { isStarted, signal: (name: string) => void passed.push(name) };
  const onStop = (name: string) => void stops.push(name);
  const relay = new SignalRelay({ signals, sharesTerminal, application, onStop });
  return { signals, passed, stops, relay, application };
}

const ALL = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

Deno.test("SignalRelay passes signals on to an application that runs", () => {
  const { signals, passed, stops } = relay();
  signals.send(...ALL);
  assertEquals([passed, stops], [[...ALL], []]);
});

Deno.test("SignalRelay stops the agent before there is an application, and drops the rest", () => {
  const { signals, passed, stops, application } = relay({ isStarted: false });
  signals.send(...ALL);
  assertEquals([passed, stops], [[], ["SIGINT", "SIGTERM"]]);
  application.isStarted = true;
  signals.send("SIGTERM");
  assertEquals(passed, ["SIGTERM"]);
});

Deno.test("SignalRelay does not repeat what a terminal sends to the application by itself", () => {
  const { signals, passed } = relay({ sharesTerminal: true });
  signals.send(...ALL);
  assertEquals(passed, ["SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2"]);
});

Deno.test("SignalRelay listens no more once it is disposed of", () => {
  const { signals, relay: made } = relay();
  assert(signals.listeners.size >= ALL.length);
  made[Symbol.dispose]();
  assertEquals(signals.listeners.size, 0);
});
