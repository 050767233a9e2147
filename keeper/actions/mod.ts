/**
 * Actions at a keeper: what agents may call there, and what is called of agents beside the passes.
 *
 * @module
 */
export type { CalledAgent, CallsOfAgent } from "../contact/called_agent.ts";
export type { CallContact, CallTask } from "../contact/contact_task.ts";
export type { Conversation } from "./agent_conversation.ts";
export type {
  ActionAudience,
  AgentCallContext,
  KeeperActionOptions,
  KeeperActionRegistration,
} from "./offered_actions.ts";
