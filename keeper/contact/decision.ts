/**
 * Who is let in: what is decided about an agent that has said who it is, before anything is sent to it.
 *
 * @module
 */
import {
  type AgentDecision,
  type AgentIntroduction,
  type AgentNames,
  encodeHex,
  identityFingerprint,
  type RejectionCode,
  verifyEnrolment,
} from "../../protocol/mod.ts";
import type { AuditedAgent, AuditRecorder } from "../audit/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import type { AgentContact, Judgement } from "../trust/mod.ts";
import type { TalkOptions } from "./contact.ts";
import { type LeftOut, PLAIN_TASK } from "./contact_task.ts";

/** What a decision needs. */
export interface DecisionOptions extends TalkOptions {
  /** Puts on record who is turned away; `null` where nobody does. */
  readonly audit: AuditRecorder | null;
}

/** What a decision needs about an agent that is given nothing. */
export type RelayDecisionOptions =
  & Pick<DecisionOptions, "agent" | "known" | "app" | "signer" | "audit">
  & Pick<TalkOptions, "enrolmentSecret">;

/** Decides about an agent, and puts on record where it is turned away. */
export async function decideOnRecord(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: DecisionOptions,
): Promise<AgentDecision> {
  const decision = await decide(address, introduction, options);
  return await putOnRecord(decision, address, options);
}

/**
 * Decides about an agent that is given nothing and only relays to others, and puts on record where it is
 * turned away.
 */
export async function decideOnRelay(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: RelayDecisionOptions,
): Promise<AgentDecision> {
  const names = await meet(introduction, options);
  const fault = names === null ? "app-mismatch" : await findFault(address, introduction, options);
  return await putOnRecord(fault ?? names, address, options);
}

async function putOnRecord(
  decision: AgentDecision,
  address: AgentAddress,
  options: Pick<DecisionOptions, "app" | "agent" | "audit">,
): Promise<AgentDecision> {
  const agent = describeAgent(address, options);
  if (typeof decision === "string") await options.audit?.refused(agent, decision);
  else options.audit?.admitted(agent);
  return decision;
}

/** Describes an agent, as far as it is known, for the audit log. */
export function describeAgent(
  address: AgentAddress,
  { app, agent }: Pick<DecisionOptions, "app" | "agent">,
): AuditedAgent {
  const { component, fingerprint, trust } = agent;
  return { app, component, address: formatAgentAddress(address), fingerprint, trust };
}

/** Takes note of who an agent says it is; returns the names for a statement to it, or `null`. */
async function meet(
  { claim }: AgentIntroduction,
  { agent, app, signer }: Pick<DecisionOptions, "agent" | "app" | "signer">,
): Promise<AgentNames | null> {
  const names = namesOf(claim, { app, signer });
  if (names === null) return null;
  agent.fingerprint = await identityFingerprint(claim.identity.publicKey);
  agent.component = claim.component;
  agent.node = claim.node;
  return names;
}

async function decide(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: DecisionOptions,
): Promise<AgentDecision> {
  const { agent, known, relay = null, task = PLAIN_TASK } = options;
  const { claim } = introduction;
  const names = await meet(introduction, options);
  if (names === null) return "app-mismatch";
  // A primary that leads elsewhere than it says is found out before anything is noted of the key.
  const { component } = address;
  if (component !== undefined && component !== claim.component) return "component-mismatch";
  // Who is not meant is judged by nobody, and so takes no place; but who is trusted by now may relay.
  if (task.isMeant?.(claim.component) === false) {
    const mayRelay = relay !== null && await findFault(address, introduction, options) === null;
    agent.leftOut = "unmeant";
    return mayRelay ? names : "component-mismatch";
  }
  if (options.isRelayOnly === true) {
    agent.leftOut = "unmeant";
    return await findFault(address, introduction, options) ?? names;
  }
  const contact = await contactOf(address, introduction, options);
  if (task.agreement?.hasAgent(contact.address, contact.fingerprint) === false) {
    agent.leftOut = "outdated";
    return "agent-pending";
  }
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

/** Says why an agent may not relay, `null` where it may. */
async function findFault(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: RelayDecisionOptions,
): Promise<RejectionCode | null> {
  return options.known.findRelayFault(await contactOf(address, introduction, options));
}

async function contactOf(
  address: AgentAddress,
  introduction: AgentIntroduction,
  options: Pick<TalkOptions, "enrolmentSecret">,
): Promise<AgentContact> {
  const { claim } = introduction;
  return {
    address: formatAgentAddress(address),
    fingerprint: await identityFingerprint(claim.identity.publicKey),
    instance: encodeHex(claim.instance),
    app: claim.app,
    component: claim.component,
    enrolment: await checkEnrolment(introduction, options),
    node: claim.node,
  };
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

/** A proof says nothing to a keeper without a secret. */
async function checkEnrolment(
  { claim, transcript }: AgentIntroduction,
  { enrolmentSecret = null }: Pick<TalkOptions, "enrolmentSecret">,
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
  { logger }: TalkOptions,
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
  keeper: Pick<TalkOptions, "app" | "signer">,
): AgentNames | null {
  const isOneUnnamed = (app === null) !== (keeper.app === null);
  return keeper.signer !== null && isOneUnnamed ? null : { app, component };
}
