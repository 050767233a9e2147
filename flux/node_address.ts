/**
 * The address of a node as FluxOS writes it: `a.b.c.d` or `a.b.c.d:port`.
 *
 * The port is that of the node's own API, never that of an app. A bare address means
 * {@linkcode DEFAULT_NODE_API_PORT}. The network lists IPv4 only today; an IPv6 address is taken
 * in brackets.
 *
 * @module
 */

/** The port of a node's API where its address names none. */
export const DEFAULT_NODE_API_PORT = 16_127;

/** Where a node is. */
export interface NodeAddress {
  /** A dotted quad, or an IPv6 address in its shortest lower-case form without brackets. */
  readonly host: string;
  /** The port of the node's API, from 1 to 65535. */
  readonly apiPort: number;
}

const QUAD = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const ADDRESS = /^(?:([0-9.]+)|\[([0-9a-fA-F:.]{2,45})\])(?::([1-9][0-9]{0,4}))?$/;

/**
 * Parses the address of a node.
 *
 * Only addresses that one host can have are taken: no host names, no short or octal forms, no
 * `0.x.x.x`, no multicast or broadcast. Private and loopback addresses are taken.
 *
 * @returns The address, or `null` where the text is none.
 *
 * @example
 * ```ts
 * import { parseNodeAddress } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(parseNodeAddress("203.0.113.10")?.apiPort === 16127);
 * console.assert(parseNodeAddress("203.0.113.20:16137")?.host === "203.0.113.20");
 * console.assert(parseNodeAddress("node.example.org") === null);
 * ```
 */
export function parseNodeAddress(text: string): NodeAddress | null {
  const match = ADDRESS.exec(text);
  if (match === null) return null;
  const [, quad, bracketed, portText] = match;
  const host = quad !== undefined ? readQuad(quad) : readIpv6(bracketed ?? "");
  const apiPort = portText === undefined ? DEFAULT_NODE_API_PORT : Number(portText);
  if (host === null || apiPort > 65_535) return null;
  return { host, apiPort };
}

/**
 * Writes the address of a node, always with its port.
 *
 * @example
 * ```ts
 * import { formatNodeAddress } from "@fluxvault/fluxvault/flux";
 *
 * console.assert(formatNodeAddress({ host: "192.0.2.5", apiPort: 16127 }) === "192.0.2.5:16127");
 * ```
 */
export function formatNodeAddress(address: NodeAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.apiPort}`;
}

function readQuad(text: string): string | null {
  if (!QUAD.test(text)) return null;
  const first = Number(text.slice(0, text.indexOf(".")));
  return first >= 1 && first <= 223 ? text : null;
}

function readIpv6(text: string): string | null {
  let canonical: string;
  try {
    // The platform's URL parser knows every IPv6 notation and writes one.
    canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped !== null) {
    const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
    return readQuad(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
  }
  return canonical === "::" || canonical.startsWith("ff") ? null : canonical;
}
