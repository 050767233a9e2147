/**
 * PEM, the text form of DER (RFC 7468): strict, and nothing outside of the blocks.
 *
 * @module
 */
import { base64 } from "@scure/base";
import { type Bytes, copyBytes } from "../bytes.ts";

const LINE_CHARACTERS = 64;
/** The longest text that is read, in characters. */
const MAX_PEM_CHARACTERS = 262_144;

/** What a block holds. */
export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST" | "PRIVATE KEY" | "X509 CRL";

/** Writes a block, with a newline at its end. */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const text = base64.encode(der);
  const lines: string[] = [];
  for (let start = 0; start < text.length; start += LINE_CHARACTERS) {
    lines.push(text.slice(start, start + LINE_CHARACTERS));
  }
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Reads one or more blocks with the same label.
 *
 * @returns What each holds, or `null` where the text is anything else.
 */
export function decodePem(label: PemLabel, text: string): readonly Bytes[] | null {
  if (text.length > MAX_PEM_CHARACTERS) return null;
  const found: Bytes[] = [];
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  let lines: string[] | null = null;
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    if (lines === null) {
      if (line === "") continue;
      if (line !== begin) return null;
      lines = [];
    } else if (line === end) {
      const der = decodeBase64(lines.join(""));
      if (der === null) return null;
      found.push(der);
      lines = null;
    } else lines.push(line);
  }
  return lines === null && found.length > 0 ? found : null;
}

/** Decodes base64 with its padding; `null` for anything else, and for nothing. */
export function decodeBase64(text: unknown): Bytes | null {
  if (typeof text !== "string" || text === "") return null;
  try {
    return copyBytes(base64.decode(text));
  } catch {
    return null;
  }
}
