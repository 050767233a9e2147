/**
 * What the agent program is told of the other components of its app: whether it is their primary, or has
 * one.
 *
 * @module
 */
import { isAppName } from "../../protocol/mod.ts";
import { isGiven, settingError } from "../../protocol/host/mod.ts";
import type { AppIdentity } from "../app_identity.ts";
import { parsePeerRule, type PeerRule } from "../door/peer_policy.ts";
import { primaryName, type PrimaryPlace } from "../subordinate/primary.ts";
import type { ServeContext } from "./serve_context.ts";

/** What has no use without another option. */
const DEPENDENT: Readonly<Record<string, readonly string[]>> = {
  "registrar-address": ["enable-registrar"],
  "registrar-port": ["enable-registrar"],
  "registrar-key": ["enable-registrar", "subordinate"],
  "primary-agent-name": ["subordinate"],
  "primary-agent-address": ["subordinate"],
  "primary-agent-port": ["subordinate"],
  "trust-primary-agent": ["subordinate"],
  "mutual-tls": ["subordinate"],
};

/**
 * Reads whether sub-agents may register.
 *
 * @throws {ConfigError} where they could not be told from strangers.
 */
export function readsRegistrar(context: ServeContext, { app }: AppIdentity): boolean {
  const { settings: { components }, resolved } = context;
  if (components?.enableRegistrar !== true) return false;
  if (app !== null) return true;
  throw settingError(resolved, {
    name: "enable-registrar",
    problem: "needs an app: sub-agents are of the same one",
    hint: "Name the app with --app-name.",
  });
}

/**
 * Reads where the primary is.
 *
 * @returns `null` where the agent has none.
 * @throws {ConfigError} where it cannot be found, or the settings contradict each other.
 */
export function readPrimary(
  context: ServeContext,
  { app, component }: AppIdentity,
): PrimaryPlace | null {
  const { settings: { components }, resolved } = context;
  if (components === null) return null;
  checkDependent(context);
  if (!components.subordinate) return null;
  const fail = (name: string, problem: string, hint: string): never => {
    throw settingError(resolved, { name, problem, hint });
  };
  if (components.enableRegistrar) {
    fail(
      "subordinate",
      "contradicts --enable-registrar: a sub-agent has no sub-agents of its own",
      "Leave one of them out.",
    );
  }
  if (app === null || component === null) {
    const what = app === null ? "app" : "component";
    return fail(
      "subordinate",
      `needs the name of the ${what}: a sub-agent finds its primary, and registers, by its names`,
      `Name the ${what} with --${what}-name.`,
    );
  }
  const { primaryAgentName: name, primaryAgentAddress, primaryAgentPort: port } = components;
  if (primaryAgentAddress !== undefined) {
    const rule = readAddress(context, primaryAgentAddress);
    return { rule, host: primaryAgentAddress, port, isContainer: false };
  }
  if (!isAppName(name)) {
    fail("primary-agent-name", "is the name of no component", "It has letters, digits, hyphens.");
  }
  if (name.toLowerCase() === component.toLowerCase()) {
    fail(
      "primary-agent-name",
      "is the component of this agent itself",
      "Name the component that runs with --enable-registrar.",
    );
  }
  const host = primaryName(name, app);
  return { rule: { kind: "name", name: host }, host, port, isContainer: true };
}

/**
 * Reads whether a sub-agent asks for mutual TLS.
 *
 * Who may say which authority counts has to be known first, so only where keepers sign.
 *
 * @throws {ConfigError} where that is asked for, and keepers do not sign.
 */
export function readsMutualTls(
  { settings: { components, signedVaultConnections }, resolved }: ServeContext,
): boolean {
  if (components?.subordinate !== true) return false;
  if (!isGiven(resolved, "mutual-tls")) return signedVaultConnections;
  if (!components.mutualTls || signedVaultConnections) return components.mutualTls;
  throw settingError(resolved, {
    name: "mutual-tls",
    problem: "needs --signed-vault-connections: whoever comes could say which certificates count",
    hint: "Add --signed-vault-connections, or leave it out.",
  });
}

function checkDependent({ resolved, settings }: ServeContext): void {
  const { enableRegistrar, subordinate } = settings.components ?? {};
  const isOn = { "enable-registrar": enableRegistrar, "subordinate": subordinate };
  for (const [name, owners] of Object.entries(DEPENDENT)) {
    if (!isGiven(resolved, name)) continue;
    if (owners.some((owner) => isOn[owner as keyof typeof isOn] === true)) continue;
    const all = owners.map((owner) => `--${owner}`).join(" or ");
    throw settingError(resolved, {
      name,
      problem: `has no use without ${all}`,
      hint: `Add ${all}, or leave it out.`,
    });
  }
}

function readAddress({ resolved }: ServeContext, text: string): PeerRule {
  const refuse = (problem: string) =>
    settingError(resolved, {
      name: "primary-agent-address",
      problem,
      hint: "Give one address or one host name, without a port.",
    });
  let rule: PeerRule;
  try {
    rule = parsePeerRule(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(`cannot be used: ${error.message}`);
  }
  if (text.includes("/")) throw refuse("is a network");
  return rule;
}
