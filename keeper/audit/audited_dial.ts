/**
 * Connections over which nothing is given that is not on record.
 *
 * @module
 */
import type { Dial } from "../contact/contact.ts";
import { PROTOCOL_2, type WireChoice } from "../contact/wire.ts";
import type { AuditRecorder } from "./audit_recorder.ts";

/** The options of {@linkcode auditDial}. */
export interface AuditDialOptions {
  /** Which wire is spoken with whom. @default {PROTOCOL_2} */
  readonly wires?: WireChoice;
}

/**
 * Connects like another function, and has what is given over each connection put on record.
 *
 * Nodes on the original's wire are not dialled while nothing can be put on record: what they are given
 * is told afterwards.
 *
 * @example
 * ```ts
 * import {
 *   auditDial,
 *   AuditRecorder,
 *   createContentsFingerprint,
 *   type Dial,
 *   MemoryAuditLog,
 * } from "@fluxvault/fluxvault/keeper";
 * import { duplexPair } from "@fluxvault/fluxvault/protocol";
 *
 * const fingerprint = await createContentsFingerprint(crypto.getRandomValues(new Uint8Array(32)));
 * const audit = new AuditRecorder(new MemoryAuditLog(), { fingerprint });
 * const [keeperEnd] = duplexPair();
 * const dial: Dial = () => Promise.resolve({ duplex: keeperEnd, close() {} }); // Or `dialAgent`.
 * const audited = auditDial(dial, audit); // For `new Keeper({ dial: audited, ... })`.
 * const { signal } = new AbortController();
 * const connection = await audited({ host: "192.0.2.7", port: 8888 }, { signal });
 * console.assert(connection.audit === audit && connection.duplex === keeperEnd);
 * ```
 */
export function auditDial(
  dial: Dial,
  audit: AuditRecorder,
  options: AuditDialOptions = {},
): Dial {
  const { wires = PROTOCOL_2 } = options;
  return async (address, dialOptions) => {
    if (wires.wireOf(address) === "original") await audit.ready();
    const connection = await dial(address, dialOptions);
    return {
      duplex: connection.duplex,
      close: (reason) => connection.close(reason),
      audit,
    };
  };
}
