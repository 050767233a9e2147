/**
 * The options of the agent program, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { COMPONENT_OPTIONS } from "./component_options.ts";
import { PLUGIN_MEMORY_MB } from "./limits.ts";

const STATE_DIR = {
  name: "state-dir",
  kind: "path",
  metavar: "FOLDER",
  default: "./state",
  group: "Folders",
  help: "Where the agent keeps its identity; never inside the working folder.",
} as const;

const ORIGINAL_WIRE = {
  name: "original-wire",
  kind: "list",
  metavar: "ADDRESS",
  group: "Who may connect",
  help:
    "Addresses that may speak the wire of the original FluxVault, whose vault gives the files " +
    "that --files names; whoever is on the path can read and change them.",
} as const;

/** All that says whose signature an agent asks for. */
const SIGNATURES = [
  {
    name: "signed-vault-connections",
    kind: "boolean",
    group: "Who may connect",
    help: "Whether every keeper has to sign its connection.",
  },
  {
    name: "zelid",
    kind: "list",
    metavar: "ADDRESS",
    group: "Who may connect",
    help: "Whose signature counts; the app's owner, as the Flux network names it, by default.",
  },
  {
    name: "verify-source-address",
    kind: "boolean",
    group: "Who may connect",
    defaultText: "true where there are addresses",
    help: "Whether the source address is compared with --whitelisted-addresses.",
  },
  {
    name: "flux-api",
    kind: "list",
    metavar: "URL",
    group: "Who may connect",
    help: "The Flux APIs to ask for the app's owner; the public one where none is given.",
  },
] as const;

const ENROLL_SECRET = {
  name: "enroll-secret",
  kind: "text",
  metavar: "SECRET",
  secret: true,
  sources: ["variable"],
  group: "Name",
  help: "As a variable only: proves to the keeper that its operator started this agent.",
} as const;

const BIND_PORT = {
  name: "bind-port",
  kind: "integer",
  metavar: "PORT",
  min: 0,
  max: 65_535,
  default: 8_888,
  group: "Listening",
  help: "The port to listen on; 0 takes any that is free.",
} as const;

const WORKING_DIR = {
  name: "working-dir",
  kind: "path",
  metavar: "FOLDER",
  default: "./files",
  group: "Folders",
  help: "Where files with a relative path are put.",
} as const;

const OTHERS = [
  {
    name: "whitelisted-addresses",
    kind: "list",
    metavar: "ADDRESS",
    group: "Who may connect",
    help: "Addresses, networks (192.0.2.0/24) and host names that may talk to the agent.",
  },
  {
    name: "bind-address",
    kind: "text",
    metavar: "ADDRESS",
    default: "0.0.0.0",
    group: "Listening",
    help: "The address to listen on; :: for IPv6 and IPv4.",
  },
  {
    name: "allow-absolute",
    kind: "list",
    metavar: "FOLDER",
    group: "Folders",
    help: "Folders below which files with an absolute path may be put.",
  },
  {
    name: "require-tmpfs",
    kind: "boolean",
    group: "Folders",
    help: "Whether files may lie in memory only: what would go to a disk fails.",
  },
  {
    name: "wipe-on-exit",
    kind: "boolean",
    group: "Folders",
    help: "Whether all that was put in place is removed when the agent is stopped.",
  },
  {
    name: "files",
    kind: "list",
    metavar: "PATH",
    group: "Files",
    help: "Files to ask the keeper for, whether it offers them or not.",
  },
  {
    name: "app-name",
    kind: "text",
    metavar: "NAME",
    group: "Name",
    help: "The app that the agent belongs to; FLUX_APP_NAME by default.",
  },
  {
    name: "component-name",
    kind: "text",
    metavar: "NAME",
    group: "Name",
    help: "The component that the agent is; on a Flux node the host name by default.",
  },
] as const;

/** All that has to do with programs, which only an agent that may run them can be told. */
const APPLICATION = [
  {
    name: "allow-run",
    kind: "list",
    metavar: "PROGRAM",
    group: "Application",
    help: "Programs that hooks and services of a keeper that signs may run: absolute paths, or " +
      "names in PATH.",
  },
  {
    name: "wait-for",
    kind: "list",
    metavar: "PATH",
    group: "Application",
    defaultText: "all files of the first delivery",
    help: "Files that have to be there before the command behind -- starts.",
  },
  {
    name: "wait-timeout",
    kind: "seconds",
    min: 1,
    group: "Application",
    defaultText: "for ever",
    help: "How long to wait for them.",
  },
  {
    name: "on-change",
    kind: "choice",
    choices: [
      "none",
      "restart",
      "SIGHUP",
      "SIGINT",
      "SIGQUIT",
      "SIGTERM",
      "SIGUSR1",
      "SIGUSR2",
      "SIGWINCH",
    ],
    default: "none",
    metavar: "none|restart|SIGNAL",
    group: "Application",
    help: "What the command gets after a delivery that changed something.",
  },
  {
    name: "stop-timeout",
    kind: "seconds",
    default: 10,
    max: 3_600,
    group: "Application",
    help: "How long the command may take to end before it is killed.",
  },
  {
    name: "env",
    kind: "list",
    metavar: "NAME=PATH",
    group: "Application",
    help: "Files whose contents the command gets as variables.",
  },
  {
    name: "fd",
    kind: "list",
    metavar: "NUMBER=PATH",
    group: "Application",
    help: "Files that the command gets opened for reading, from descriptor 3 on.",
  },
  {
    name: "stdin",
    kind: "path",
    metavar: "PATH",
    group: "Application",
    help: "The file that the command gets as its standard input.",
  },
] as const;

/** All that has to do with plugins, which an agent only takes where its operator says so. */
const PLUGINS = [
  {
    name: "allow-plugins",
    kind: "boolean",
    group: "Plugins",
    help: "Whether keepers that sign may put plugins here.",
  },
  {
    name: "plugin-permissions",
    kind: "list",
    metavar: "KIND=VALUE",
    group: "Plugins",
    defaultText: "none",
    help: "What each may be allowed at most: net=HOST[:PORT], read=PATH, write=PATH, env=NAME.",
  },
  {
    name: "plugin-memory",
    kind: "integer",
    metavar: "MIB",
    min: 8,
    max: 512,
    default: PLUGIN_MEMORY_MB,
    group: "Plugins",
    help: "How much memory each may have at most.",
  },
] as const;

/** All that has to do with what is served over HTTP. */
const HTTP = [
  {
    name: "fileserver",
    kind: "boolean",
    group: "File server",
    help: "Whether the files are served over HTTP to the other containers of the app.",
  },
  {
    name: "fileserver-address",
    kind: "text",
    metavar: "ADDRESS",
    default: "0.0.0.0",
    group: "File server",
    help: "The address that it listens on; :: for IPv6 and IPv4.",
  },
  {
    name: "fileserver-port",
    kind: "integer",
    metavar: "PORT",
    min: 0,
    max: 65_535,
    default: 2_080,
    group: "File server",
    help: "The port that it listens on; 0 takes any that is free.",
  },
  {
    name: "fileserver-key",
    kind: "path",
    metavar: "PATH",
    group: "File server",
    help: "A delivered file with the key that whoever asks has to know, in place of his name.",
  },
  {
    name: "fileserver-dns",
    kind: "text",
    metavar: "ADDRESS",
    group: "File server",
    defaultText: "that of the system",
    help: "The DNS server that knows the names of the containers.",
  },
  {
    name: "fileserver-tls",
    kind: "path",
    metavar: "FOLDER",
    group: "File server",
    help:
      "A delivered folder with key.pem, chain.pem and root.pem: the files are served over mutual " +
      "TLS, to components with a certificate of that root.",
  },
  {
    name: "fileserver-tls-port",
    kind: "integer",
    metavar: "PORT",
    min: 0,
    max: 65_535,
    default: 2_443,
    group: "File server",
    help: "The port on which that is listened on; 0 takes any that is free.",
  },
  {
    name: "health-address",
    kind: "text",
    metavar: "ADDRESS",
    default: "127.0.0.1",
    group: "Health",
    help: "The address on which --health-port is listened on.",
  },
  {
    name: "health-port",
    kind: "integer",
    metavar: "PORT",
    min: 0,
    max: 65_535,
    group: "Health",
    defaultText: "none",
    help: "The port of /healthz, /readyz and /metrics; 0 takes any that is free.",
  },
] as const;

/** What `fluxvault-agent` can be told. */
export const AGENT_OPTIONS = defineOptions([
  ORIGINAL_WIRE,
  BIND_PORT,
  WORKING_DIR,
  STATE_DIR,
  ...OTHERS,
  ...SIGNATURES,
  ENROLL_SECRET,
  ...HTTP,
  ...COMPONENT_OPTIONS,
  ...APPLICATION,
  ...PLUGINS,
]);

const { default: _default, ...OPTIONAL_STATE_DIR } = STATE_DIR;

/**
 * What `fluxvault-agent node` can be told: the same but for the enrolment secret, and in the original's
 * words.
 */
export const NODE_OPTIONS = defineOptions([
  { ...ORIGINAL_WIRE, aliases: ["vault"], variables: ["VAULT_NAME"] },
  { ...BIND_PORT, aliases: ["port"], variables: ["VAULT_PORT"], default: 39_898 },
  { ...WORKING_DIR, aliases: ["dir"], variables: ["VAULT_FILE_DIR"], default: "." },
  {
    ...OPTIONAL_STATE_DIR,
    help: "Where the agent keeps its identity for protocol 2; in memory where it is not given.",
  },
  ...OTHERS,
  ...SIGNATURES,
]);

/** What `fluxvault-agent identity` can be told. */
export const IDENTITY_OPTIONS = defineOptions([STATE_DIR]);

/** What `fluxvault-agent health` can be told. */
export const HEALTH_OPTIONS = defineOptions([
  STATE_DIR,
  {
    name: "healthy-when",
    kind: "choice",
    choices: ["serving", "delivered"],
    default: "serving",
    metavar: "serving|delivered",
    group: "Health",
    help: "What is asked of it: to take keepers, or to have all that its keeper declared, too.",
  },
]);
