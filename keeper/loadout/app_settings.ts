/**
 * The settings of an app in a loadout: which agents it has, and how they are spoken to and trusted.
 *
 * @module
 */
import { FluxClient, isZelId } from "../../flux/mod.ts";
import { ConfigError } from "../../protocol/mod.ts";
import { parseWires, type WireChoice } from "../contact/wire.ts";
import {
  type AgentAddress,
  formatAgentAddress,
  parseAgentAddress,
} from "../fleet/agent_address.ts";
import { DEFAULT_COMMS_PORT } from "../limits.ts";
import type { TrustPolicy } from "../trust/mod.ts";
import { dropUndefined } from "./directive.ts";
import { MAX_INTERVAL_S } from "./limits.ts";
import type { Mapping } from "./mapping.ts";
import { type Problems, quoted } from "./problems.ts";

/** The keys of an app that are about its agents. */
export const SETTING_KEYS = [
  "agents",
  "flux_api",
  "port",
  "wire",
  "trust",
  "first_use_limit",
  "sign_with",
  "polling_interval",
  "discovery_interval",
] as const;

/** What may happen to an agent with a new key. */
export const TRUST_POLICIES: readonly TrustPolicy[] = ["approve", "first-use", "pinned"];

/** Which agents an app has, and how they are spoken to and trusted; what is not said is not there. */
export interface AppSettings {
  /** Its agents; `null` where the Flux API is asked for them. */
  readonly agents: readonly AgentAddress[] | null;
  /** The Flux APIs to ask, in turn; none where the loadout names none. */
  readonly fluxApi: readonly string[];
  /** The port of agents whose address names none; 8888 where the loadout does not say. */
  readonly port: number;
  /** Which wire is spoken with whom, as the items of `--wire`; none where all speak protocol 2. */
  readonly wire: readonly string[];
  /** What happens to an agent with a new key. */
  readonly trust?: TrustPolicy;
  /** How many agents may be trusted at first use. */
  readonly firstUseLimit?: number;
  /** The address whose key signs connections and manifests. */
  readonly signWith?: string;
  /** How often every agent is served, in seconds. */
  readonly pollingIntervalS?: number;
  /** How often new agents are looked for, in seconds. */
  readonly discoveryIntervalS?: number;
}

/** Reads the settings of an app. */
export function readSettings(mapping: Mapping, problems: Problems): AppSettings {
  const port = mapping.integer("port", { min: 1, max: 65_535 }) ?? DEFAULT_COMMS_PORT;
  const agents = readAgents(mapping, { port, problems });
  const fluxApi = readFluxApi(mapping, problems);
  const { wire, choice } = readWire(mapping, problems);
  const interval = { min: 1, max: MAX_INTERVAL_S };
  const settings = {
    agents,
    fluxApi,
    port,
    wire,
    ...dropUndefined({
      trust: mapping.choice("trust", TRUST_POLICIES),
      firstUseLimit: mapping.integer("first_use_limit", { min: 1, max: 10_000 }),
      signWith: readSigner(mapping),
      pollingIntervalS: mapping.duration("polling_interval", interval),
      discoveryIntervalS: mapping.duration("discovery_interval", interval),
    }),
  };
  if (choice.isOriginalOnly) refuseOnOriginal(mapping);
  return settings;
}

function readAgents(
  mapping: Mapping,
  { port, problems }: { readonly port: number; readonly problems: Problems },
): readonly AgentAddress[] | null {
  const hint = 'Write a list of HOST or HOST:PORT: ["203.0.113.20", "203.0.113.21:8888"].';
  const items = mapping.textList("agents", hint);
  if (items === undefined) return null;
  const value = mapping.value("agents");
  if (value?.kind === "list" && value.items.length === 0) {
    const problem = "names no agent";
    mapping.refuse("agents", problem, `${hint} Or leave it out: then the Flux API is asked.`);
  }
  if (mapping.has("flux_api")) {
    mapping.refuse("flux_api", "has no use beside agents", "Leave one of them out.");
  }
  const byName = new Map<string, AgentAddress>();
  for (const { text, place } of items) {
    const address = tryConfig(() => {
      const fault = (problem: string, hint: string) => {
        return new ConfigError(`${quoted(text)} ${problem}`, { hint });
      };
      return parseAgentAddress(text, { defaultPort: port, fault });
    }, (problem, hint) => problems.add(place, `the agent ${problem}`, hint));
    if (address === null) continue;
    const name = formatAgentAddress(address);
    if (byName.has(name)) {
      problems.add(place, `the agent ${name} stands twice`, "Name each agent once.");
    }
    byName.set(name, address);
  }
  return [...byName.values()];
}

/** Runs a parser of a setting's text, and passes on what it says. */
function tryConfig<T>(parse: () => T, note: (problem: string, hint: string) => void): T | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    note(error.message.replace(/^--[a-z-]+: /, ""), error.hint ?? "Correct it.");
    return null;
  }
}

function readFluxApi(mapping: Mapping, problems: Problems): readonly string[] {
  const hint = "Write http:// or https:// addresses without user, query or fragment.";
  const items = readOneOrMore(mapping, "flux_api", hint);
  return items.filter(({ text, place }) => {
    try {
      new FluxClient({ baseUrls: [text] });
      return true;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      problems.add(place, `flux_api holds ${quoted(text)}, which is no address of an API`, hint);
      return false;
    }
  }).map(({ text }) => text);
}

/** Reads a text, or a list of them. */
function readOneOrMore(mapping: Mapping, key: string, hint: string): ReturnType<TextList> {
  const value = mapping.value(key);
  if (value?.kind !== "list") {
    const text = mapping.text(key, hint);
    return text === undefined ? [] : [{ text, place: value?.place ?? mapping.place }];
  }
  const items = mapping.textList(key, hint) ?? [];
  if (value.items.length === 0) mapping.refuse(key, "is an empty list", `${hint} Or leave it out.`);
  return items;
}
type TextList = () => NonNullable<ReturnType<Mapping["textList"]>>;

function readWire(
  mapping: Mapping,
  problems: Problems,
): { readonly wire: readonly string[]; readonly choice: WireChoice } {
  const hint = "Write 2 or original for all agents, or a list with HOST=original for single ones.";
  const value = mapping.value("wire");
  // The number 2 is what the wire is called.
  const items = value?.kind === "number" && value.written === "2"
    ? [{ text: "2", place: value.place }]
    : readOneOrMore(mapping, "wire", hint);
  const good: string[] = [];
  let choice = parseWires(good);
  for (const { text, place } of items) {
    const next = tryConfig(() => parseWires([...good, text]), (problem) => {
      problems.add(place, `wire: ${problem}`, hint);
    });
    if (next === null) continue;
    choice = next;
    good.push(text);
  }
  return { wire: good, choice };
}

function readSigner(mapping: Mapping): string | undefined {
  const hint = "Write the address of a key: `keys list` shows those that are stored.";
  const text = mapping.text("sign_with", hint);
  if (text === undefined || isZelId(text)) return text;
  return mapping.refuse("sign_with", `is ${quoted(text)}, which is no address of a key`, hint);
}

function refuseOnOriginal(mapping: Mapping): void {
  for (const key of ["trust", "first_use_limit", "sign_with"]) {
    if (!mapping.has(key)) continue;
    mapping.refuse(
      key,
      "has no use where all agents are served by the original's wire",
      "Nothing is proved or signed there. Leave it out, or serve them by protocol 2.",
    );
  }
}
