/**
 * The line of a manifest about a service: a program that the agent runs (spec, section 8).
 *
 * @module
 */
import {
  MAX_SERVICE_HEALTH_S,
  MAX_SERVICE_MEMORY_MB,
  MAX_SERVICE_RETRIES,
  MAX_SERVICE_STOP_S,
  MAX_SERVICE_VARIABLES,
  MAX_SERVICE_WATCHES,
} from "./limits.ts";
import { ProtocolError } from "./errors.ts";
import { LINE_NAME, type Members, readCommand, SIGNAL_NAME } from "./line_members.ts";
import type { Service, ServiceHealth, ServiceRestart } from "./manifest_entry.ts";
import type { MessageFields } from "./message_fields.ts";
import { compareUtf8 } from "./text_order.ts";

const RESTART = /^(?:always|on-failure|never)$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** What begins so is the agent's own. */
const RESERVED_VARIABLE = /^fluxvault_/i;
/** A variable and its value, or the path of its file. */
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]{0,127}=[^\0]*$/;
const ANY_TEXT = /^/;

/** Tells whether a text can name a service. */
export function isServiceName(text: string): boolean {
  return LINE_NAME.test(text);
}

/**
 * Says what is wrong with the name of a variable of a service, or `null`; it ends a sentence.
 *
 * @example
 * ```ts
 * import { findVariableFault } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(findVariableFault("LOG_LEVEL") === null);
 * console.assert(findVariableFault("log-level") === "is no name of a variable");
 * ```
 */
export function findVariableFault(name: string): string | null {
  if (!VARIABLE.test(name)) return "is no name of a variable";
  return RESERVED_VARIABLE.test(name) ? "begins as those of the agent do" : null;
}

/** Says what of a service contradicts itself, or `null`; paths are looked at elsewhere. */
export function findServiceFault(service: Service): string | null {
  const { name, variables, fileVariables, watches } = service;
  if (!isServiceName(name)) return "has no proper name";
  const names = [...variables.keys(), ...fileVariables.keys()];
  if (names.length > MAX_SERVICE_VARIABLES) return "has too many variables";
  if (new Set(names).size < names.length) return "has a variable twice";
  if (names.some((one) => findVariableFault(one) !== null)) return "has a variable of no good name";
  return watches.length > MAX_SERVICE_WATCHES ? "watches too many paths" : null;
}

/** Returns the members of the line of a service. */
export function serviceMembers(service: Service): Members {
  const { name, command, folder, restart, stopSignal, stopTimeoutS, memoryMb, health } = service;
  const members: Members = { Kind: "service", Name: name, Run: command };
  if (folder !== null) members["Folder"] = folder;
  const variables = assignmentsOf(service.variables);
  if (variables.length > 0) members["Env"] = variables;
  const fileVariables = assignmentsOf(service.fileVariables);
  if (fileVariables.length > 0) members["EnvFiles"] = fileVariables;
  members["Restart"] = restart;
  members["StopSignal"] = stopSignal;
  members["StopS"] = stopTimeoutS;
  if (memoryMb !== null) members["MemoryMb"] = memoryMb;
  if (health !== null) {
    members["Health"] = health.command;
    members["HealthEveryS"] = health.intervalS;
    members["HealthTimeoutS"] = health.timeoutS;
    members["HealthRetries"] = health.retries;
  }
  const watches = [...new Set(service.watches)].sort(compareUtf8);
  if (watches.length > 0) members["Watch"] = watches;
  return members;
}

/** The names hold ASCII alone, so the order of the platform is that of the bytes. */
function assignmentsOf(variables: ReadonlyMap<string, string>): string[] {
  return [...variables].sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => {
    return `${name}=${value}`;
  });
}

/**
 * Reads the line of a service.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function readService(fields: MessageFields): Service {
  return {
    name: fields.text("Name", LINE_NAME),
    command: readProgram(fields, "Run"),
    folder: fields.optionalText("Folder", ANY_TEXT),
    variables: readAssignments(fields, "Env"),
    fileVariables: readAssignments(fields, "EnvFiles"),
    restart: fields.text("Restart", RESTART) as ServiceRestart,
    stopSignal: fields.text("StopSignal", SIGNAL_NAME),
    stopTimeoutS: fields.integer("StopS", { min: 1, max: MAX_SERVICE_STOP_S }),
    memoryMb: fields.optionalInteger("MemoryMb", { min: 1, max: MAX_SERVICE_MEMORY_MB }),
    health: readHealth(fields),
    watches: fields.has("Watch")
      ? fields.texts("Watch", { pattern: ANY_TEXT, max: MAX_SERVICE_WATCHES })
      : [],
  };
}

function readHealth(fields: MessageFields): ServiceHealth | null {
  if (!fields.has("Health")) return null;
  return {
    command: readProgram(fields, "Health"),
    intervalS: fields.integer("HealthEveryS", { min: 1, max: MAX_SERVICE_HEALTH_S }),
    timeoutS: fields.integer("HealthTimeoutS", { min: 1, max: MAX_SERVICE_HEALTH_S }),
    retries: fields.integer("HealthRetries", { min: 1, max: MAX_SERVICE_RETRIES }),
  };
}

function readProgram(fields: MessageFields, name: string): readonly string[] {
  const command = readCommand(fields, name);
  if (command !== null) return command;
  throw new ProtocolError("message-malformed", "a service cannot run what it names");
}

function readAssignments(fields: MessageFields, name: string): ReadonlyMap<string, string> {
  if (!fields.has(name)) return new Map();
  const items = fields.texts(name, { pattern: ASSIGNMENT, max: MAX_SERVICE_VARIABLES });
  if (!items.every((item) => item.isWellFormed())) {
    throw new ProtocolError("message-malformed", "a variable of a service is no Unicode");
  }
  return new Map(items.map((item) => {
    const at = item.indexOf("=");
    return [item.slice(0, at), item.slice(at + 1)];
  }));
}
