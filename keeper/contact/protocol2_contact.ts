/**
 * The dialogue with an agent of protocol 2: who it is, whether it is trusted, what it is given.
 *
 * @module
 */
import {
  type AgentDecision,
  type AgentIntroduction,
  type AgentNames,
  composeManifestStatement,
  deliverAsKeeper,
  type DeliveryReport,
  encodeHex,
  handshakeAsKeeper,
  identityFingerprint,
  type Session,
  verifyEnrolment,
} from "../../protocol/mod.ts";
import {
  type AuditedAgent,
  type AuditRecorder,
  recordDelivery,
  type RecordedDelivery,
} from "../audit/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import { completeResults, type SyncOptions, type TalkOptions } from "./contact.ts";
import { type LeftOut, PLAIN_TASK } from "./contact_task.ts";
import type { LevelDelivery } from "./delivery.ts";
import { SEND_BYTES_PER_S } from "../limits.ts";
import { callsOf } from "./offered_calls.ts";
import { plannedOutcome, unaskedOutcome } from "./planned_contact.ts";
import type { AgentOutcome } from "../report/report.ts";
import type { AgentContact, Judgement } from "../trust/mod.ts";

/** Serves an agent by protocol 2; what it learns of the agent is in the options, however it ends. */
export async function talkProtocol2(
  address: AgentAddress,
  options: TalkOptions,
): Promise<AgentOutcome> {
  try {
    return await inSession(address, options, (session, audit) => {
      return talk(session, address, { ...options, audit });
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
export async function inSession<T>(
  address: AgentAddress,
  options: TalkOptions,
  work: (session: Session, audit: AuditRecorder | null) => Promise<T>,
): Promise<T> {
  const { app, dial, agent, signal, now, signer } = options;
  const connection = await dial(address, { signal });
  const { audit = null } = connection;
  agent.isConnected = true;
  try {
    await audit?.ready();
    const session = await handshakeAsKeeper(connection.duplex, {
      app,
      signer,
      signal,
      now,
      policy: (introduction) => decideOnRecord(address, introduction, { ...options, audit }),
    });
    agent.software = session.origin.readiness.software;
    return await work(session, audit);
  } finally {
    connection.close();
  }
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
  const deliver = ({ source, takeResults }: RecordedDelivery) =>
    deliverAsKeeper(session, source, {
      revision,
      isPlan,
      onResults: takeResults,
      manifest: given.manifest,
      ...callsOf(session, address, options),
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
    const { hooks, contentBytes } = report;
    const files = completeResults(report.files, given);
    const { fingerprint } = agent;
    const { source: { entries }, withheld } = given;
    const drifted = options.held?.note({ address: name, fingerprint, entries, files }) ?? [];
    return { kind: "delivered", files, hooks, revision, withheld, contentBytes, drifted };
  } finally {
    watched?.end();
  }
}

/** Says why an agent that is trusted is left out all the same, `null` where it is not. */
async function findLeftOut(
  { address, component }: AgentContact,
  judgement: Judgement & { readonly verdict: "trusted" },
  { delivery, task = PLAIN_TASK }: TalkOptions,
): Promise<LeftOut | null> {
  const { isPlan = false, agreement } = task;
  if (isPlan && judgement.news?.kind === "first-use") return "unasked";
  if (agreement === undefined) return null;
  const { manifest } = await delivery.at(component, judgement.ground);
  return agreement.hasManifest(address, encodeHex(manifest.digest)) ? null : "outdated";
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

/** Decides about an agent, and puts on record where it is turned away. */
async function decideOnRecord(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: TalkOptions & { readonly audit: AuditRecorder | null },
): Promise<AgentDecision> {
  const decision = await decide(address, introduction, options);
  const agent = describeAgent(address, options);
  if (typeof decision === "string") await options.audit?.refused(agent, decision);
  else options.audit?.admitted(agent);
  return decision;
}

function describeAgent(address: AgentAddress, { app, agent }: TalkOptions): AuditedAgent {
  const { component, fingerprint, trust } = agent;
  return { app, component, address: formatAgentAddress(address), fingerprint, trust };
}

/** Decides about an agent before anything is sent to it. */
async function decide(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: TalkOptions,
): Promise<AgentDecision> {
  const { agent, known, task = PLAIN_TASK } = options;
  const { claim } = introduction;
  const names = namesOf(claim, options);
  if (names === null) return "app-mismatch";
  agent.fingerprint = await identityFingerprint(claim.identity.publicKey);
  agent.component = claim.component;
  agent.node = claim.node;
  // Who is not meant is judged by nobody, and so takes no place.
  if (task.isMeant?.(claim.component) === false) return "component-mismatch";
  if (task.agreement?.hasAgent(formatAgentAddress(address), agent.fingerprint) === false) {
    agent.leftOut = "outdated";
    return "agent-pending";
  }
  const contact: AgentContact = {
    address: formatAgentAddress(address),
    fingerprint: agent.fingerprint,
    instance: encodeHex(claim.instance),
    app: claim.app,
    component: claim.component,
    enrolment: await checkEnrolment(introduction, options),
    node: claim.node,
  };
  agent.judgement = await known.judge(contact);
  switch (agent.judgement.verdict) {
    case "trusted":
      agent.leftOut = await findLeftOut(contact, agent.judgement, options);
      if (agent.leftOut !== null) return "agent-pending";
      agent.trust = agent.judgement.ground;
      if (task.isPlan !== true) announce(contact, agent.judgement, options);
      return names;
    case "pending":
      return "agent-pending";
    case "refused":
      return agent.judgement.code;
  }
}

/** A proof says nothing to a keeper without a secret. */
async function checkEnrolment(
  { claim, transcript }: AgentIntroduction,
  { enrolmentSecret = null }: SyncOptions,
): Promise<AgentContact["enrolment"]> {
  const { enrolment, app, component, identity: { publicKey } } = claim;
  if (enrolmentSecret === null || enrolment === null) return null;
  const proven = { transcript, publicKey, app, component };
  return await verifyEnrolment(enrolmentSecret, enrolment, proven) ? "valid" : "invalid";
}

/** Tells the operator whom the keeper trusts from now on, and at whose cost. */
function announce(
  { address, fingerprint, component }: AgentContact,
  { news }: Judgement & { readonly verdict: "trusted" },
  { logger }: SyncOptions,
): void {
  const agent = { address, fingerprint, component };
  if (news?.kind === "first-use") {
    const place = `${news.place} of ${news.places}`;
    logger.info("An agent is trusted at first use.", { ...agent, place });
  }
  if (news?.kind === "enrolled") {
    const { before, replaced } = news;
    logger.info("An agent has enrolled.", { ...agent, before, replaced });
  }
}

/**
 * Returns the names that a statement to an agent has to carry, or `null` where none could be made that
 * it accepts: it composes the text from what it knows itself, so both have to know the same app.
 *
 * The agent's spelling counts, which the judgement compares with the app that was dialled for; the
 * component is what the judgement approves of.
 */
function namesOf(
  { app, component }: AgentIntroduction["claim"],
  keeper: Pick<SyncOptions, "app" | "signer">,
): AgentNames | null {
  const isOneUnnamed = (app === null) !== (keeper.app === null);
  return keeper.signer !== null && isOneUnnamed ? null : { app, component };
}
