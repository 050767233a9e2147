/**
 * What an agent signed of a delivery, as the audit log keeps it, and whether it is good.
 *
 * @module
 */
import {
  type Bytes,
  decodeHex,
  encodeHex,
  encodeUtf8,
  identityFingerprint,
  type ResultCounts,
} from "../../protocol/mod.ts";
import type { AuditEvent } from "./audit_line.ts";

const CONTEXT = encodeUtf8("fluxvault/2 agent results\n");

/** What an agent signed of a delivery, and with which key. */
export interface Receipt {
  /** Its raw key; 32 bytes. */
  readonly publicKey: Bytes;
  /** The transcript of the session; 32 bytes. */
  readonly transcript: Bytes;
  /** The SHA-256 of the lines of its results; 32 bytes. */
  readonly digest: Bytes;
  /** How many files ended how by its word. */
  readonly counts: ResultCounts;
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
  const { created, updated, unchanged, missing, failed } = value as Record<string, unknown>;
  const isCount = (count: unknown): count is number => {
    return typeof count === "number" && Number.isSafeInteger(count) && count >= 0;
  };
  const isWhole = isCount(created) && isCount(updated) && isCount(unchanged) &&
    isCount(missing) && isCount(failed);
  return isWhole ? { created, updated, unchanged, missing, failed } : null;
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
  return await isSigned(receipt) ? "signed" : "invalid";
}

/** Checks a signature over results (spec of the protocol, section 8). */
async function isSigned({ publicKey, signature, ...claim }: Receipt): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, composeClaim(claim));
  } catch {
    // A key that the platform refuses is as bad as a signature that does not verify.
    return false;
  }
}

function composeClaim(
  { transcript, digest, counts }: Pick<Receipt, "transcript" | "digest" | "counts">,
): Bytes {
  const { created, updated, unchanged, missing, failed } = counts;
  const numbers = [created, updated, unchanged, missing, failed];
  const head = CONTEXT.length + transcript.length + digest.length;
  const bytes = new Uint8Array(head + 8 * numbers.length);
  bytes.set(CONTEXT);
  bytes.set(transcript, CONTEXT.length);
  bytes.set(digest, CONTEXT.length + transcript.length);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of numbers.entries()) view.setBigUint64(head + 8 * i, BigInt(number));
  return bytes;
}
