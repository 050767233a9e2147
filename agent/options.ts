/**
 * The options of the agent program, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";

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

/** What `fluxvault-agent` can be told. */
export const AGENT_OPTIONS = defineOptions([
  ORIGINAL_WIRE,
  BIND_PORT,
  WORKING_DIR,
  STATE_DIR,
  ...OTHERS,
]);

const { default: _default, ...OPTIONAL_STATE_DIR } = STATE_DIR;

/** What `fluxvault-agent node` can be told: the same, and in the original's words. */
export const NODE_OPTIONS = defineOptions([
  { ...ORIGINAL_WIRE, aliases: ["vault"], variables: ["VAULT_NAME"] },
  { ...BIND_PORT, aliases: ["port"], variables: ["VAULT_PORT"], default: 39_898 },
  { ...WORKING_DIR, aliases: ["dir"], variables: ["VAULT_FILE_DIR"], default: "." },
  {
    ...OPTIONAL_STATE_DIR,
    help: "Where the agent keeps its identity for protocol 2; in memory where it is not given.",
  },
  ...OTHERS,
]);

/** What `fluxvault-agent identity` can be told. */
export const IDENTITY_OPTIONS = defineOptions([STATE_DIR]);
