/**
 * What an agent signed of a delivery, as the audit log keeps it, and whether it is good.
 *
 * @module
 */
import {
  type Bytes,
  decodeHex,
  encodeHex,
  identityFingerprint,
  type ResultClaim,
  type ResultCounts,
  verifyResults,
} from "../../protocol/mod.ts";
import type { AuditEvent } from "./log/mod.ts";

/** What an agent signed of a delivery, and with which key. */
export interface Receipt extends ResultClaim {
  /** Its raw key; 32 bytes. */
  readonly publicKey: Bytes;
  /** Its signature over all of that; 64 bytes. */
  readonly signature: Bytes;
}

/** Writes a receipt as a member of a line. */
export function encodeReceipt(receipt: Receipt): Record<string, unknown> {
  const { publicKey, transcript, digest, counts, signature } = receipt;
  return {
    publicKey: encodeHex(publicKey),
    transcript: encodeHex(transcript),
    digest: encodeHex(digest),
    counts,
    signature: encodeHex(signature),
  };
}

function readReceipt(value: unknown): Receipt | null {
  if (typeof value !== "object" || value === null) return null;
  const members = value as Record<string, unknown>;
  const publicKey = decodeHex(members["publicKey"], 32);
  const transcript = decodeHex(members["transcript"], 32);
  const digest = decodeHex(members["digest"], 32);
  const signature = decodeHex(members["signature"], 64);
  const counts = readCounts(members["counts"]);
  const isWhole = publicKey !== null && transcript !== null && digest !== null &&
    signature !== null && counts !== null;
  return isWhole ? { publicKey, transcript, digest, counts, signature } : null;
}

function readCounts(value: unknown): ResultCounts | null {
  if (typeof value !== "object" || value === null) return null;
  const given = value as Record<string, unknown>;
  const { created, updated, reowned, removed, unchanged, missing, failed } = given;
  const isCount = (count: unknown): count is number => {
    return typeof count === "number" && Number.isSafeInteger(count) && count >= 0;
  };
  const isWhole = isCount(created) && isCount(updated) && isCount(reowned) &&
    isCount(removed) && isCount(unchanged) && isCount(missing) && isCount(failed);
  return isWhole ? { created, updated, reowned, removed, unchanged, missing, failed } : null;
}

/**
 * Checks what a line keeps of an agent's signature.
 *
 * @returns `none` where the line has no place for one, since it goes on where another left off or the
 * session broke.
 */
export async function checkReceipt(
  line: AuditEvent,
): Promise<"signed" | "unsigned" | "none" | "invalid"> {
  const { receipt: kept, fingerprint } = line;
  if (kept === undefined) return "none";
  if (kept === null) return "unsigned";
  const receipt = readReceipt(kept);
  if (receipt === null) return "invalid";
  if (await identityFingerprint(receipt.publicKey) !== fingerprint) return "invalid";
  return await verifyResults(receipt, receipt) ? "signed" : "invalid";
}
