/**
 * The contact with one agent, from dialling to the report.
 *
 * @module
 */
import {
  type AgentNames,
  composeManifestStatement,
  ConnectionError,
  deliverAsKeeper,
  type Duplex,
  encodeHex,
  type FileResult,
  FluxVaultError,
  handshakeAsKeeper,
  identityFingerprint,
  type Logger,
  OriginalPeerError,
  OriginalRefusedError,
  PeerRejectedError,
  type RejectionCode,
  type StatementSigner,
} from "../protocol/mod.ts";
import { type AgentAddress, formatAgentAddress } from "./agent_address.ts";
import type { Delivery } from "./delivery.ts";
import {
  INSPECT_BYTES_PER_S,
  MAX_EXTRA_RESULTS,
  SEND_BYTES_PER_S,
  SYNC_BASE_TIME_MS,
} from "./limits.ts";
import type { Deliveries } from "./original/mod.ts";
import type { AgentOutcome, ContactReport } from "./report.ts";
import { TimeLimit } from "./time_limit.ts";
import type { Judgement, KnownAgents } from "./trust/mod.ts";
import type { VaultFault, VaultView } from "./vault/vault.ts";
import type { Wire } from "./wire.ts";

/** A connection to an agent. */
export interface AgentConnection {
  /** The transport. */
  readonly duplex: Duplex;
  /** Ends the connection at once; further calls do nothing. */
  close(reason?: unknown): void;
}

/**
 * Connects to an agent.
 *
 * Rejects with a `ConnectionError` where it cannot, and with the signal's reason once it is aborted.
 */
export type Dial = (
  address: AgentAddress,
  options: { readonly signal: AbortSignal },
) => Promise<AgentConnection>;

/** The times of one contact. */
export interface SyncLimits {
  /** What it may take before anything is added for sizes, in milliseconds. @default {120_000} */
  readonly baseTimeMs?: number;
}

/** What a contact needs. */
export interface SyncOptions {
  /** The app that the agent is dialled for, or `null`. */
  readonly app: string | null;
  /** Connects. */
  readonly dial: Dial;
  /** Decides whether the agent is trusted. */
  readonly known: KnownAgents;
  /** What it should hold. */
  readonly delivery: Delivery;
  /** What is spoken with it. */
  readonly wire: Wire;
  /** Signs what the keeper says of itself and of manifests, or `null`. */
  readonly signer: StatementSigner | null;
  /** What nodes of the original hold. */
  readonly deliveries: Deliveries;
  /** Whether a node of the original must ask for every file. */
  readonly expectsAll: boolean;
  /** The times. */
  readonly limits?: SyncLimits | undefined;
  /** Takes notes. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. */
  readonly now: () => number;
  /** Ends the contact; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of an agent so far. */
interface Acquaintance {
  isConnected: boolean;
  component: string | null;
  fingerprint: string | null;
  software: string | null;
  judgement: Judgement | null;
}

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
  const agent: Acquaintance = {
    isConnected: false,
    component: null,
    fingerprint: null,
    software: null,
    judgement: null,
  };
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
    }
  } finally {
    limit.clear();
    signal?.removeEventListener("abort", stop);
  }
  const { component, fingerprint, software, judgement } = agent;
  return {
    address: formatAgentAddress(address),
    wire,
    component,
    fingerprint,
    trust: judgement?.verdict === "trusted" ? judgement.ground : null,
    software,
    startedMs,
    durationMs: Math.round(performance.now() - beganMs),
    outcome,
  };
}

/** Waits for work, but no longer than the signal lets it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // The work may have run into the end of its time before this was called.
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

interface TalkOptions extends SyncOptions {
  readonly agent: Acquaintance;
  readonly limit: TimeLimit;
  readonly signal: AbortSignal;
}

async function talkProtocol2(address: AgentAddress, options: TalkOptions): Promise<AgentOutcome> {
  const { app, dial, known, delivery, agent, limit, signal, now, signer } = options;
  const connection = await dial(address, { signal });
  agent.isConnected = true;
  try {
    const session = await handshakeAsKeeper(connection.duplex, {
      app,
      signer,
      signal,
      now,
      policy: async ({ claim }) => {
        const names = namesOf(claim, { app, signer });
        return names === null
          ? "app-mismatch"
          : await judge(claim, { address, known, agent }) ?? names;
      },
    });
    agent.software = session.origin.readiness.software;
    const revision = await known.revisionOf({
      component: agent.component,
      digest: encodeHex(delivery.manifest.digest),
    });
    const { files, contentBytes } = await deliverAsKeeper(session, delivery.view, {
      revision,
      manifest: delivery.manifest,
      sign: signer === null ? null : (manifest) => {
        const { claim: { app, component }, agentDigestHex } = session.origin;
        return signer.sign(
          composeManifestStatement({ ...manifest, app, component, agentDigestHex }),
        );
      },
      now,
      onProgress: (_path, bytes) => limit.extend(bytes / SEND_BYTES_PER_S * 1_000),
    });
    return { kind: "delivered", files: completeResults(files, delivery.view), contentBytes };
  } finally {
    connection.close();
  }
}

/** Serves a node of the original; nothing is known of it but its address. */
async function talkOriginal(address: AgentAddress, options: TalkOptions): Promise<AgentOutcome> {
  const { dial, known, delivery, deliveries, expectsAll, agent, limit, signal } = options;
  const name = formatAgentAddress(address);
  // Who has proved a key here before is not given files by a wire that proves nothing.
  if (known.hasKeyAt(name)) return { kind: "failed", code: "key-on-record" };
  // Most keepers never speak it.
  const original = await import("../protocol/original/mod.ts");
  const connection = await dial(address, { signal });
  agent.isConnected = true;
  try {
    const session = await original.openOriginalAsKeeper(connection.duplex, { signal });
    if (session.isNodeNewer) {
      options.logger.info("An agent that is spoken to on the original's wire offers protocol 2.", {
        address: name,
      });
    }
    const { files, contentBytes } = await original.deliverOriginalAsKeeper(session, delivery.view, {
      lastDelivered: (path) => deliveries.last(name, path),
      onDelivered: (path, digest) => deliveries.note(name, { path, digest }),
      onProgress: (_path, bytes) => limit.extend(bytes / SEND_BYTES_PER_S * 1_000),
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
    const results = expectsAll ? completeResults(files, delivery.view) : files;
    return { kind: "delivered", files: results, contentBytes };
  } finally {
    connection.close();
  }
}

type Claim = Parameters<
  Parameters<typeof handshakeAsKeeper>[1]["policy"]
>[0]["claim"];

/**
 * Returns the names that a statement to an agent has to carry, or `null` where none could be made that
 * it accepts: it composes the text from what it knows itself, so both have to know the same app.
 *
 * The agent's spelling counts, which `judge` compares with the app that was dialled for; the component
 * is what the policy approves of.
 */
function namesOf(
  { app, component }: Claim,
  keeper: Pick<SyncOptions, "app" | "signer">,
): AgentNames | null {
  const isOneUnnamed = (app === null) !== (keeper.app === null);
  return keeper.signer !== null && isOneUnnamed ? null : { app, component };
}

async function judge(
  claim: Claim,
  { address, known, agent }: {
    readonly address: AgentAddress;
    readonly known: KnownAgents;
    readonly agent: Acquaintance;
  },
): Promise<RejectionCode | null> {
  agent.fingerprint = await identityFingerprint(claim.identity.publicKey);
  agent.component = claim.component;
  agent.judgement = await known.judge({
    address: formatAgentAddress(address),
    fingerprint: agent.fingerprint,
    instance: encodeHex(claim.instance),
    app: claim.app,
    component: claim.component,
  });
  switch (agent.judgement.verdict) {
    case "trusted":
      return null;
    case "pending":
      return "agent-pending";
    case "refused":
      return agent.judgement.code;
  }
}

function outcomeOf(error: unknown, agent: Acquaintance): AgentOutcome {
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
  const { code } = error;
  return agent.isConnected ? { kind: "failed", code } : { kind: "unreachable", code };
}

/**
 * Adds the files that the vault does not hold, of which the agent may know nothing, and cuts what an
 * agent says of files that nobody offered.
 */
function completeResults(results: readonly FileResult[], view: VaultView): FileResult[] {
  const offered = new Set(view.entries.map(({ path }) => path));
  const faulty = new Set(view.faults.map(({ file }) => file.remote));
  const extra = results.filter(({ path }) => !offered.has(path) && !faulty.has(path));
  return [
    ...results.filter(({ path }) => offered.has(path)),
    ...view.faults.map(resultOfFault),
    ...extra.slice(0, MAX_EXTRA_RESULTS),
  ];
}

function resultOfFault({ file, code }: VaultFault): FileResult {
  const outcome = code === "file-missing" ? "missing" : "failed";
  return { path: file.remote, outcome, code };
}
