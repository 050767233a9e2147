/**
 * A call of an agent, put on record before it is made and after it was answered.
 *
 * @module
 */
import { encodeUtf8, FluxVaultError, sha256Digest } from "../../protocol/mod.ts";
import type { CalledAgent } from "../contact/called_agent.ts";
import { formatAgentAddress } from "../fleet/agent_address.ts";
import { AuditError } from "./log/mod.ts";
import type { AuditRecorder } from "./audit_recorder.ts";

/** How a call of one agent ended. */
export type CallEnd =
  /** It answered; `undefined` where that is nothing. */
  | { readonly kind: "answered"; readonly output: unknown }
  /** It did not, or the call was not made. */
  | { readonly kind: "failed"; readonly error: unknown };

/** What is called. */
export interface CallOrder {
  /** Who is called. */
  readonly agent: CalledAgent;
  /** The name of the action. */
  readonly action: string;
  /** What it is given, of which the audit log holds a fingerprint. */
  readonly input: unknown;
  /** The plugin that calls; the operator does where it is not given. */
  readonly plugin?: string;
}

/** The code of a call that was not made, since it cannot be put on record. */
const NOT_ON_RECORD = "audit-failed";

/** Makes a call: nothing leaves that is not on record. What the call throws is how it ended. */
export async function recordCall(
  recorder: AuditRecorder,
  { agent, action, input, plugin }: CallOrder,
  call: () => Promise<unknown>,
): Promise<CallEnd> {
  const { app, component, fingerprint, level: trust } = agent;
  const address = formatAgentAddress(agent.address);
  const by = plugin === undefined ? {} : { plugin };
  const about = { app, component, address, fingerprint, trust, action, ...by };
  let end: CallEnd;
  try {
    const print = input === undefined ? {} : { input: await printOf(input, recorder) };
    await recorder.append([{ event: "called", ...about, ...print }]);
    end = { kind: "answered", output: await call() };
  } catch (error) {
    if (error instanceof AuditError) {
      const message = "the call cannot be put on record, so it was not made";
      return { kind: "failed", error: new FluxVaultError(NOT_ON_RECORD, message) };
    }
    end = { kind: "failed", error };
  }
  const outcome = end.kind === "answered" ? {} : { code: codeOfEnd(end) };
  try {
    await recorder.append([{ event: "answer", ...about, outcome: end.kind, ...outcome }]);
  } catch (error) {
    // The log of the program has told of it, and the call was made.
    if (!(error instanceof AuditError)) throw error;
  }
  return end;
}

/** Returns the code of a call that came to nothing. */
export function codeOfEnd(end: CallEnd & { readonly kind: "failed" }): string {
  return end.error instanceof FluxVaultError ? end.error.code : "failed";
}

/** Inputs are short and may be guessed, so their digests are keyed as those of contents are. */
async function printOf(input: unknown, recorder: AuditRecorder): Promise<string> {
  return await recorder.fingerprint(await sha256Digest(encodeUtf8(JSON.stringify(input))));
}
