/**
 * What a plugin of the keeper may ask for, read as strictly as what a peer says.
 *
 * @module
 */
import {
  type Bytes,
  CallError,
  isAppName,
  type KeeperPluginContext,
  type PluginAgent,
  type PluginCertificate,
} from "../../protocol/mod.ts";
import { decodePem } from "../../protocol/certificates/mod.ts";
import { readAgentAddress } from "../fleet/agent_address.ts";

/** An agent that a plugin can call. */
export type ReachedAgent = PluginAgent;

/** What a plugin wants an agent to do. */
export interface AgentCallOrder {
  /** `host:port`, or `host:port/component` behind a primary. */
  readonly address: string;
  /** The name of the action. */
  readonly action: string;
  /** What it is given; `undefined` for nothing. */
  readonly input: unknown;
}

/** What a plugin wants certified. */
export interface SigningOrder {
  /** The app whose certificate it is. */
  readonly app: string;
  /** Its component, or `null`. */
  readonly component: string | null;
  /** The request (PKCS#10) in DER. */
  readonly request: Bytes;
  /** The names that it is to carry; those of its container where there are none. */
  readonly names: readonly string[];
  /** How long it is to live, in milliseconds; `null` where the authority decides. */
  readonly lifetimeMs: number | null;
}

/** Does what plugins ask of a keeper. */
export interface KeeperReach {
  /** Lists the agents that can be called. */
  agents(): Promise<readonly ReachedAgent[]>;
  /** Calls one agent, for a plugin. */
  call(plugin: string, order: AgentCallOrder, signal: AbortSignal): Promise<unknown>;
  /** Has the authority sign a request. */
  signRequest(order: SigningOrder): Promise<PluginCertificate>;
}

/** Answers one kind of question; its input is the list of what the plugin passed. */
type Ask = (
  input: readonly unknown[],
  context: { readonly signal: AbortSignal },
) => Promise<unknown>;

/** The names of what the context of a keeper's plugin has beside that of every plugin. */
type KeeperAsk = Exclude<keyof KeeperPluginContext, keyof PluginContextOfAll>;
type PluginContextOfAll = Omit<KeeperPluginContext, "agents" | "call" | "signRequest">;

const ACTION = /^[a-z][a-z0-9-]{0,63}$/;
const MAX_NAMES = 64;
/** How many calls of agents one plugin may have open. */
const MAX_OPEN_CALLS = 8;
const MIN_LIFETIME_S = 60;
const MAX_LIFETIME_S = 90 * 86_400;

/** Returns what a plugin may ask, by name. */
export function keeperAsks(plugin: string, reach: KeeperReach): ReadonlyMap<KeeperAsk, Ask> {
  let openCalls = 0;
  return new Map<KeeperAsk, Ask>([
    ["agents", async () => await reach.agents()],
    ["call", async (input, { signal }) => {
      const order = readCall(input);
      if (openCalls >= MAX_OPEN_CALLS) throw new CallError("busy", "too many calls are open");
      openCalls++;
      try {
        return await reach.call(plugin, order, signal) ?? null;
      } finally {
        openCalls--;
      }
    }],
    ["signRequest", async (input) => await reach.signRequest(readSigning(input))],
  ]);
}

function readCall([address, action, input]: readonly unknown[]): AgentCallOrder {
  if (typeof address !== "string" || readAgentAddress(address) === null) {
    throw malformed("an agent is named by host:port, or host:port/component");
  }
  if (typeof action !== "string" || !ACTION.test(action)) {
    throw malformed("an action is named by small letters, digits and hyphens");
  }
  return { address, action, input: input ?? undefined };
}

function readSigning([text, signing]: readonly unknown[]): SigningOrder {
  const [request, ...others] = typeof text === "string"
    ? decodePem("CERTIFICATE REQUEST", text) ?? []
    : [];
  if (request === undefined || others.length > 0) {
    throw malformed("a request for a certificate is one block of PEM");
  }
  if (typeof signing !== "object" || signing === null) throw malformed("the app is not named");
  const members = new Map<string, unknown>(Object.entries(signing));
  const app = members.get("app");
  const component = members.get("component") ?? null;
  const names = members.get("names") ?? [];
  const lifetimeS = members.get("lifetimeS") ?? null;
  if (typeof app !== "string" || !isAppName(app)) throw malformed("the app is not named");
  if (component !== null && (typeof component !== "string" || !isAppName(component))) {
    throw malformed("that is no component");
  }
  if (!isTexts(names) || names.length > MAX_NAMES) {
    throw malformed("the names are no list of texts");
  }
  if (lifetimeS !== null && !isLifetime(lifetimeS)) {
    throw malformed("a certificate lives from a minute to 90 days");
  }
  const lifetimeMs = lifetimeS === null ? null : lifetimeS * 1_000;
  return { app, component, request, names, lifetimeMs };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isLifetime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= MIN_LIFETIME_S &&
    Number(value) <= MAX_LIFETIME_S;
}

function malformed(message: string): CallError {
  return new CallError("input-malformed", message);
}
