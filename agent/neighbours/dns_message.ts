/**
 * The little of DNS that tells names and addresses of containers (RFC 1035).
 *
 * The runtime's own look-up refuses names with an underscore in them, as those of containers are.
 *
 * @module
 */
import { type Bytes, encodeUtf8 } from "../../protocol/mod.ts";
import { formatIpAddress, parseIpAddress } from "../door/ip_address.ts";

/** What is asked for: the names of an address, or its addresses of either family. */
export type DnsType = "PTR" | "A" | "AAAA";

const TYPE_NUMBERS: Readonly<Record<DnsType, number>> = { A: 1, PTR: 12, AAAA: 28 };
const CLASS_INTERNET = 1;
const HEADER_BYTES = 12;
const MAX_LABEL_BYTES = 63;
/** The longest name, with the lengths of its labels (RFC 1035, section 2.3.4). */
const MAX_NAME_BYTES = 255;
/** How many pointers are followed to the end of one name. */
const MAX_POINTERS = 16;

/** A question. */
export interface DnsQuestion {
  /** A number that the answer repeats; 0 to 65,535. */
  readonly id: number;
  /** The name that is asked about. */
  readonly name: string;
  /** What is asked for. */
  readonly type: DnsType;
}

/** Tells whether a server left out of an answer what found no room in a datagram. */
export function isTruncated(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x02) !== 0;
}

/** Returns the name under which the names of an address are found, or `null` for what is none. */
export function reverseName(address: string): string | null {
  const parsed = parseIpAddress(address);
  if (parsed === null) return null;
  const { family, value } = parsed;
  if (family === 4) {
    return `${formatIpAddress(parsed).split(".").reverse().join(".")}.in-addr.arpa`;
  }
  const digits = [...value.toString(16).padStart(32, "0")].reverse();
  return `${digits.join(".")}.ip6.arpa`;
}

/**
 * Writes a question.
 *
 * @throws {RangeError} if the name is none that DNS could have.
 */
export function encodeQuestion({ id, name, type }: DnsQuestion): Bytes {
  const labels = name.replace(/\.$/, "").split(".").map((label) => encodeUtf8(label));
  if (labels.some(({ length }) => length === 0 || length > MAX_LABEL_BYTES)) {
    throw new RangeError("this is no name that DNS could have");
  }
  const head = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const tail = [0, 0, TYPE_NUMBERS[type], 0, CLASS_INTERNET];
  const words = labels.flatMap((label) => [label.length, ...label]);
  return Uint8Array.from([...head, ...words, ...tail]);
}

/**
 * Reads the answer to a question.
 *
 * @returns Names without a dot at their end, or addresses; nothing where the server knows none, or the
 * answer is cut off.
 * @throws {RangeError} if it is no answer to this question, or malformed.
 */
export function decodeAnswer(bytes: Uint8Array, question: DnsQuestion): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isAnswer = bytes.length >= HEADER_BYTES && (view.getUint8(2) & 0x80) !== 0;
  if (!isAnswer || view.getUint16(0) !== question.id) throw malformed();
  if (view.getUint16(4) !== 1) throw malformed();
  const asked = readName(view, HEADER_BYTES);
  let at = asked.end + 4;
  const isSame = asked.name.toLowerCase() === question.name.replace(/\.$/, "").toLowerCase();
  if (!isSame || view.getUint16(asked.end) !== TYPE_NUMBERS[question.type]) throw malformed();
  if (isTruncated(bytes)) return [];
  const found: string[] = [];
  for (let i = view.getUint16(6); i > 0; i--) {
    at = readName(view, at).end;
    const [type, length] = [view.getUint16(at), view.getUint16(at + 8)];
    const data = at + 10;
    at = data + length;
    if (at > bytes.length) throw malformed();
    if (type !== TYPE_NUMBERS[question.type]) continue;
    if (question.type === "PTR") found.push(readName(view, data).name);
    else found.push(readAddress(bytes.subarray(data, at)));
  }
  return found;
}

function readAddress(data: Uint8Array): string {
  if (data.length !== 4 && data.length !== 16) throw malformed();
  const value = data.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return formatIpAddress({ family: data.length === 4 ? 4 : 6, value });
}

/** Reads a name, and where it ends; a part of it may stand elsewhere. */
function readName(view: DataView, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let [at, end, pointers, bytes] = [start, -1, 0, 1];
  for (;;) {
    const length = view.getUint8(at);
    if (length === 0) break;
    if (length >= 0xc0) {
      if (++pointers > MAX_POINTERS) throw malformed();
      if (end < 0) end = at + 2;
      at = view.getUint16(at) & 0x3fff;
      continue;
    }
    bytes += 1 + length;
    if (length > MAX_LABEL_BYTES || bytes > MAX_NAME_BYTES) throw malformed();
    let label = "";
    for (let i = 1; i <= length; i++) label += String.fromCharCode(view.getUint8(at + i));
    labels.push(label);
    at += 1 + length;
  }
  return { name: labels.join("."), end: end < 0 ? at + 1 : end };
}

function malformed(): RangeError {
  return new RangeError("the DNS server's answer is malformed");
}
