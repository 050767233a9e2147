/**
 * An app of a loadout as the `config` commands show it.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import { type CommandContext, formatTable, sanitiseText } from "../../../protocol/host/mod.ts";
import { formatAgentAddress } from "../../fleet/agent_address.ts";
import { disclosedSecret, secretIn } from "../../keys/disclosed_secret.ts";
import type { AppLoadout, Loadout } from "../../loadout/mod.ts";
import type { CONFIG_OPTIONS } from "../../options.ts";

/** What the `config` commands are given. */
export type ConfigContext = CommandContext<typeof CONFIG_OPTIONS>;

/** An app as JSON; the members are stable and described in the README of the loadout. */
export interface AppRecord {
  /** The file or folder of the loadout. */
  readonly loadout: string;
  /** The name of the app. */
  readonly app: string;
  /** Where it is written. */
  readonly origin: string;
  /** The folder of its sources. */
  readonly vault: string;
  /** Its agents, as `host:port`; `null` where the Flux API is asked for them. */
  readonly agents: readonly string[] | null;
  /** The components that it names. */
  readonly components: readonly string[];
  /** The names of its hooks. */
  readonly hooks: readonly string[];
  /** The names of its certificates. */
  readonly certificates: readonly string[];
  /** The names of its services. */
  readonly services: readonly string[];
  /** How many state directives are in force for some component. */
  readonly directives: number;
}

/** Describes an app. */
export function describeApp(loadout: Loadout, app: AppLoadout): AppRecord {
  const origins = [null, ...app.components]
    .flatMap((component) => app.declarationsOf(component))
    .map(({ origin }) => origin);
  return {
    loadout: loadout.path,
    app: app.app,
    origin: app.origin,
    vault: app.vaultFolder,
    agents: app.agents?.map(formatAgentAddress) ?? null,
    components: app.components,
    hooks: app.hooks.map(({ name }) => name),
    certificates: app.certificates.map(({ name }) => name),
    services: app.services.map(({ name }) => name),
    directives: new Set(origins).size,
  };
}

const MAX_CELL_LENGTH = 60;

/** Writes the apps of a loadout as a table. */
export function formatApps(loadout: Loadout): string {
  const cell = (items: readonly string[]) => {
    return sanitiseText(items.join(", ") || "-", { maxLength: MAX_CELL_LENGTH });
  };
  const rows = loadout.apps.map((app) => {
    const { components, directives, hooks, agents, vault } = describeApp(loadout, app);
    const from = agents === null ? "of the network" : cell(agents);
    return [app.app, cell(components), `${directives}`, cell(hooks), from, vault];
  });
  const columns = [
    { heading: "APP" },
    { heading: "COMPONENTS" },
    { heading: "DIRECTIVES", align: "right" },
    { heading: "HOOKS" },
    { heading: "AGENTS" },
    { heading: "VAULT" },
  ] as const;
  return formatTable(rows, { columns });
}

/** Writes the apps of a loadout, as JSON lines or as a table. */
export async function writeApps(
  { settings, stdout }: Pick<ConfigContext, "settings" | "stdout">,
  loadout: Loadout,
): Promise<void> {
  const text = settings.json
    ? loadout.apps.map((app) => `${JSON.stringify(describeApp(loadout, app))}\n`).join("")
    : formatApps(loadout);
  await stdout.write(text);
}

/**
 * Returns the only operand, if there is one.
 *
 * @throws {ConfigError} if there are more, or it is a secret, which is not repeated.
 */
export function readOperand({ operands }: ConfigContext): string | undefined {
  const [operand, ...others] = operands;
  const secret = operands.map(secretIn).find((kind) => kind !== null);
  if (secret !== undefined) throw disclosedSecret(secret);
  if (others.length > 0) {
    throw new ConfigError("one thing at a time is looked at", {
      hint: "Leave out all but the first argument.",
    });
  }
  return operand;
}
