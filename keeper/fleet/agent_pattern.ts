/**
 * Which agents a command is about: `--only shop/web,blog`.
 *
 * @module
 */
import { ConfigError, isAppName } from "../../protocol/mod.ts";
import { appKey } from "../app_name.ts";

/** An agent by its names. */
export interface NamedAgent {
  /** Its app, or `null`. */
  readonly app: string | null;
  /** Its component, or `null`. */
  readonly component: string | null;
}

/** Which agents are meant, by their app and component. */
export interface AgentPatterns {
  /** The patterns as they were written; none where all agents are meant. */
  readonly items: readonly string[];
  /** Tells whether some agents of an app, or of none, are meant. */
  hasApp(app: string | null): boolean;
  /** Tells whether an agent is meant. */
  hasAgent(agent: NamedAgent): boolean;
  /** Returns the patterns that mean none of these agents. */
  unusedBy(agents: readonly NamedAgent[]): readonly string[];
}

/** How it is written that an agent names no app or component. */
export const NO_NAME = "-";

const FORM = "Write APP or APP/COMPONENT; * stands for any characters, - for no name at all.";
const MAX_NAME_LENGTH = 63;

interface Pattern {
  readonly item: string;
  readonly app: string;
  readonly component: string | null;
}

/**
 * Reads patterns, each `APP` or `APP/COMPONENT`. Of an app the case does not count, of a component it
 * does.
 *
 * @param setting The option that they come from, for messages.
 * @throws {ConfigError} that names the one that cannot be used.
 *
 * @example
 * ```ts
 * import { parseAgentPatterns } from "@fluxvault/fluxvault/keeper";
 *
 * const only = parseAgentPatterns(["shop/web*", "blog"]);
 * console.assert(only.hasAgent({ app: "Shop", component: "web2" }));
 * console.assert(!only.hasAgent({ app: "shop", component: "db" }));
 * ```
 */
export function parseAgentPatterns(
  items: readonly string[],
  setting: string = "--only",
): AgentPatterns {
  const patterns = items.map((item) => readPattern(item, setting));
  const isAll = patterns.length === 0;
  return {
    items,
    hasApp: (app) => isAll || patterns.some((pattern) => isOfApp(pattern, app)),
    hasAgent: (agent) => isAll || patterns.some((pattern) => isMeant(pattern, agent)),
    unusedBy: (agents) =>
      patterns.filter((pattern) => !agents.some((agent) => isMeant(pattern, agent)))
        .map(({ item }) => item),
  };
}

function readPattern(item: string, setting: string): Pattern {
  const [app = "", component, ...others] = item.split("/");
  const isGood = others.length === 0 && isNamePattern(app) &&
    (component === undefined || isNamePattern(component));
  if (isGood) return { item, app, component: component ?? null };
  const problem = `${setting}: ${JSON.stringify(item)} names no app or component`;
  throw new ConfigError(problem, { setting, hint: FORM });
}

/** Tells whether a text is a name, stars in the place of some of it, or a hyphen. */
function isNamePattern(text: string): boolean {
  if (text === NO_NAME) return true;
  if (!text.includes("*")) return isAppName(text);
  return text.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9*-]+$/.test(text);
}

function isOfApp(pattern: Pattern, app: string | null): boolean {
  return matches(appKey(pattern.app), app === null ? NO_NAME : appKey(app));
}

function isMeant(pattern: Pattern, { app, component }: NamedAgent): boolean {
  const isOfComponent = pattern.component === null ||
    matches(pattern.component, component ?? NO_NAME);
  return isOfComponent && isOfApp(pattern, app);
}

/** Matches a name as a whole; takes no longer than the pattern times the name. */
function matches(pattern: string, name: string): boolean {
  let [p, n] = [0, 0];
  let [star, from] = [-1, 0];
  while (n < name.length) {
    if (pattern[p] === "*") {
      [star, from] = [p, n];
      p++;
    } else if (pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      // What the last star stands for is longer by one character.
      p = star + 1;
      n = ++from;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
