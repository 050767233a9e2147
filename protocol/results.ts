/**
 * How each file of a delivery ended, as the agent tells the keeper (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeUtf8, joinBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import type { HookOutcome, HookResult } from "./hook_result.ts";
import { isServiceName } from "./service_line.ts";
import type { ServiceOutcome, ServiceResult } from "./service_result.ts";
import { MAX_HOOK_OUTPUT_BYTES, MAX_MANIFEST_BYTES } from "./limits.ts";
import { splitLines } from "./manifest.ts";
import { isHookName, isSignalName } from "./manifest_line.ts";
import { MessageFields } from "./message_fields.ts";
import type { ResultCounts } from "./messages.ts";
import { findPathFault } from "./secret_path.ts";

/** How one file ended. */
export type FileOutcome =
  /** It was not there and is now. */
  | "created"
  /** It was there, differed, and was replaced. */
  | "updated"
  /** Its contents were as declared, its mode or owner were not, and are now. */
  | "reowned"
  /** It was there, should not have been, and is gone. */
  | "removed"
  /** It was as declared. */
  | "unchanged"
  /** The vault does not hold it. */
  | "missing"
  /** The agent may not have it. */
  | "denied"
  /** The vault changed during the delivery; the next one brings it. */
  | "changed"
  /** It could not be delivered; what was there before is untouched. */
  | "failed";

/** How one file ended, and why. */
export interface FileResult {
  /** The path as the manifest or the agent's own list names it. */
  readonly path: string;
  /** How it ended. */
  readonly outcome: FileOutcome;
  /** The stable code of the failure, where it failed. */
  readonly code?: string;
}

const OUTCOME = /^(?:created|updated|reowned|removed|missing|denied|changed|failed)$/;
const HOOK_OUTCOME = /^(?:ran|failed|running|due|refused)$/;
const SERVICE_OUTCOME = /^(?:started|restarted|running|stopped|waiting|failed|refused)$/;
const CHANGE_ID = /^[0-9a-f]{32}$/;
const CODE = /^[a-z][a-z-]{0,63}$/;
// No control characters but newlines, and none of the separators that end a line elsewhere.
// deno-lint-ignore no-control-regex
const OUTPUT = /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]*$/;

/**
 * Counts results by the headings of DONE.
 *
 * @example
 * ```ts
 * import { countResults } from "@fluxvault/fluxvault/protocol";
 *
 * const counts = countResults([{ path: "db.password", outcome: "created" }]);
 * console.assert(counts.created === 1 && counts.failed === 0);
 * ```
 */
export function countResults(results: readonly FileResult[]): ResultCounts {
  const counts = {
    created: 0,
    updated: 0,
    reowned: 0,
    removed: 0,
    unchanged: 0,
    missing: 0,
    failed: 0,
  };
  for (const { outcome } of results) {
    if (outcome === "denied") counts.missing++;
    else if (outcome === "changed") counts.failed++;
    else counts[outcome]++;
  }
  return counts;
}

/** What an agent tells at the end of a delivery. */
export interface Results {
  /** How each file and folder ended that is not unchanged. */
  readonly files: readonly FileResult[];
  /** How the hooks stand that were due. */
  readonly hooks: readonly HookResult[];
  /** How the services stand. @default {[]} */
  readonly services?: readonly ServiceResult[];
}

function encodeService({ service, outcome, code }: ServiceResult): Record<string, unknown> {
  return { Service: service, Outcome: outcome, ...(code === undefined ? {} : { Code: code }) };
}

function encodeFile({ path, outcome, code }: FileResult): Record<string, unknown> {
  return { Path: path, Outcome: outcome, ...(code === undefined ? {} : { Code: code }) };
}

function encodeHook(result: HookResult): Record<string, unknown> {
  const { hook, outcome, changeId, attempts, exitStatus, signal, output, code } = result;
  return {
    Hook: hook,
    Outcome: outcome,
    ...(changeId === null ? {} : { Change: changeId }),
    Attempts: attempts,
    ...(exitStatus === null ? {} : { Exit: exitStatus }),
    ...(signal === null ? {} : { Signal: signal }),
    ...(output === "" ? {} : { Output: output }),
    ...(code === undefined ? {} : { Code: code }),
  };
}

/**
 * Writes the results of the files that are not `unchanged`, of the hooks and of the services, one JSON
 * object a line.
 */
export function encodeResults({ files, hooks, services = [] }: Results): Bytes {
  const lines = [
    ...files.filter(({ outcome }) => outcome !== "unchanged").map(encodeFile),
    ...hooks.map(encodeHook),
    ...services.map(encodeService),
  ];
  return joinBytes(lines.map((members) => encodeUtf8(JSON.stringify(members) + "\n")));
}

function fail(reason: string): never {
  throw new ProtocolError("message-malformed", `the agent's results cannot be read: ${reason}`);
}

function readFile(fields: MessageFields): FileResult {
  const path = fields.text("Path", /^/);
  if (findPathFault(path) !== null) fail("a path is malformed");
  const outcome = fields.text("Outcome", OUTCOME) as FileOutcome;
  const code = fields.optionalText("Code", CODE);
  return code === null ? { path, outcome } : { path, outcome, code };
}

function readHook(fields: MessageFields): HookResult {
  const hook = fields.text("Hook", /^/);
  const signal = fields.optionalText("Signal", /^/);
  if (!isHookName(hook)) fail("a hook has no proper name");
  if (signal !== null && !isSignalName(signal)) fail("a signal has no proper name");
  const output = fields.optionalText("Output", OUTPUT) ?? "";
  if (encodeUtf8(output).length > MAX_HOOK_OUTPUT_BYTES) fail("a hook tells too much");
  const code = fields.optionalText("Code", CODE);
  return {
    hook,
    outcome: fields.text("Outcome", HOOK_OUTCOME) as HookOutcome,
    changeId: fields.optionalText("Change", CHANGE_ID),
    attempts: fields.integer("Attempts", { max: 2 ** 32 - 1 }),
    exitStatus: fields.optionalInteger("Exit", { max: 255 }),
    signal,
    output,
    ...(code === null ? {} : { code }),
  };
}

function readService(fields: MessageFields): ServiceResult {
  const service = fields.text("Service", /^/);
  if (!isServiceName(service)) fail("a service has no proper name");
  const outcome = fields.text("Outcome", SERVICE_OUTCOME) as ServiceOutcome;
  const code = fields.optionalText("Code", CODE);
  return code === null ? { service, outcome } : { service, outcome, code };
}

/**
 * Reads results.
 *
 * @throws {ProtocolError} `message-malformed`.
 */
export function decodeResults(bytes: Bytes): Results {
  if (bytes.length > MAX_MANIFEST_BYTES) fail("they are too long");
  const files: FileResult[] = [];
  const hooks: HookResult[] = [];
  const services: ServiceResult[] = [];
  for (const line of splitLines(bytes, fail)) {
    const fields = MessageFields.parse(line, "a line of the agent's results");
    if (fields.has("Hook")) hooks.push(readHook(fields));
    else if (fields.has("Service")) services.push(readService(fields));
    else files.push(readFile(fields));
  }
  return { files, hooks, ...(services.length === 0 ? {} : { services }) };
}
