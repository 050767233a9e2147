/**
 * The keeper program as data: its commands and their options.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { defineCommand, type Program } from "../protocol/host/mod.ts";
import { AGENTS_OPTIONS, RUN_OPTIONS, VAULT_OPTIONS } from "./options.ts";

const RUN = {
  summary: "Serves the agents of an app: each ends up with exactly the files it should hold.",
  options: RUN_OPTIONS,
  service: true,
  load: () => import("./run_command.ts"),
} as const;

const LIST = {
  summary: "Lists the agents that are known, and those that wait for approval.",
  options: AGENTS_OPTIONS,
  load: async () => ({ run: (await import("./agents_command.ts")).listAgents }),
} as const;

/** What `fluxvault-keeper` can do. */
export const KEEPER_PROGRAM: Program = {
  name: "fluxvault-keeper",
  leadingWord: "keeper",
  parseConfig: async (text) => (await import("yaml")).parse(text),
  configFormat: "YAML",
  version: config.version,
  summary: "Finds the agents of an app and gives each the secret files that it should hold.",
  commands: [
    defineCommand({ path: [], ...RUN }),
    defineCommand({ path: ["run"], ...RUN }),
    defineCommand({
      path: ["vault"],
      summary: "Takes the command line and the variables of the original's vault, and its wire.",
      options: VAULT_OPTIONS,
      load: () => import("./vault_command.ts"),
    }),
    defineCommand({ path: ["agents"], ...LIST }),
    defineCommand({ path: ["agents", "list"], ...LIST }),
    defineCommand({
      path: ["agents", "approve"],
      summary: "Approves agents: pending ones, or by its whole fingerprint one not seen yet.",
      operands: "FINGERPRINT|ADDRESS...",
      options: AGENTS_OPTIONS,
      load: async () => ({ run: (await import("./agents_command.ts")).approve }),
    }),
    defineCommand({
      path: ["agents", "forget"],
      summary: "Forgets agents: each is new the next time it is seen.",
      operands: "FINGERPRINT|ADDRESS...",
      options: AGENTS_OPTIONS,
      load: async () => ({ run: (await import("./agents_command.ts")).forget }),
    }),
  ],
};
