/**
 * Lists of results and their counts: section 8, step 7.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Failure, require } from "./failure.ts";
import { type Fields, hexOf, isAbsent, MAX_UINT32, numberOf, textOf, wordOf } from "./json.ts";
import { isPath } from "./members.ts";

/** What became of a file or folder. */
export type Outcome = keyof typeof COUNTED;

const COUNTED = {
  created: "Created",
  updated: "Updated",
  reowned: "Reowned",
  removed: "Removed",
  missing: "Missing",
  denied: "Missing",
  changed: "Failed",
  failed: "Failed",
} as const;

/** One line about a file or folder. */
export interface Result {
  /** Which. */
  readonly Path: string;
  /** What became of it. */
  readonly Outcome: Outcome;
  /** Why it failed. */
  readonly Code?: string;
}

/** One line about a hook. */
export interface HookResult {
  /** Its name. */
  readonly Hook: string;
  /** How it stands. */
  readonly Outcome: typeof HOOK_OUTCOMES[number];
  /** The change that it tells of. */
  readonly Change?: string;
  /** How often it ran. */
  readonly Attempts: number;
  /** The exit status of the last run. */
  readonly Exit?: number;
  /** The signal that ended it. */
  readonly Signal?: string;
  /** What it wrote last. */
  readonly Output?: string;
  /** Why it failed. */
  readonly Code?: string;
}

/** One line about a service. */
export interface ServiceResult {
  /** Its name. */
  readonly Service: string;
  /** How it stands. */
  readonly Outcome: typeof SERVICE_OUTCOMES[number];
  /** Why. */
  readonly Code?: string;
}

const SERVICE_OUTCOMES = [
  ...["started", "restarted", "running", "stopped", "waiting", "failed", "refused"] as const,
] as const;

const HOOK_OUTCOMES = ["ran", "failed", "running", "due", "refused"] as const;

/** The numbers of DONE. */
export interface Counts {
  /** New files and folders. */
  Created: number;
  /** Replaced files. */
  Updated: number;
  /** Files and folders whose mode or owner was set right. */
  Reowned: number;
  /** Files and folders that are gone. */
  Removed: number;
  /** Files and folders that were right already. */
  Unchanged: number;
  /** Files that the keeper did not give. */
  Missing: number;
  /** What could not be put in place. */
  Failed: number;
}

/** Counts results. */
export function countResults(results: readonly Result[], unchanged: number): Counts {
  const counts = {
    Created: 0,
    Updated: 0,
    Reowned: 0,
    Removed: 0,
    Unchanged: unchanged,
    Missing: 0,
    Failed: 0,
  };
  for (const { Outcome } of results) counts[COUNTED[Outcome]]++;
  return counts;
}

/** Composes the stream behind DONE. */
export function composeResults(
  results: readonly (Result | HookResult | ServiceResult)[],
): Buffer {
  return Buffer.from(results.map((result) => `${JSON.stringify(result)}\n`).join(""));
}

const CODE = /^[a-z][a-z-]{0,63}$/;
// deno-lint-ignore no-control-regex
const OUTPUT = /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]*$/;

function readFile(fields: Fields): Result {
  require(isPath(textOf(fields, "Path")), "message-malformed", "Path");
  wordOf(fields, "Outcome", Object.keys(COUNTED));
  return fields as unknown as Result;
}

function readHook(fields: Fields): HookResult {
  require(/^[a-z0-9][a-z0-9-]{0,62}$/.test(textOf(fields, "Hook")), "message-malformed", "Hook");
  wordOf(fields, "Outcome", HOOK_OUTCOMES);
  if (!isAbsent(fields.Change)) hexOf(fields, "Change", 16);
  numberOf(fields, "Attempts", MAX_UINT32);
  if (!isAbsent(fields.Exit)) numberOf(fields, "Exit", 255);
  const signal = isAbsent(fields.Signal) ? "SIGHUP" : textOf(fields, "Signal");
  require(/^SIG[A-Z][A-Z0-9]{0,15}$/.test(signal), "message-malformed", "Signal");
  const output = isAbsent(fields.Output) ? "" : textOf(fields, "Output");
  const isTold = OUTPUT.test(output) && Buffer.byteLength(output) <= 1792;
  require(isTold, "message-malformed", "Output");
  return fields as unknown as HookResult;
}

function readService(fields: Fields): ServiceResult {
  require(/^[a-z0-9][a-z0-9-]{0,62}$/.test(textOf(fields, "Service")), "message-malformed", "name");
  wordOf(fields, "Outcome", SERVICE_OUTCOMES);
  return fields as unknown as ServiceResult;
}

/** What an agent tells of a delivery. */
export interface Told {
  /** Files and folders. */
  readonly results: Result[];
  /** Hooks. */
  readonly hooks: HookResult[];
  /** Services. */
  readonly services: ServiceResult[];
}

/** Reads it. */
export function parseResults(bytes: Buffer): Told {
  const text = bytes.toString();
  require(text === "" || text.endsWith("\n"), "message-malformed", "results");
  const results: Result[] = [];
  const hooks: HookResult[] = [];
  const services: ServiceResult[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    require(Buffer.byteLength(line) < 4096, "message-malformed", "a long line");
    let fields: Fields;
    try {
      fields = JSON.parse(line);
      require(typeof fields === "object" && fields !== null, "message-malformed", "a result");
    } catch {
      throw new Failure("message-malformed", "a result");
    }
    if (!isAbsent(fields.Code)) require(CODE.test(textOf(fields, "Code")), "message-malformed");
    if (fields.Hook !== undefined) hooks.push(readHook(fields));
    else if (fields.Service !== undefined) services.push(readService(fields));
    else results.push(readFile(fields));
  }
  require(isOneEach(results.map(({ Path }) => Path)), "message-unexpected", "two lines of a path");
  require(isOneEach(hooks.map(({ Hook }) => Hook)), "message-unexpected", "two lines of a hook");
  const names = services.map(({ Service }) => Service);
  require(isOneEach(names), "message-unexpected", "two lines of a service");
  return { results, hooks, services };
}

function isOneEach(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
