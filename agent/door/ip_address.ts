/**
 * IP addresses as numbers, so that one address has one form.
 *
 * @module
 */

/** An IPv4 or IPv6 address. */
export interface IpAddress {
  /** 4 or 6; an IPv4 address inside IPv6 (`::ffff:192.0.2.1`) counts as 4. */
  readonly family: 4 | 6;
  /** The address as a number of 32 or 128 bits. */
  readonly value: bigint;
}

const MAPPED_PREFIX = 0xffffn;
const BYTE = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;

/** Returns how many bits an address of the family has. */
export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address strictly: no leading zeros, no missing parts, no brackets.
 *
 * A zone (`fe80::1%eth0`) is dropped, since it says nothing about the peer.
 *
 * @returns `null` where the text is no address.
 */
export function parseIpAddress(text: string): IpAddress | null {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === null ? null : { family: 4, value };
  }
  const zone = text.indexOf("%");
  if (zone === text.length - 1) return null;
  const value = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  if (value === null) return null;
  if (value >> 32n === MAPPED_PREFIX) return { family: 4, value: value & 0xffffffffn };
  return { family: 6, value };
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!BYTE.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => half === "" ? [] : half.split(":"));
  const groups = [...head ?? [], ...tail ?? []];
  const last = groups.at(-1);
  if (last?.includes(".")) {
    const value = parseIpv4(last);
    if (value === null || text.endsWith("::")) return null;
    const pair = [(value >> 16n).toString(16), (value & 0xffffn).toString(16)];
    (tail !== undefined && tail.length > 0 ? tail : head)?.splice(-1, 1, ...pair);
    groups.splice(-1, 1, ...pair);
  }
  if (!groups.every((group) => GROUP.test(group))) return null;
  if (tail === undefined ? groups.length !== 8 : groups.length > 7) return null;
  const fill = Array<string>(8 - groups.length).fill("0");
  return [...head ?? [], ...fill, ...tail ?? []]
    .reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Writes an address in its one short form (RFC 5952). */
export function formatIpAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn);
  let run = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0n) length++;
    if (length > run.length) run = { start, length };
  }
  const text = (part: readonly bigint[]) => part.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

/** Returns the address in its one form, or the text as it is where it is no address. */
export function normaliseAddress(text: string): string {
  const address = parseIpAddress(text);
  return address === null ? text : formatIpAddress(address);
}

/** Names whom an address stands for when addresses are counted: IPv6 by /64, since one host has it. */
export function hostKey(text: string): string {
  const address = parseIpAddress(text);
  if (address === null) return text;
  if (address.family === 4) return formatIpAddress(address);
  return `${formatIpAddress({ family: 6, value: (address.value >> 64n) << 64n })}/64`;
}

const PRIVATE_NETWORKS: readonly (readonly [bigint, number])[] = [
  [0x0a000000n, 8],
  [0xac100000n, 12],
  [0xc0a80000n, 16],
];

/**
 * Tells whether a peer is the gateway of the private network that this end is in.
 *
 * A container engine puts its gateway at the first address of the container's network, and whoever
 * comes through its proxy appears under that address.
 */
export function isOwnGateway(remote: string, local: string): boolean {
  const [peer, own] = [parseIpAddress(remote), parseIpAddress(local)];
  if (peer?.family !== 4 || own?.family !== 4 || peer.value === own.value) return false;
  const isPrivate = PRIVATE_NETWORKS.some(([base, bits]) => {
    return peer.value >> BigInt(32 - bits) === base >> BigInt(32 - bits);
  });
  return isPrivate && (peer.value & 0xffn) === 1n && peer.value >> 16n === own.value >> 16n;
}
