/**
 * The contact with one agent, from dialling to the report.
 *
 * @module
 */
import {
  ConnectionError,
  FluxVaultError,
  OriginalPeerError,
  OriginalRefusedError,
  PeerRejectedError,
  StorageError,
  untilAborted,
} from "../../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import { type Acquaintance, newAcquaintance, type SyncOptions } from "./contact.ts";
import { INSPECT_BYTES_PER_S, SYNC_BASE_TIME_MS } from "../limits.ts";
import { talkOriginal } from "./original_contact.ts";
import { talkProtocol2 } from "./protocol2_contact.ts";
import type { AgentOutcome, ContactReport } from "../report/report.ts";
import { TimeLimit } from "./time_limit.ts";

/** The code of a contact that failed on this side: its state could not be read or written. */
const STATE_FAILED = "state-failed";

/**
 * Serves one agent.
 *
 * Whatever the agent does ends in an outcome, and within a time that grows with the bytes that are
 * sent: only the signal's reason is thrown.
 */
export async function syncAgent(
  address: AgentAddress,
  options: SyncOptions,
): Promise<ContactReport> {
  const { signal, now, limits, delivery, wire } = options;
  const talk = wire === "original" ? talkOriginal : talkProtocol2;
  signal?.throwIfAborted();
  const startedMs = now();
  const beganMs = performance.now();
  const agent = newAcquaintance();
  const attempt = new AbortController();
  const stop = () => attempt.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  const inspectMs = delivery.totalBytes / INSPECT_BYTES_PER_S * 1_000;
  const limit = new TimeLimit((limits?.baseTimeMs ?? SYNC_BASE_TIME_MS) + inspectMs, () => {
    attempt.abort(new ConnectionError("timed-out", "the agent takes longer than it may"));
  });
  let outcome: AgentOutcome;
  try {
    outcome = await untilAborted(
      talk(address, { ...options, agent, limit, signal: attempt.signal }),
      attempt.signal,
    );
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    outcome = outcomeOf(error, agent);
    if (!(error instanceof FluxVaultError)) {
      options.logger.error("The contact with an agent ended in a fault.", { error: String(error) });
    } else if (error instanceof StorageError) {
      options.logger.error("This keeper's own state is not readable or writable.", {
        code: error.code,
        reason: error.message,
      });
    }
  } finally {
    limit.clear();
    signal?.removeEventListener("abort", stop);
  }
  const { component, fingerprint, trust, node, software, judgement } = agent;
  return {
    address: formatAgentAddress(address),
    wire,
    component,
    fingerprint,
    trust,
    news: judgement?.verdict === "trusted" ? judgement.news : null,
    node,
    software,
    startedMs,
    durationMs: Math.round((agent.servedMs ?? performance.now()) - beganMs),
    outcome,
  };
}

function outcomeOf(error: unknown, agent: Acquaintance): AgentOutcome {
  if (agent.leftOut === "outdated") return { kind: "failed", code: "plan-outdated" };
  if (agent.leftOut === "unmeant") {
    return { kind: "rejected", code: "component-mismatch", by: "us" };
  }
  if (error instanceof PeerRejectedError) {
    const { judgement } = agent;
    if (error.by === "us" && judgement?.verdict === "pending") {
      return { kind: "pending", reason: judgement.reason };
    }
    return { kind: "rejected", code: error.code, by: error.by };
  }
  if (!(error instanceof FluxVaultError)) return { kind: "failed", code: "internal" };
  if (error instanceof OriginalPeerError) return { kind: "failed", code: "original-wire" };
  if (error instanceof OriginalRefusedError) return { kind: "failed", code: "original-refused" };
  // What can be said of one file is in its result: this is the keeper's own state.
  if (error instanceof StorageError) return { kind: "failed", code: STATE_FAILED };
  const { code } = error;
  return agent.isConnected ? { kind: "failed", code } : { kind: "unreachable", code };
}
