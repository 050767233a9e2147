/** A site whose keeper goes by a loadout of one app, `demo`, with the site's vault. */
import { encodeWif, type FluxPrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import type { RunningProgram } from "./running_program.ts";
import { type KeeperRun, readKeeperRun, type Site } from "./site.ts";

/** What the loadout says. */
export interface DemoLoadout {
  /** Whom to dial; `host:port` each. */
  readonly agents: readonly string[];
  /** What every agent holds: a directive each, as YAML writes it in one line. */
  readonly directives: readonly string[];
  /** The hooks, by their names, as YAML writes each in one line. @default {{}} */
  readonly hooks?: Readonly<Record<string, string>>;
  /** The services that every agent runs, in the same way. @default {{}} */
  readonly services?: Readonly<Record<string, string>>;
  /** The key that signs. @default none */
  readonly key?: FluxPrivateKey | null;
  /** Further keys of the app, a line each. @default {[]} */
  readonly more?: readonly string[];
}

/** The arguments of an agent of the app. */
export const DEMO_AGENT = ["--app-name", "demo"] as const;

/** Writes the loadout, in place of the one before, in one step. */
export async function writeLoadout(site: Site, loadout: DemoLoadout): Promise<void> {
  const { agents, directives, hooks = {}, services = {}, key = null, more = [] } = loadout;
  const named = Object.entries(hooks);
  const served = Object.entries(services);
  const lines = [
    "version: 1",
    "apps:",
    "  demo:",
    "    vault: vault",
    `    agents: [${agents.map((agent) => JSON.stringify(agent)).join(", ")}]`,
    ...(key === null ? [] : [`    sign_with: ${zelIdOfKey(key)}`]),
    ...more.map((line) => `    ${line}`),
    ...(named.length === 0 ? [] : ["    hooks:"]),
    ...named.map(([name, hook]) => `      ${name}: ${hook}`),
    ...(served.length === 0 ? [] : ["    services:"]),
    ...served.map(([name, service]) => `      ${name}: ${service}`),
    "    groups:",
    "      all:",
    "        state_directives:",
    ...directives.map((directive) => `          - ${directive}`),
    `        services: [${Object.keys(services).join(", ")}]`,
  ];
  const path = site.path("loadout.yaml");
  await Deno.writeTextFile(`${path}.new`, `${lines.join("\n")}\n`);
  await Deno.rename(`${path}.new`, path);
}

/** How a command of the keeper is called. */
export interface DemoCommand {
  /** The words of the command. */
  readonly words: readonly string[];
  /** The key that signs, for standard input. @default none */
  readonly key?: FluxPrivateKey | null;
  /** A program and arguments that start it in their place. @default {[]} */
  readonly starter?: readonly string[];
  /** Variables of the process. @default {{}} */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Starts a command of the keeper that goes by the loadout and reports in JSON. */
export function startDemoKeeper(site: Site, command: DemoCommand): RunningProgram {
  const { words, key = null, starter = [], variables = {} } = command;
  const state = ["--state-dir", site.path("keeper-state"), "--json"];
  const args = words[0] === "status" ? state : ["--loadout", site.path("loadout.yaml"), ...state];
  return site.start("keeper", [...words, ...args], {
    starter,
    variables,
    ...(key === null ? {} : { input: `${encodeWif(key)}\n` }),
  });
}

/** Serves the app once. */
export async function deliverDemo(
  site: Site,
  options: Omit<DemoCommand, "words"> & { readonly args?: readonly string[] } = {},
): Promise<KeeperRun> {
  const { args = [], ...rest } = options;
  const keeper = startDemoKeeper(site, { words: ["run", "--run-once", ...args], ...rest });
  return readKeeperRun(await keeper.end);
}
