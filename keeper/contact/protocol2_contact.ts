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
import { SEND_BYTES_PER_S } from "../limits.ts";
import type { AgentOutcome } from "../report/report.ts";
import type { AgentContact, Judgement } from "../trust/mod.ts";

/** Serves an agent by protocol 2; what it learns of the agent is in the options, however it ends. */
export async function talkProtocol2(
  address: AgentAddress,
  options: TalkOptions,
): Promise<AgentOutcome> {
  const { app, dial, known, delivery, agent, limit, signal, now, signer } = options;
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
    const { judgement } = agent;
    if (judgement?.verdict !== "trusted") throw new TypeError("an agent was let in unjudged");
    const given = await delivery.at(agent.component, judgement.ground);
    options.onGiven?.(given);
    const revision = await known.revisionOf({
      component: agent.component,
      digest: given.declaredDigest,
      sinceMs: judgement.sinceMs,
    });
    const deliver = ({ source, takeResults }: RecordedDelivery) =>
      deliverAsKeeper(session, source, {
        revision,
        onResults: takeResults,
        manifest: given.manifest,
        sign: signer === null ? null : (manifest) => {
          const { claim: { app, component }, agentDigestHex } = session.origin;
          return signer.sign(
            composeManifestStatement({ ...manifest, app, component, agentDigestHex }),
          );
        },
        now,
        onProgress: (_path, bytes) => limit.extend(bytes / SEND_BYTES_PER_S * 1_000),
      });
    const { files, hooks, contentBytes } = await deliverOnRecord(deliver, {
      audit,
      agent: describeAgent(address, options),
      session,
      revision,
      source: given.source,
    });
    const { withheld } = given;
    return {
      kind: "delivered",
      files: completeResults(files, given),
      hooks,
      revision,
      withheld,
      contentBytes,
    };
  } finally {
    connection.close();
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
  const { agent, known } = options;
  const { claim } = introduction;
  const names = namesOf(claim, options);
  if (names === null) return "app-mismatch";
  agent.fingerprint = await identityFingerprint(claim.identity.publicKey);
  agent.component = claim.component;
  agent.node = claim.node;
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
      agent.trust = agent.judgement.ground;
      announce(contact, agent.judgement, options);
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
