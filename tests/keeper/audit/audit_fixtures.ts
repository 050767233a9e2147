/** Audit logs for the tests. */
import type { AuditEvent } from "../../../keeper/audit/mod.ts";
import { MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { type Bytes, encodeUtf8 } from "../../../protocol/mod.ts";

/** Gives bytes in pieces of a length. */
export async function* bytesOf(
  text: string | Bytes,
  pieceBytes = 7,
): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? encodeUtf8(text) : text;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
  }
}

/** Returns the text of a log with these events, a second apart. */
export async function textOf(events: readonly AuditEvent[]): Promise<string> {
  let nowMs = Date.UTC(2030, 0, 2);
  const log = new MemoryAuditLog(() => nowMs += 1_000);
  await log.append(events);
  return log.lines.map((line) => `${line}\n`).join("");
}

/** Returns the events of a log, without their numbers, times and hashes. */
export function eventsOf(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => {
    const { seq: _seq, time: _time, prev: _prev, ...event } = JSON.parse(line);
    return event;
  });
}
