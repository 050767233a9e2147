/**
 * The dialogue with a node of the original FluxVault, of which nothing is known but its address.
 *
 * @module
 */
import type { ManifestEntry } from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import { completeResults, type TalkOptions } from "./contact.ts";
import { PLAIN_TASK } from "./contact_task.ts";
import { SEND_BYTES_PER_S } from "../limits.ts";
import type { WatchedDelivery } from "../progress/delivery_watch.ts";
import type { AgentOutcome } from "../report/report.ts";

/** Serves a node by the wire of the original; it gets no file that asks for any level of trust. */
export async function talkOriginal(
  address: AgentAddress,
  options: TalkOptions,
): Promise<AgentOutcome> {
  const { dial, known, delivery, deliveries, expectsAll, agent, limit, signal } = options;
  const { app, task = PLAIN_TASK } = options;
  // On that wire nobody can be asked first, and nothing can be removed.
  if (task.converse !== undefined) return { kind: "failed", code: "calls-unknown" };
  if (task.isWipe === true) return { kind: "failed", code: "wipe-unknown" };
  if (task.isPlan === true) return { kind: "failed", code: "plan-unknown" };
  // It cannot relay, either.
  if (options.isRelayOnly === true) {
    return { kind: "rejected", code: "component-mismatch", by: "us" };
  }
  const name = formatAgentAddress(address);
  // Who has proved a key here before is not given files by a wire that proves nothing.
  if (known.hasKeyAt(name)) return { kind: "failed", code: "key-on-record" };
  // Most keepers never speak it.
  const original = await import("../../protocol/original/mod.ts");
  const connection = await dial(address, { signal });
  agent.isConnected = true;
  let watched: WatchedDelivery | null = null;
  try {
    const session = await original.openOriginalAsKeeper(connection.duplex, { signal });
    agent.trust = "address";
    if (session.isNodeNewer) {
      options.logger.info("An agent that is spoken to on the original's wire offers protocol 2.", {
        address: name,
      });
    }
    const given = await delivery.at(null, "address");
    options.onGiven?.(given);
    const { entries } = given.source;
    const notKept = findNotKept(entries);
    if (notKept.length > 0) options.onNotKept?.(notKept);
    watched = task.watch?.begin({ address: name, app, component: null }, entries) ?? null;
    const started = new Set<string>();
    const { files, contentBytes } = await original.deliverOriginalAsKeeper(session, given.source, {
      lastDelivered: (path) => deliveries.last(name, path),
      onDelivered: (path, digest) => deliveries.note(name, { path, digest }),
      onProgress: (path, bytes) => {
        limit.extend(bytes / SEND_BYTES_PER_S * 1_000);
        const entry = started.has(path) ? undefined : entries.find((one) => one.path === path);
        started.add(path);
        if (entry?.kind === "file") watched?.start(path, entry.size);
        watched?.send(bytes);
      },
      onTranslated: (path) => {
        options.logger.warn("A file lost its line ends: the original's wire knows LF alone.", {
          address: name,
          path,
        });
      },
      textFacts: delivery.textFacts,
      expectsAll,
    });
    // Where the whole folder is offered, only what was asked for counts.
    const results = expectsAll ? completeResults(files, given) : files;
    return {
      kind: "delivered",
      files: results,
      hooks: [],
      revision: null,
      withheld: given.withheld,
      contentBytes,
    };
  } finally {
    watched?.end();
    connection.close();
  }
}

/** Says, in words, what of a manifest a wire cannot keep that knows the names and contents of files. */
export function findNotKept(entries: readonly ManifestEntry[]): string[] {
  const found = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "keep") continue;
    if (entry.uid !== undefined || entry.gid !== undefined) found.add("owners");
    if (entry.hook !== undefined) found.add("hooks");
    if (entry.strategy === "ENSURE_CREATED") found.add("ENSURE_CREATED");
    if (entry.kind === "file") {
      if (entry.leaseS !== undefined) found.add("leases");
      if (entry.readers !== undefined) found.add("readers");
    } else if (entry.kind === "issued") {
      found.add("certificates");
    } else {
      if (entry.strategy === "STRICT") found.add("removal from STRICT folders");
      if (entry.together === true) found.add("folders that are exchanged together");
    }
  }
  return [...found].sort();
}
