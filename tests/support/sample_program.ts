/** A program with a service, nested commands and a secret, for the tests of what reads a program. */
import { defineOptions } from "../../protocol/host/command_line/option_table.ts";
import {
  type CommandContext,
  defineCommand,
  type Program,
} from "../../protocol/host/command_line/program.ts";

const OPTIONS = defineOptions([
  {
    name: "bind-port",
    kind: "integer",
    min: 1,
    max: 65_535,
    default: 8888,
    aliases: ["port"],
    group: "Listening",
    help: "The port to listen on.",
  },
  {
    name: "trust",
    kind: "choice",
    choices: ["approve", "first-use"],
    help: "Which agents' keys to trust.",
  },
  { name: "interval", kind: "seconds", default: 300, help: "The time between two passes." },
  { name: "agent-ips", kind: "list", help: "Agents to dial." },
  { name: "signing-secret", kind: "text", secret: true, help: "Never shown anywhere." },
]);

const NODE_OPTIONS = defineOptions([
  { name: "port", kind: "integer", variables: ["VAULT_PORT"], help: "The port to dial." },
  { name: "vault", kind: "text", help: "The machine to dial." },
  { name: "dir", kind: "path", help: "Where files go." },
]);

/** Returns the program; `seen` receives what each of its commands is given. */
export function sampleProgram(seen: CommandContext[] = []): Program {
  const module = {
    run(context: CommandContext): Promise<number> {
      seen.push(context);
      return Promise.resolve(0);
    },
  };
  return {
    name: "fluxvault-sample",
    leadingWord: "sample",
    version: "1.2.3",
    summary: "Delivers samples to whoever wants them.",
    commands: [
      defineCommand({
        path: [],
        summary: "Serves until it is stopped.",
        options: OPTIONS,
        service: true,
        load: () => Promise.resolve(module),
      }),
      defineCommand({
        path: ["agents", "list"],
        summary: "Lists the agents.",
        options: [],
        load: () => Promise.resolve(module),
      }),
      defineCommand({
        path: ["agents", "approve"],
        summary: "Approves agents.",
        operands: "AGENT...",
        options: [],
        load: () => Promise.resolve(module),
      }),
      defineCommand({
        path: ["node"],
        summary: "Fetches files.",
        operands: "FILE...",
        options: NODE_OPTIONS,
        load: () => Promise.resolve(module),
      }),
      defineCommand({
        path: ["stop-half-way"],
        summary: "Rejects with the reason of its signal.",
        options: [],
        load: () => Promise.resolve({ run: (context) => Promise.reject(context.signal.reason) }),
      }),
      defineCommand({
        path: ["stop-service"],
        summary: "Rejects with the reason of its signal, as a service.",
        options: [],
        service: true,
        load: () => Promise.resolve({ run: (context) => Promise.reject(context.signal.reason) }),
      }),
      defineCommand({
        path: ["fail-to-load"],
        summary: "Cannot be loaded.",
        options: [],
        load: () => Promise.reject(new TypeError("no such module")),
      }),
    ],
  };
}
