/**
 * The dialogue with an agent of protocol 2: who it is, whether it is trusted, what it is given.
 *
 * @module
 */
import {
  composeManifestStatement,
  deliverAsKeeper,
  type DeliveryReport,
  type Session,
} from "../../protocol/mod.ts";
import { type AuditRecorder, recordDelivery, type RecordedDelivery } from "../audit/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import { type AgentSessionWork, openAgentSession } from "./agent_session.ts";
import { talkByCalls } from "./calling_contact.ts";
import { completeResults, type TalkOptions } from "./contact.ts";
import { PLAIN_TASK } from "./contact_task.ts";
import { decideOnRecord, describeAgent } from "./decision.ts";
import type { LevelDelivery } from "./delivery.ts";
import { SEND_BYTES_PER_S } from "../limits.ts";
import { callsOf } from "./offered_calls.ts";
import { plannedOutcome, unaskedOutcome } from "./planned_contact.ts";
import { relayBeside, relayForUnmeant } from "../relay/relay_contact.ts";
import type { AgentOutcome } from "../report/report.ts";

/** Serves an agent by protocol 2; what it learns of the agent is in the options, however it ends. */
export async function talkProtocol2(
  address: AgentAddress,
  options: TalkOptions,
): Promise<AgentOutcome> {
  try {
    return await inSession(address, options, async (session, audit) => {
      const isUnmeant = options.agent.leftOut === "unmeant";
      if (isUnmeant) return await relayForUnmeant(session, { ...options, audit });
      const { converse } = options.task ?? PLAIN_TASK;
      if (converse !== undefined) {
        return await talkByCalls(session, address, { ...options, audit, converse });
      }
      return await talk(session, address, { ...options, audit });
    });
  } catch (error) {
    if (options.agent.leftOut !== "unasked") throw error;
    const { given, revision } = await giveTo(options);
    return unaskedOutcome(given, revision);
  }
}

/**
 * Connects to an agent, lets it in if it is trusted, and does something in the session with it; what it
 * learns of the agent is in the options.
 *
 * @throws What the work throws; what keeps the session from coming about.
 */
async function inSession<T>(
  address: AgentAddress,
  options: TalkOptions,
  work: AgentSessionWork<T>["work"],
): Promise<T> {
  return await openAgentSession(address, options, {
    decide: (introduction, audit) => {
      return decideOnRecord(address, introduction, { ...options, audit });
    },
    work,
  });
}

/** Returns what an agent is given that was let in, and the revision of it. */
async function giveTo(
  { delivery, agent, known }: TalkOptions,
): Promise<{ readonly given: LevelDelivery; readonly revision: number }> {
  const { judgement, component } = agent;
  if (judgement?.verdict !== "trusted") throw new TypeError("an agent was let in unjudged");
  const { ground, sinceMs } = judgement;
  const given = await delivery.at(component, ground);
  const revision = await known.revisionOf({ component, digest: given.declaredDigest, sinceMs });
  return { given, revision };
}

/** Delivers to an agent that was let in, or asks it what it would do. */
async function talk(
  session: Session,
  address: AgentAddress,
  options: TalkOptions & { readonly audit: AuditRecorder | null },
): Promise<AgentOutcome> {
  const { agent, limit, now, signer, app, task = PLAIN_TASK, audit } = options;
  const { isPlan = false, watch } = task;
  const { given, revision } = await giveTo(options);
  options.onGiven?.(given);
  const name = formatAgentAddress(address);
  const watched = watch?.begin(
    { address: name, app, component: agent.component },
    given.source.entries,
  );
  const { calls = null } = callsOf(session, address, options);
  const relaying = relayBeside(session, options, calls);
  const deliver = ({ source, takeResults }: RecordedDelivery) =>
    deliverAsKeeper(session, source, {
      revision,
      isPlan,
      ...(relaying.calls === null ? {} : { calls: relaying.calls }),
      onResults: (results) => {
        takeResults(results);
        relaying.onServed();
      },
      manifest: given.manifest,
      sign: signer === null ? null : (manifest) => {
        const { claim: { app, component }, agentDigestHex } = session.origin;
        return signer.sign(
          composeManifestStatement({ ...manifest, app, component, agentDigestHex }),
        );
      },
      now,
      onContents: (path, bytes) => watched?.start(path, bytes),
      onProgress: (_path, bytes) => {
        limit.extend(bytes / SEND_BYTES_PER_S * 1_000);
        watched?.send(bytes);
      },
    });
  try {
    const work = { audit, agent: describeAgent(address, options), session, revision };
    const report = await deliverOnRecord(deliver, { ...work, source: given.source });
    if (isPlan) return plannedOutcome(report, given, revision);
    const { hooks, services = [], contentBytes } = report;
    const files = completeResults(report.files, given);
    const { fingerprint } = agent;
    const { source: { entries }, withheld } = given;
    const drifted = options.held?.note({ address: name, fingerprint, entries, files }) ?? [];
    const told = services.length === 0 ? { hooks } : { hooks, services };
    return { kind: "delivered", files, ...told, revision, withheld, contentBytes, drifted };
  } finally {
    watched?.end();
  }
}

/** Delivers; where there is an audit log, nothing leaves that is not in it. */
async function deliverOnRecord(
  deliver: (parts: RecordedDelivery) => Promise<DeliveryReport>,
  work: Parameters<typeof recordDelivery>[1] & { readonly audit: AuditRecorder | null },
): Promise<DeliveryReport> {
  const { audit, source } = work;
  if (audit === null) return await deliver({ source, takeResults() {} });
  return await recordDelivery(audit, work, deliver);
}
