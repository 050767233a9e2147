/**
 * The lines of services: section 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { require } from "./failure.ts";
import { type Check, command, hookName, matching, path, text, whole } from "./members.ts";

/** A service. */
export interface ServiceLine {
  /** Tells what the line is. */
  readonly Kind: "service";
  /** Its name. */
  readonly Name: string;
  /** The program. */
  readonly Run: readonly string[];
  /** Where it runs. */
  readonly Folder?: string;
  /** Variables. */
  readonly Env?: readonly string[];
  /** Variables from files. */
  readonly EnvFiles?: readonly string[];
  /** When it is started again. */
  readonly Restart: "always" | "on-failure" | "never";
  /** What asks it to end. */
  readonly StopSignal: string;
  /** How long that may take. */
  readonly StopS: number;
  /** How much memory it may use. */
  readonly MemoryMb?: number;
  /** The program that tells whether it is well. */
  readonly Health?: readonly string[];
  /** How often. */
  readonly HealthEveryS?: number;
  /** How long that may take. */
  readonly HealthTimeoutS?: number;
  /** How often in vain. */
  readonly HealthRetries?: number;
  /** What it is started again for. */
  readonly Watch?: readonly string[];
}

const variableName = /^(?!fluxvault_)[a-z_][a-z0-9_]{0,127}$/i;

/** Assignments in ascending order of their names, each once. */
function assignments(isValue: Check): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length < 1 || value.length > 64) return false;
    const parts = value.map((item) => /^([^=]*)=([^]*)$/.exec(String(item)));
    return parts.every((part, i) =>
      part !== null && typeof value[i] === "string" && variableName.test(part[1] ?? "") &&
      isValue(part[2]) && (i === 0 || (parts[i - 1]?.[1] ?? "") < (part[1] ?? ""))
    );
  };
}

const plain: Check = (value) =>
  typeof value === "string" && value.isWellFormed() && !value.includes("\0");
const watches: Check = (value) =>
  Array.isArray(value) && value.length >= 1 && value.length <= 64 &&
  value.every((item, i) =>
    path(item) && (i === 0 || Buffer.compare(Buffer.from(value[i - 1]), Buffer.from(item)) < 0)
  );

/** The members of its line in their order; a question mark is for those that may be absent. */
export const SERVICE_MEMBERS: readonly (readonly [string, Check])[] = [
  ["Kind", text],
  ["Name", hookName],
  ["Run", command],
  ["Folder?", path],
  ["Env?", assignments(plain)],
  ["EnvFiles?", assignments(path)],
  ["Restart", matching(/^(always|on-failure|never)$/)],
  ["StopSignal", matching(/^SIG[A-Z][A-Z0-9]{0,15}$/)],
  ["StopS", whole(1, 300)],
  ["MemoryMb?", whole(1, 1_048_576)],
  ["Health?", command],
  ["HealthEveryS?", whole(1, 3600)],
  ["HealthTimeoutS?", whole(1, 3600)],
  ["HealthRetries?", whole(1, 100)],
  ["Watch?", watches],
];

/** Looks at what the members of a service are to each other. */
export function checkService(line: ServiceLine): void {
  const { Env = [], EnvFiles = [], Health } = line;
  const names = [...Env, ...EnvFiles].map((item) => item.split("=")[0]);
  const isOnce = new Set(names).size === names.length && names.length <= 64;
  require(isOnce, "manifest-malformed", "variables of a service");
  for (const member of [line.HealthEveryS, line.HealthTimeoutS, line.HealthRetries]) {
    const isWhole = (member === undefined) === (Health === undefined);
    require(isWhole, "manifest-malformed", "the health of a service");
  }
}
