/**
 * What a plugin asks of its storage.
 *
 * @module
 */
import { CallError } from "../../calls/call_error.ts";
import type { PluginAsk, PluginAsks } from "./plugin_asks.ts";
import type { PluginStorage } from "./plugin_storage.ts";

/** Answers `storage.get(key)`, `storage.set(key, value)`, `storage.delete(key)` and `storage.list()`. */
export function createStorageAsks(storage: PluginStorage): PluginAsks {
  const asks: Record<string, PluginAsk> = {
    "storage.get": async ([key]) => await storage.get(keyOf(key)),
    "storage.set": async ([key, value]) => await storage.set(keyOf(key), value ?? null),
    "storage.delete": async ([key]) => await storage.delete(keyOf(key)),
    "storage.list": async () => await storage.list(),
  };
  return new Map(Object.entries(asks));
}

function keyOf(value: unknown): string {
  if (typeof value !== "string") throw new CallError("key-malformed", "a key is a text");
  return value;
}
