/**
 * Which source addresses may talk to an agent at all (spec, section 9).
 *
 * @module
 */
import { createDeferred, type Logger, SILENT_LOGGER } from "../../protocol/mod.ts";
import { bitsOf, formatIpAddress, type IpAddress, parseIpAddress } from "./ip_address.ts";
import { LOOKUP_TIMEOUT_MS } from "../limits.ts";

/** One line of an allow-list. */
export type PeerRule =
  /** All addresses that share the first bits; a single address shares all of them. */
  | { readonly kind: "network"; readonly base: IpAddress; readonly prefixBits: number }
  /** The addresses that a host name has at the moment of a connection. */
  | { readonly kind: "name"; readonly name: string };

/**
 * Looks up the addresses of a host name; rejects where it has none.
 *
 * @example
 * ```ts
 * import { type NameResolver, parsePeerRule, PeerPolicy } from "@fluxvault/fluxvault/agent";
 *
 * const hosts = new Map([["home.example.org", ["198.51.100.7"]]]); // A file of hosts, or DNS.
 * const resolveName: NameResolver = (name) => Promise.resolve(hosts.get(name) ?? []);
 * const policy = new PeerPolicy([parsePeerRule("home.example.org")], { resolveName });
 * console.assert(await policy.allows("198.51.100.7") && !await policy.allows("198.51.100.8"));
 * ```
 */
export type NameResolver = (
  name: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly string[]>;

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Reads one line of an allow-list: an address, a network (`10.0.0.0/8`, `2001:db8::/32`) or a name.
 *
 * @throws {RangeError} with a message that quotes the text and says what is wrong with it.
 *
 * @example
 * ```ts
 * import { parsePeerRule } from "@fluxvault/fluxvault/agent";
 *
 * console.assert(parsePeerRule("192.0.2.0/24").kind === "network");
 * console.assert(parsePeerRule("home.example.org").kind === "name");
 * ```
 */
export function parsePeerRule(text: string): PeerRule {
  const refuse = (reason: string): never => {
    throw new RangeError(`${JSON.stringify(text)} ${reason}`);
  };
  if (text.includes("/")) return parseNetwork(text, refuse);
  const base = parseIpAddress(text);
  if (base !== null) {
    if (text.includes("%")) refuse("has a zone, which no peer can be told by");
    return { kind: "network", base, prefixBits: bitsOf(base.family) };
  }
  if (/^\[.*\]/.test(text)) refuse("is in brackets; write the address alone");
  if (/^[^:]+:\d+$/.test(text)) refuse("has a port; the port that a keeper dials from changes");
  if (text.includes(":")) refuse("is no IPv6 address");
  const name = text.replace(/\.$/, "").toLowerCase();
  const labels = name.split(".");
  if (/^\d+$/.test(labels.at(-1) ?? "")) refuse("is no IPv4 address");
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) {
    refuse("is neither an address, nor a network, nor a host name");
  }
  return { kind: "name", name };
}

function parseNetwork(text: string, refuse: (reason: string) => never): PeerRule {
  const slash = text.indexOf("/");
  const base = parseIpAddress(text.slice(0, slash));
  if (base === null || text.includes("%")) {
    return refuse("is no network: what is before / is no address");
  }
  const given = text.slice(slash + 1);
  // A network of IPv4 addresses in the form of IPv6 counts the 96 bits in front.
  const offset = base.family === 4 && text.includes(":") ? 96 : 0;
  const prefixBits = Number(given) - offset;
  const bits = bitsOf(base.family);
  if (!PREFIX.test(given) || prefixBits < 0 || prefixBits > bits) {
    return refuse(`is no network: what follows / is no number from ${offset} to ${offset + bits}`);
  }
  const value = maskOff(base.value, bits - prefixBits);
  if (value !== base.value) {
    const whole = `${formatIpAddress({ family: base.family, value })}/${prefixBits}`;
    return refuse(`is an address inside a network; for the network write ${whole}`);
  }
  return { kind: "network", base, prefixBits };
}

function maskOff(value: bigint, hostBits: number): bigint {
  return (value >> BigInt(hostBits)) << BigInt(hostBits);
}

/**
 * Writes a rule as an operator would.
 *
 * @example
 * ```ts
 * import { formatPeerRule, parsePeerRule } from "@fluxvault/fluxvault/agent";
 *
 * console.assert(formatPeerRule(parsePeerRule("192.0.2.7/32")) === "192.0.2.7");
 * ```
 */
export function formatPeerRule(rule: PeerRule): string {
  if (rule.kind === "name") return rule.name;
  const text = formatIpAddress(rule.base);
  return rule.prefixBits === bitsOf(rule.base.family) ? text : `${text}/${rule.prefixBits}`;
}

/** The options of a {@linkcode PeerPolicy}. */
export interface PeerPolicyOptions {
  /** Looks up host names; needed where a rule has one. */
  readonly resolveName?: NameResolver;
  /** How long a look-up may take, in milliseconds. @default {5_000} */
  readonly lookupTimeoutMs?: number;
  /** Is told of names that could not be looked up. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
}

/**
 * Decides by source address; names are looked up anew for each connection.
 *
 * @example
 * ```ts
 * import { parsePeerRule, PeerPolicy } from "@fluxvault/fluxvault/agent";
 *
 * const policy = new PeerPolicy(["192.0.2.7", "10.0.0.0/8"].map(parsePeerRule));
 * console.assert(policy.allows("10.1.2.3") === true);
 * console.assert(policy.allows("::ffff:192.0.2.7") === true);
 * console.assert(policy.allows("198.51.100.1") === false);
 * ```
 */
export class PeerPolicy {
  /** What is allowed. */
  readonly rules: readonly PeerRule[];
  readonly #names: readonly string[];
  readonly #options: PeerPolicyOptions;
  readonly #lookups = new Map<string, Promise<readonly string[]>>();

  /**
   * Takes over the rules.
   *
   * @throws {RangeError} if there are none, or a name and nothing to look it up with.
   */
  constructor(rules: readonly PeerRule[], options: PeerPolicyOptions = {}) {
    if (rules.length === 0) throw new RangeError("a policy without rules would refuse everybody");
    this.rules = rules;
    this.#options = options;
    this.#names = rules.flatMap((rule) => rule.kind === "name" ? [rule.name] : []);
    if (this.#names.length > 0 && options.resolveName === undefined) {
      throw new RangeError("a rule has a host name and nothing looks it up");
    }
  }

  /**
   * Tells whether an address may connect; at once unless that depends on a name.
   *
   * A name that cannot be looked up in time allows nobody. Never rejects.
   */
  allows(address: string): boolean | Promise<boolean> {
    const peer = parseIpAddress(address);
    if (peer === null) return false;
    for (const rule of this.rules) {
      if (rule.kind === "network" && isInside(peer, rule)) return true;
    }
    return this.#names.length === 0 ? false : this.#isNamed(peer);
  }

  async #isNamed(peer: IpAddress): Promise<boolean> {
    const answers = await Promise.all(this.#names.map((name) => this.#lookUp(name)));
    return answers.flat().some((text) => {
      const address = parseIpAddress(text);
      return address?.family === peer.family && address.value === peer.value;
    });
  }

  /** Joins a look-up that is under way, so that a crowd of connections makes one. */
  #lookUp(name: string): Promise<readonly string[]> {
    const underWay = this.#lookups.get(name);
    if (underWay !== undefined) return underWay;
    const lookup = this.#resolve(name).finally(() => this.#lookups.delete(name));
    this.#lookups.set(name, lookup);
    return lookup;
  }

  async #resolve(name: string): Promise<readonly string[]> {
    const { resolveName, lookupTimeoutMs = LOOKUP_TIMEOUT_MS, logger = SILENT_LOGGER } =
      this.#options;
    const timeout = new AbortController();
    const late = createDeferred<never>();
    const timer = setTimeout(() => {
      timeout.abort();
      late.reject(new Error("no answer in time"));
    }, lookupTimeoutMs);
    try {
      const answer = resolveName?.(name, { signal: timeout.signal }) ?? [];
      return await Promise.race([answer, late.promise]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("an allowed host name could not be looked up", { name, reason });
      return [];
    } finally {
      clearTimeout(timer);
    }
  }
}

function isInside(peer: IpAddress, rule: PeerRule & { readonly kind: "network" }): boolean {
  const { base, prefixBits } = rule;
  const shift = BigInt(bitsOf(base.family) - prefixBits);
  return peer.family === base.family && peer.value >> shift === base.value >> shift;
}
