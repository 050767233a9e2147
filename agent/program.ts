/**
 * The agent program as data: its commands and their options.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { defineCommand, type Program } from "../protocol/host/mod.ts";
import { FETCH_OPTIONS } from "./fetch_options.ts";
import { AGENT_OPTIONS, HEALTH_OPTIONS, IDENTITY_OPTIONS, NODE_OPTIONS } from "./options.ts";

/** The agent program as data. */
export const AGENT_PROGRAM: Program = {
  name: "fluxvault-agent",
  leadingWord: "agent",
  version: config.version,
  summary: "Receives an application's secret files from its keeper and puts them in place.",
  commands: [
    defineCommand({
      path: [],
      summary: "Listens for keepers and receives what they deliver.",
      rest: "COMMAND ARG...",
      options: AGENT_OPTIONS,
      service: true,
      load: () => import("./commands/serve_command.ts"),
    }),
    defineCommand({
      path: ["node"],
      summary: "Takes the command line and the variables of the original's node, and its wire.",
      operands: "FILE...",
      options: NODE_OPTIONS,
      service: true,
      load: () => import("./commands/node_command.ts"),
    }),
    defineCommand({
      path: ["identity"],
      summary: "Prints the fingerprint by which keepers know this agent.",
      options: IDENTITY_OPTIONS,
      load: () => import("./commands/identity_command.ts"),
    }),
    defineCommand({
      path: ["health"],
      summary: "Asks the agent that runs here how it is: 0 if it takes keepers, else 1.",
      options: HEALTH_OPTIONS,
      load: () => import("./commands/health_command.ts"),
    }),
    defineCommand({
      path: ["fetch"],
      summary: "Gets a file from another agent's file server, and waits for it where told to.",
      operands: "URL",
      options: FETCH_OPTIONS,
      load: () => import("./commands/fetch_command.ts"),
    }),
  ],
};
