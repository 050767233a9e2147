/**
 * Where the agents of an app are, by the record.
 *
 * @module
 */
import { isSameApp } from "../app_name.ts";
import type { KnownAgentsStore } from "./known_agents_store.ts";

/** Returns the addresses of the known agents of an app, or of none, `null`. */
export async function loadAddresses(
  store: KnownAgentsStore,
  app: string | null,
): Promise<ReadonlySet<string>> {
  const { agents } = await store.load();
  const ofApp = agents.filter((agent) => isSameApp(agent.app, app));
  return new Set(ofApp.flatMap(({ address }) => address ?? []));
}
