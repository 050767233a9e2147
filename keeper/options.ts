/**
 * The options of the keeper, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";

const VAULT = "Vault";
const FLEET = "Agents";
const TRUST = "Trust";
const PASSES = "Passes";

/** The name of an app; its help is that of each command. */
export const APP_NAME = {
  name: "app-name",
  kind: "text",
  metavar: "NAME",
  group: FLEET,
} as const;

/** The folder of state. */
export const STATE_DIR = {
  name: "state-dir",
  kind: "path",
  metavar: "FOLDER",
  group: TRUST,
  help: "The folder that remembers agents; $XDG_STATE_HOME/fluxvault where it is not given.",
} as const;

const AUDIT = "Audit log";

/** The audit log. */
export const AUDIT_LOG = {
  name: "audit-log",
  kind: "path",
  metavar: "FILE",
  group: AUDIT,
  help: "The file to which is added what is given to whom; audit.jsonl in the folder of state " +
    "where it is not given.",
} as const;

const VAULT_DIR = {
  name: "vault-dir",
  kind: "path",
  metavar: "FOLDER",
  group: VAULT,
  help: "The folder that holds the secret files.",
} as const;

const LOADOUT = {
  name: "loadout",
  kind: "path",
  metavar: "FILE|FOLDER",
  group: "Loadout",
  help: "What each component of each app is to hold: a file for many apps, or a folder with a " +
    "folder for each app and fluxvault.yaml in it; what `config load` remembered where it is not " +
    "given.",
} as const;

const RUN_APP_NAME = {
  ...APP_NAME,
  help: "The app whose agents to find through the Flux API; with --agent-ips, the app that " +
    "these must belong to.",
} as const;

const AGENT_IPS = {
  name: "agent-ips",
  kind: "list",
  metavar: "HOST[:PORT],...",
  group: FLEET,
  help: "Serve these agents only, without asking the Flux API.",
} as const;

const COMMS_PORT = {
  name: "comms-port",
  kind: "integer",
  min: 1,
  max: 65_535,
  default: 8_888,
  group: FLEET,
  help: "The port of agents whose address names none.",
} as const;

const FLUX_API = {
  name: "flux-api",
  kind: "list",
  metavar: "URL,...",
  group: FLEET,
  help: "The Flux APIs to ask, in turn; the public one where none is given.",
} as const;

const CONCURRENCY = {
  name: "concurrency",
  kind: "integer",
  min: 1,
  max: 1_024,
  default: 32,
  group: PASSES,
  help: "How many agents are served at a time.",
} as const;

const KEYS = "Keys";

/** Where a new secret is kept. */
export const KEY_STORE = {
  name: "key-store",
  kind: "choice",
  choices: ["auto", "system", "file"],
  default: "auto",
  group: KEYS,
  help:
    "Where a new key is kept: by the system (Secret Service, keychain, credential locker), or " +
    "in a file that is encrypted with a passphrase. auto is the system where it works.",
} as const;

const PLUGINS = "Plugins";

/** The plugins of a keeper, and what they may do. */
const PLUGIN_OPTIONS = defineOptions([
  {
    name: "plugin",
    kind: "list",
    metavar: "FILE,...",
    group: PLUGINS,
    help: "Packages of plugins that run in this keeper (plugin build).",
  },
  {
    name: "plugin-permissions",
    kind: "list",
    metavar: "KIND=VALUE,...",
    group: PLUGINS,
    help: "What these plugins may do at most, of what each asks for: net=HOST[:PORT], read=PATH, " +
      "write=PATH or env=NAME each; nothing where it is not given.",
  },
]);

const MANAGED_FILES = {
  name: "managed-files",
  kind: "list",
  metavar: "LOCAL[:REMOTE],...",
  group: VAULT,
  help:
    "Which files and folders of the vault go where; REMOTE is relative to the agent's working folder, " +
    "or absolute, and keeps the name where it ends in /.",
} as const;

const REQUIRE = {
  name: "require",
  kind: "list",
  metavar: "LEVEL|LOCAL=LEVEL,...",
  group: TRUST,
  help: "How far an agent must be trusted to be given the managed files, or one of them: " +
    "first-use, approved or enrolled.",
} as const;

/** What the commands have in common that serve a fleet for as long as they run. */
export const SERVE_OPTIONS = defineOptions([
  AGENT_IPS,
  COMMS_PORT,
  FLUX_API,
  {
    name: "wire",
    kind: "list",
    metavar: "2|original|HOST[:PORT]=...",
    group: FLEET,
    help: "What is spoken, with all agents or with one: protocol 2, or the wire of the original " +
      "FluxVault, on which whoever is on the path can read and change every file.",
  },
  {
    name: "trust",
    kind: "choice",
    choices: ["approve", "first-use", "pinned"],
    group: TRUST,
    help: "What happens to an agent with a new key: it waits for your approval, is trusted at " +
      "once (a rogue that is faster gets the files), or is turned away. first-use with " +
      "--agent-ips, else approve.",
  },
  {
    name: "first-use-limit",
    kind: "integer",
    min: 1,
    max: 10_000,
    metavar: "COUNT",
    group: TRUST,
    help: "How many agents --trust first-use may trust at most; as many as --agent-ips names, or " +
      "as the app has instances on the network, where it is not given.",
  },
  STATE_DIR,
  AUDIT_LOG,
  {
    name: "sign-connections",
    kind: "boolean",
    group: KEYS,
    help: "Sign every connection with the key of --zelid, for agents that ask for it.",
  },
  {
    name: "zelid",
    aliases: ["signing-address"],
    kind: "text",
    metavar: "ADDRESS",
    group: KEYS,
    help:
      "The address whose key signs. The key is a credential of the service, a stored one (keys " +
      "add), or asked for.",
  },
  KEY_STORE,
  {
    name: "polling-interval",
    kind: "seconds",
    min: 1,
    default: 300,
    group: PASSES,
    help: "How often every agent is served.",
  },
  {
    name: "discovery-interval",
    kind: "seconds",
    min: 1,
    default: 60,
    group: PASSES,
    help: "How often to look for new agents, which are served at once.",
  },
  {
    name: "run-once",
    kind: "boolean",
    group: PASSES,
    help: "Serve every agent once and stop: 0 if each has what it should have, else 1.",
  },
  {
    name: "watch",
    kind: "boolean",
    default: true,
    group: PASSES,
    help: "Bring changes of the vault at once; --no-watch leaves them to the next pass.",
  },
  CONCURRENCY,
  ...PLUGIN_OPTIONS,
]);

/** The options of `run`. */
export const RUN_OPTIONS = defineOptions([
  LOADOUT,
  {
    ...VAULT_DIR,
    default: "./vault",
    help: "The folder that holds the secret files; or one with a folder for each app, in which " +
      "fluxvault.yaml says what goes where.",
  },
  MANAGED_FILES,
  RUN_APP_NAME,
  ...SERVE_OPTIONS,
  REQUIRE,
]);

/** The options of `run-single-app`: the original's words for those that it had. */
export const SINGLE_APP_OPTIONS = defineOptions([
  { ...VAULT_DIR, default: "./vault" },
  {
    name: "state-directives",
    kind: "list",
    metavar: "LOCAL[:REMOTE][:S|A|C][@COMPONENT|@GROUP],...",
    group: VAULT,
    help:
      "Which files and folders of the vault go where, and to whom: S (STRICT) is exactly what " +
      "the vault holds, A (ALLOW_ADDS) lets others be beside it, C (ENSURE_CREATED) is made once.",
  },
  {
    name: "remote-workdir",
    kind: "text",
    metavar: "FOLDER",
    group: VAULT,
    help: "The folder on the agents that relative REMOTE paths begin at.",
  },
  ...SERVE_OPTIONS,
]);

/** The options of `vault`: the original's words for those that it had. */
export const VAULT_OPTIONS = defineOptions([
  { ...VAULT_DIR, aliases: ["dir"], variables: ["VAULT_FILE_DIR"] },
  { ...RUN_APP_NAME, aliases: ["app"], variables: ["VAULT_APP"] },
  { ...AGENT_IPS, aliases: ["ip"] },
  { ...COMMS_PORT, aliases: ["port"], variables: ["VAULT_PORT"], default: 39_898 },
  FLUX_API,
  STATE_DIR,
  AUDIT_LOG,
  CONCURRENCY,
]);

/** The options of the commands about known agents, but for `agents import`. */
export const AGENTS_OPTIONS = defineOptions([
  { ...APP_NAME, help: "Only agents of this app." },
  STATE_DIR,
]);

/** The options of `agents approve` and `agents forget`. */
export const DECIDE_OPTIONS = defineOptions([...AGENTS_OPTIONS, AUDIT_LOG]);

/** The options of `agents import`. */
export const IMPORT_OPTIONS = defineOptions([
  ...DECIDE_OPTIONS,
  {
    name: "as",
    kind: "choice",
    choices: ["approved"],
    sources: ["flag"],
    group: TRUST,
    help: "Take all agents of the file for approved that it trusts at first use alone.",
  },
  {
    name: "replace",
    kind: "boolean",
    sources: ["flag"],
    group: TRUST,
    help: "Let an agent of the file take the place of another key at its address.",
  },
]);

/** The options of `keys` and `enrolment`. */
export const KEYS_OPTIONS = defineOptions([
  KEY_STORE,
  {
    name: "yes",
    kind: "boolean",
    sources: ["flag"],
    group: KEYS,
    help: "Do what was asked for without asking back.",
  },
  {
    ...STATE_DIR,
    group: KEYS,
    help: "The folder with the list of keys and the encrypted files; $XDG_STATE_HOME/fluxvault " +
      "where it is not given.",
  },
]);

/** The options of the commands that store an enrolment secret. */
export const ENROLMENT_OPTIONS = defineOptions([
  ...KEYS_OPTIONS,
  {
    name: "replace",
    kind: "boolean",
    sources: ["flag"],
    group: KEYS,
    help: "Put the secret in the place of the one that is stored for the app.",
  },
]);

/** The options of `audit verify`. */
export const AUDIT_VERIFY_OPTIONS = defineOptions([
  STATE_DIR,
  AUDIT_LOG,
  {
    name: "expect",
    kind: "text",
    metavar: "HASH",
    sources: ["flag"],
    group: AUDIT,
    help: "The hash of a line, noted down elsewhere, that must be in the log.",
  },
]);

/** The options of `audit show`. */
export const AUDIT_SHOW_OPTIONS = defineOptions([
  { ...APP_NAME, help: "Only lines about this app." },
  STATE_DIR,
  AUDIT_LOG,
  {
    name: "since",
    kind: "text",
    metavar: "TIME",
    sources: ["flag"],
    group: AUDIT,
    help: "Only lines from this time on: 2030-01-31, or 2030-01-31T12:00:00Z.",
  },
]);

/** The options of `config`. */
export const CONFIG_OPTIONS = defineOptions([
  LOADOUT,
  {
    ...STATE_DIR,
    group: LOADOUT.group,
    help: "The folder that remembers which loadout is meant; $XDG_STATE_HOME/fluxvault where it " +
      "is not given.",
  },
]);
