/**
 * The keeper program as data: its commands and their options.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { type Command, defineCommand, type Program } from "../protocol/host/mod.ts";
import { AUTHORITY_COMMANDS } from "./authority_commands.ts";
import { ACTIONS_OPTIONS, CALL_OPTIONS } from "./call_options.ts";
import { PLUGIN_COMMANDS } from "./plugin_commands.ts";
import { APPLY_OPTIONS, PLAN_OPTIONS, STATUS_OPTIONS } from "./fleet_options.ts";
import { SERVICE_COMMANDS } from "./service_commands.ts";
import {
  AGENTS_OPTIONS,
  AUDIT_SHOW_OPTIONS,
  AUDIT_VERIFY_OPTIONS,
  CONFIG_OPTIONS,
  DECIDE_OPTIONS,
  ENROLMENT_OPTIONS,
  IMPORT_OPTIONS,
  KEYS_OPTIONS,
  RUN_OPTIONS,
  SINGLE_APP_OPTIONS,
  VAULT_OPTIONS,
} from "./options.ts";

const RUN = {
  summary: "Serves the agents of an app: each ends up with exactly the files it should hold.",
  options: RUN_OPTIONS,
  service: true,
  load: () => import("./commands/run_command.ts"),
} as const;

/** The commands about what agents would be given, are given, and hold. */
const FLEET_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["plan"],
    summary: "Asks every agent what a delivery would do, and does nothing: 0 nothing to do, 3 " +
      "changes, 1 trouble.",
    options: PLAN_OPTIONS,
    load: () => import("./commands/plan_command.ts"),
  }),
  defineCommand({
    path: ["apply"],
    summary: "Shows what a delivery would do, asks, and does that and nothing else.",
    options: APPLY_OPTIONS,
    load: () => import("./commands/apply_command.ts"),
  }),
  defineCommand({
    path: ["status"],
    summary: "Shows how each agent stood at the last contact: 0 if all hold what they should.",
    options: STATUS_OPTIONS,
    load: () => import("./commands/status_command.ts"),
  }),
  defineCommand({
    path: ["wipe"],
    summary: "Has the agents of an app remove all that they were ever given.",
    operands: "[APP[/COMPONENT]]",
    options: APPLY_OPTIONS,
    load: () => import("./commands/wipe_command.ts"),
  }),
];

/** The commands about what agents can do. */
const CALL_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["call"],
    summary:
      "Has agents do something, and shows what each answers: 0 if all did, else 1; 2 if none " +
      "knows the action or takes the input.",
    operands: "APP[/COMPONENT] ACTION [KEY=TEXT|KEY:=JSON...]",
    options: CALL_OPTIONS,
    load: () => import("./commands/calls/call_command.ts"),
  }),
  defineCommand({
    path: ["actions"],
    summary: "Lists what can be called of the agents in reach, and what it takes.",
    operands: "[APP[/COMPONENT]]",
    options: ACTIONS_OPTIONS,
    load: () => import("./commands/calls/actions_command.ts"),
  }),
];

const LIST = {
  summary: "Lists the agents that are known, and those that wait for approval.",
  options: AGENTS_OPTIONS,
  load: () => import("./commands/agents/list_command.ts"),
} as const;

/** The commands about the agents that are known. */
const AGENTS_COMMANDS: readonly Command[] = [
  defineCommand({ path: ["agents"], ...LIST }),
  defineCommand({ path: ["agents", "list"], ...LIST }),
  defineCommand({
    path: ["agents", "show"],
    summary: "Shows all that is known of an agent, and its fingerprint to be read aloud.",
    operands: "FINGERPRINT|ADDRESS...",
    options: AGENTS_OPTIONS,
    load: () => import("./commands/agents/show_command.ts"),
  }),
  defineCommand({
    path: ["agents", "approve"],
    summary: "Approves agents: pending ones, or by its whole fingerprint one not seen yet.",
    operands: "FINGERPRINT...",
    options: DECIDE_OPTIONS,
    load: async () => {
      const { recordCommand } = await import("./audit/recorded_command.ts");
      const { approve } = await import("./commands/agents/decide_command.ts");
      return { run: recordCommand("agents approve", approve) };
    },
  }),
  defineCommand({
    path: ["agents", "forget"],
    summary: "Forgets agents: each is new the next time it is seen.",
    operands: "FINGERPRINT|ADDRESS...",
    options: DECIDE_OPTIONS,
    load: async () => {
      const { recordCommand } = await import("./audit/recorded_command.ts");
      const { forget } = await import("./commands/agents/decide_command.ts");
      return { run: recordCommand("agents forget", forget) };
    },
  }),
  defineCommand({
    path: ["agents", "export"],
    summary: "Writes trusted agents to standard output, for another keeper; it holds no secret.",
    operands: "[FINGERPRINT|ADDRESS...]",
    options: AGENTS_OPTIONS,
    load: async () => ({
      run: (await import("./commands/agents/transfer_command.ts")).exportAgents,
    }),
  }),
  defineCommand({
    path: ["agents", "import"],
    summary: "Trusts the agents that another keeper exported, each for the reason that it had.",
    operands: "FILE|-",
    options: IMPORT_OPTIONS,
    load: async () => {
      const { recordCommand } = await import("./audit/recorded_command.ts");
      const { importAgents } = await import("./commands/agents/transfer_command.ts");
      return { run: recordCommand("agents import", importAgents) };
    },
  }),
];

/** The commands about the audit log. */
const AUDIT_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["audit", "show"],
    summary: "Shows what was given to whom, when, at which level of trust, with what result.",
    operands: "[FILE]",
    options: AUDIT_SHOW_OPTIONS,
    load: async () => ({ run: (await import("./commands/audit_command.ts")).show }),
  }),
  defineCommand({
    path: ["audit", "verify"],
    summary: "Checks that no line of the audit log was changed or taken out, but for its end.",
    operands: "[FILE]",
    options: AUDIT_VERIFY_OPTIONS,
    load: async () => ({ run: (await import("./commands/audit_command.ts")).verify }),
  }),
];

const LIST_CONFIG = {
  summary: "Shows which loadout is remembered, with its apps and components.",
  options: CONFIG_OPTIONS,
  load: async () => ({ run: (await import("./commands/config/load_command.ts")).list }),
} as const;

/** The commands about the loadout. */
const CONFIG_COMMANDS: readonly Command[] = [
  defineCommand({ path: ["config"], ...LIST_CONFIG }),
  defineCommand({ path: ["config", "list"], ...LIST_CONFIG }),
  defineCommand({
    path: ["config", "check"],
    summary: "Checks a loadout, and whether its sources are in the vault; changes nothing.",
    operands: "[FILE|FOLDER]",
    options: CONFIG_OPTIONS,
    load: async () => ({ run: (await import("./commands/config/load_command.ts")).check }),
  }),
  defineCommand({
    path: ["config", "load"],
    summary: "Checks a loadout and remembers where it is, for commands that are given none.",
    operands: "FILE|FOLDER",
    options: CONFIG_OPTIONS,
    load: async () => ({ run: (await import("./commands/config/load_command.ts")).load }),
  }),
  defineCommand({
    path: ["config", "unload"],
    summary: "Forgets which loadout is meant; the loadout itself stays.",
    options: CONFIG_OPTIONS,
    load: async () => ({ run: (await import("./commands/config/load_command.ts")).unload }),
  }),
  defineCommand({
    path: ["config", "show"],
    summary: "Shows what each component is to hold, and where in the loadout that is written.",
    operands: "[APP[/COMPONENT]]",
    options: CONFIG_OPTIONS,
    load: () => import("./commands/config/show_command.ts"),
  }),
  defineCommand({
    path: ["config", "schema"],
    summary: "Writes the JSON schema of loadouts to standard output, for an editor.",
    options: CONFIG_OPTIONS,
    load: () => import("./commands/config/schema_command.ts"),
  }),
];

const LIST_KEYS = {
  summary: "Lists the keys and enrolment secrets that are stored, and where.",
  options: KEYS_OPTIONS,
  load: async () => ({ run: (await import("./commands/keys_command.ts")).listKeys }),
} as const;

/** The commands about the key that a keeper signs with. */
const KEYS_COMMANDS: readonly Command[] = [
  defineCommand({ path: ["keys"], ...LIST_KEYS }),
  defineCommand({ path: ["keys", "list"], ...LIST_KEYS }),
  defineCommand({
    path: ["keys", "create"],
    summary: "Makes a key for the keeper alone, stores it, and says who has to know its address.",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/keys_command.ts")).createKey }),
  }),
  defineCommand({
    path: ["keys", "add"],
    summary: "Stores a key that there is; it is asked for, or read from standard input.",
    operands: "ADDRESS",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/keys_command.ts")).addKey }),
  }),
  defineCommand({
    path: ["keys", "show"],
    summary: "Shows where a key is stored, and how agents are told of it; never the key itself.",
    operands: "ADDRESS",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/keys_command.ts")).showKey }),
  }),
  defineCommand({
    path: ["keys", "remove"],
    summary: "Removes a key for good.",
    operands: "ADDRESS",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/keys_command.ts")).removeKey }),
  }),
  defineCommand({
    path: ["keys", "export"],
    summary: "Writes a private key, in WIF, to standard output.",
    operands: "ADDRESS",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/keys_command.ts")).exportKey }),
  }),
];

/** The commands about the secrets by which a keeper knows the agents of an app. */
const ENROLMENT_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["enrolment", "create"],
    summary: "Makes the enrolment secret of an app, and shows it once, for the app's environment.",
    operands: "APP",
    options: ENROLMENT_OPTIONS,
    load: async () => ({ run: (await import("./commands/enrolment_command.ts")).createEnrolment }),
  }),
  defineCommand({
    path: ["enrolment", "add"],
    summary: "Stores an enrolment secret that there is; it is asked for, or read from standard " +
      "input.",
    operands: "APP",
    options: ENROLMENT_OPTIONS,
    load: async () => ({ run: (await import("./commands/enrolment_command.ts")).addEnrolment }),
  }),
  defineCommand({
    path: ["enrolment", "export"],
    summary: "Writes an enrolment secret to standard output.",
    operands: "APP",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/enrolment_command.ts")).exportEnrolment }),
  }),
  defineCommand({
    path: ["enrolment", "remove"],
    summary: "Removes an enrolment secret for good.",
    operands: "APP",
    options: KEYS_OPTIONS,
    load: async () => ({ run: (await import("./commands/enrolment_command.ts")).removeEnrolment }),
  }),
];

/** What `fluxvault-keeper` can do. */
export const KEEPER_PROGRAM: Program = {
  name: "fluxvault-keeper",
  leadingWord: "keeper",
  parseConfig: async (text) => (await import("./config_text.ts")).parseConfig(text),
  configFormat: "YAML",
  version: config.version,
  summary: "Finds the agents of an app and gives each the secret files that it should hold.",
  commands: [
    defineCommand({ path: [], ...RUN }),
    defineCommand({ path: ["run"], ...RUN }),
    defineCommand({
      path: ["run-single-app"],
      summary: "Serves one app, with components, groups and strategies by the original's flags.",
      operands: "APP [COMPONENT[:GROUP]...]",
      options: SINGLE_APP_OPTIONS,
      service: true,
      load: () => import("./commands/single_app_command.ts"),
    }),
    defineCommand({
      path: ["vault"],
      summary: "Takes the command line and the variables of the original's vault, and its wire.",
      options: VAULT_OPTIONS,
      load: () => import("./commands/vault_command.ts"),
    }),
    ...FLEET_COMMANDS,
    ...CALL_COMMANDS,
    ...SERVICE_COMMANDS,
    ...AGENTS_COMMANDS,
    ...AUDIT_COMMANDS,
    ...CONFIG_COMMANDS,
    ...KEYS_COMMANDS,
    ...ENROLMENT_COMMANDS,
    ...AUTHORITY_COMMANDS,
    ...PLUGIN_COMMANDS,
  ],
};
