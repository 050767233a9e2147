/**
 * `fluxvault-keeper audit`: what the keeper put on record.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  settingError,
  storageError,
} from "../../protocol/host/mod.ts";
import { formatAuditLine } from "../audit/reading/audit_text.ts";
import { MAX_LINE_BYTES } from "../audit/limits.ts";
import { type AuditVerdict, decodeAuditLine, splitLines, verifyAudit } from "../audit/mod.ts";
import { findAuditLog } from "../audit/run_audit.ts";
import { isSameApp } from "../app_name.ts";
import { openStateFolder } from "./opened_state_folder.ts";
import type { AUDIT_SHOW_OPTIONS, AUDIT_VERIFY_OPTIONS } from "../options.ts";

type ShowContext = CommandContext<typeof AUDIT_SHOW_OPTIONS>;
type VerifyContext = CommandContext<typeof AUDIT_VERIFY_OPTIONS>;

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Checks the chain of a log, and the signatures in it. */
export async function verify(context: VerifyContext): Promise<number> {
  const { settings, resolved, stdout } = context;
  const { expect } = settings;
  if (expect !== undefined && !HASH.test(expect)) {
    throw settingError(resolved, {
      name: "expect",
      problem: "is no hash of a line: 64 characters of lower-case hex",
      hint: "Give a hash that `audit verify` has printed before.",
    });
  }
  const path = readPath(context);
  const verdict = await verifyAudit(await openLog(path), { expected: expect ?? null });
  const isGood = verdict.fault === null && verdict.isExpectedFound !== false;
  await stdout.write(
    settings.json
      ? `${JSON.stringify({ path, good: isGood, ...describeVerdict(verdict) })}\n`
      : formatVerdict(verdict, { path, expected: expect }),
  );
  return isGood ? EXIT_DONE : EXIT_FAILURE;
}

function describeVerdict(verdict: AuditVerdict): Record<string, unknown> {
  const { end: { seq, hash }, fault, signed, unsigned, torn, isExpectedFound } = verdict;
  return { seq, hash, fault, signed, unsigned, torn, expectedFound: isExpectedFound };
}

function formatVerdict(
  verdict: AuditVerdict,
  { path, expected }: { readonly path: string; readonly expected: string | undefined },
): string {
  const { end, fault, signed, unsigned, torn, isExpectedFound } = verdict;
  const lines = fault === null
    ? [`${path}: every line follows the one before it.`]
    : [`${path}: broken at line ${fault.line}: ${fault.problem}.`];
  lines.push(
    fault === null
      ? `The last line is number ${end.seq}, with the hash ${end.hash}`
      : `The last good line is number ${end.seq}, with the hash ${end.hash}`,
    `Results that their agents signed: ${signed}; unsigned: ${unsigned}`,
  );
  if (torn.length > 0) lines.push(`Writes that were cut off are named in: ${torn.join(", ")}`);
  if (isExpectedFound !== null) {
    lines.push(`The hash ${expected} is ${isExpectedFound ? "in it" : "NOT in it"}.`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Shows the lines of a log. */
export async function show(context: ShowContext): Promise<number> {
  const { settings, logger, stdout, signal } = context;
  const sinceMs = readSince(context);
  const { appName } = settings;
  let number = 0;
  for await (const { bytes } of splitLines(await openLog(readPath(context)), MAX_LINE_BYTES)) {
    signal.throwIfAborted();
    number++;
    const line = bytes === null ? null : decodeAuditLine(bytes);
    if (bytes === null || line === null) {
      logger.warn("A line is none of an audit log; `audit verify` says more.", { line: number });
      continue;
    }
    const { app } = line;
    const isOfApp = appName === undefined || (typeof app === "string" && isSameApp(app, appName));
    if (!isOfApp || Date.parse(line.time) < sinceMs) continue;
    const text = settings.json ? new TextDecoder().decode(bytes) : formatAuditLine(line);
    await stdout.write(`${text}\n`);
  }
  return EXIT_DONE;
}

function readSince({ settings: { since }, resolved }: ShowContext): number {
  if (since === undefined) return -Infinity;
  const ms = TIME.test(since) ? Date.parse(since) : NaN;
  if (!Number.isNaN(ms)) return ms;
  throw settingError(resolved, {
    name: "since",
    problem: "is no time",
    hint: "Write 2030-01-31 or 2030-01-31T12:00:00Z.",
  });
}

function readPath(context: ShowContext | VerifyContext): string {
  const [path, ...others] = context.operands;
  if (others.length > 0) throw new ConfigError("one file at a time is looked at");
  if (path !== undefined) return path;
  const { auditLog } = context.settings;
  return auditLog ?? findAuditLog({ stateFolder: openStateFolder(context), auditLog });
}

async function openLog(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    const file = await Deno.open(path);
    return file.readable;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw storageError(error, `read ${JSON.stringify(path)}`);
    }
    throw new ConfigError(`there is no audit log ${JSON.stringify(path)}`, {
      hint: "Name the file, or the --state-dir or --audit-log of the keeper that writes it.",
    });
  }
}
