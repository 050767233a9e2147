/**
 * Addresses of IP as text and as the bytes that certificates hold.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";

/** An address. */
export interface IpAddress {
  /** It, in the one way in which it is written. */
  readonly text: string;
  /** Its 4 or 16 bytes. */
  readonly bytes: Bytes;
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const VERSION_4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const VERSION_6 = /^[0-9a-fA-F:.]{2,45}$/;
const GROUPS = 8;

/** Reads an address of version 4 or 6; `null` for anything else. */
export function readIpAddress(text: string): IpAddress | null {
  if (VERSION_4.test(text)) {
    return { text, bytes: Uint8Array.from(text.split("."), Number) };
  }
  if (!text.includes(":") || !VERSION_6.test(text)) return null;
  // The platform knows all ways in which one can be written.
  const short = shortestOf(text);
  if (short === null) return null;
  const [head = "", tail] = short.split("::");
  const before = groupsOf(head);
  const behind = groupsOf(tail ?? "");
  const zeros = Array<number>(GROUPS - before.length - behind.length).fill(0);
  const bytes = new Uint8Array(GROUPS * 2);
  const view = new DataView(bytes.buffer);
  [...before, ...zeros, ...behind].forEach((group, index) => view.setUint16(index * 2, group));
  return { text: short, bytes };
}

function shortestOf(text: string): string | null {
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
