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

/** What `fluxvault-agent` can be told. */
export const AGENT_OPTIONS = defineOptions([
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
    name: "bind-port",
    kind: "integer",
    metavar: "PORT",
    min: 0,
    max: 65_535,
    default: 8_888,
    group: "Listening",
    help: "The port to listen on; 0 takes any that is free.",
  },
  {
    name: "working-dir",
    kind: "path",
    metavar: "FOLDER",
    default: "./files",
    group: "Folders",
    help: "Where files with a relative path are put.",
  },
  {
    name: "allow-absolute",
    kind: "list",
    metavar: "FOLDER",
    group: "Folders",
    help: "Folders below which files with an absolute path may be put.",
  },
  STATE_DIR,
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
]);

/** What `fluxvault-agent identity` can be told. */
export const IDENTITY_OPTIONS = defineOptions([STATE_DIR]);
