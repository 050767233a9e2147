/**
 * The commands about the services that agents run.
 *
 * @module
 */
import { type Command, defineCommand } from "../protocol/host/mod.ts";
import { SERVICE_LOGS_OPTIONS, SERVICE_OPTIONS } from "./service_options.ts";

/** The commands about services. */
export const SERVICE_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["service", "list"],
    summary: "Shows how the services of the agents in reach stand: 0 if all run as they should.",
    operands: "[APP[/COMPONENT]]",
    options: SERVICE_OPTIONS,
    load: async () => ({ run: (await import("./commands/services/list_command.ts")).run }),
  }),
  defineCommand({
    path: ["service", "logs"],
    summary:
      "Prints the last that a service wrote: up to 64 KiB of it, which agents keep in memory.",
    operands: "APP[/COMPONENT] NAME",
    options: SERVICE_LOGS_OPTIONS,
    load: async () => ({ run: (await import("./commands/services/logs_command.ts")).run }),
  }),
  ...([
    ["restart", "Has agents stop a service and start it again."],
    ["stop", "Has agents stop a service, until it is started or its definition changes."],
    ["start", "Has agents start a service that does not run."],
  ] as const).map(([verb, summary]) =>
    defineCommand({
      path: ["service", verb],
      summary,
      operands: "APP[/COMPONENT] NAME",
      options: SERVICE_OPTIONS,
      load: async () => ({
        run: (await import("./commands/services/turn_command.ts")).turn(verb),
      }),
    })
  ),
];
