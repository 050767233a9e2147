/**
 * Where an agent can be dialled.
 *
 * @module
 */
import { ConfigError, isAppName } from "../../protocol/mod.ts";

/** Where an agent can be dialled. */
export interface AgentAddress {
  /** A host name or an IP address in lower case; IPv6 without brackets. */
  readonly host: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /**
   * The component under which the agent at this host and port, its primary, relays to the agent that is
   * meant; without it, the agent at this host and port is meant itself.
   */
  readonly component?: string;
}

const ITEM = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/;
const NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const PORT = /^[1-9]\d{0,4}$/;

/**
 * Writes an address as people do: `203.0.113.20:8888`, `[2001:db8::1]:8888`; that of an agent behind
 * another with its component, `203.0.113.20:8888/db`.
 *
 * @example
 * ```ts
 * import { formatAgentAddress } from "@fluxvault/fluxvault/keeper";
 *
 * const address = { host: "2001:db8::1", port: 8888 };
 * console.assert(formatAgentAddress(address) === "[2001:db8::1]:8888");
 * console.assert(formatAgentAddress({ ...address, component: "db" }) === "[2001:db8::1]:8888/db");
 * ```
 */
export function formatAgentAddress({ host, port, component }: AgentAddress): string {
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return component === undefined ? place : `${place}/${component}`;
}

/** Returns the address of the agent that relays to the one at an address; `null` where none does. */
export function primaryOf({ host, port, component }: AgentAddress): AgentAddress | null {
  return component === undefined ? null : { host, port };
}

/**
 * Returns the name, `host:port`, of the agent that relays to the one with this name; `null` where the
 * name is that of an agent that is dialled itself.
 */
export function primaryNameOf(name: string): string | null {
  // No host and no port has a slash in it.
  const slash = name.indexOf("/");
  return slash < 0 ? null : name.slice(0, slash);
}

/**
 * Reads what {@linkcode formatAgentAddress} wrote: the address of an agent that is on record, in the one
 * way to write it.
 *
 * @returns `null` where it is no such address.
 */
export function readAgentAddress(name: string): AgentAddress | null {
  const place = primaryNameOf(name) ?? name;
  const address = readAddress(place, 0);
  if ("problem" in address || formatAgentAddress(address) !== place) return null;
  if (place === name) return address;
  const component = name.slice(place.length + 1);
  return isAppName(component) ? { ...address, component } : null;
}

/** Says what is wrong with an address, and what to write. */
interface Fault {
  readonly problem: string;
  readonly hint: string;
}

const FORM = "Write HOST or HOST:PORT, an IPv6 address in brackets: [2001:db8::1]:8888.";
const BEHIND =
  "Agents behind another one are found through it: write HOST:PORT alone, and --only " +
  "APP/COMPONENT for some of them.";

function readIpv6(text: string): string | null {
  try {
    // The platform's URL parser knows every IPv6 notation and writes one.
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
}

function readAddress(text: string, defaultPort: number): AgentAddress | Fault {
  if (/^[^/]+\/[^/:]+$/.test(text)) return { problem: "names a component, too", hint: BEHIND };
  const match = ITEM.exec(text);
  if (match === null) {
    const isBareIpv6 = readIpv6(text) !== null;
    return isBareIpv6
      ? { problem: "is an IPv6 address without brackets", hint: `Write [${text}].` }
      : { problem: "is no address", hint: FORM };
  }
  const [, bracketed, plain = "", portText] = match;
  if (portText !== undefined && !(PORT.test(portText) && Number(portText) <= 65_535)) {
    return { problem: "has a port that is not from 1 to 65535", hint: FORM };
  }
  const port = portText === undefined ? defaultPort : Number(portText);
  if (bracketed !== undefined) {
    const host = readIpv6(bracketed);
    return host === null ? { problem: "holds no IPv6 address", hint: FORM } : { host, port };
  }
  const host = plain.toLowerCase();
  // What ends in a number is an IPv4 address or nothing: no short, octal or hexadecimal forms.
  const isNumeric = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(host);
  if (isNumeric ? !QUAD.test(host) : !NAME.test(host)) {
    const problem = isNumeric ? "is no IPv4 address" : "is no host name";
    return { problem, hint: FORM };
  }
  return { host, port };
}

/** The options of {@linkcode parseAgentAddresses}. */
export interface ParseAgentAddressesOptions {
  /** The port of an address that names none. @default {8888} */
  readonly defaultPort?: number;
}

/**
 * Reads the items of `--agent-ips`: `host[:port]`, an IPv6 address in brackets.
 *
 * @throws {ConfigError} that names the item that cannot be used or stands twice.
 *
 * @example
 * ```ts
 * import { parseAgentAddresses } from "@fluxvault/fluxvault/keeper";
 *
 * const [first, second] = parseAgentAddresses(["203.0.113.20", "[2001:db8::1]:9000"]);
 * console.assert(first?.port === 8888 && second?.host === "2001:db8::1");
 * ```
 */
export function parseAgentAddresses(
  items: readonly string[],
  options: ParseAgentAddressesOptions = {},
): AgentAddress[] {
  const byName = new Map<string, AgentAddress>();
  for (const item of items) {
    const address = parseAgentAddress(item, {
      defaultPort: options.defaultPort ?? 8_888,
      fault: (problem, hint) => refusal(`${JSON.stringify(item)} ${problem}`, hint),
    });
    const name = formatAgentAddress(address);
    if (byName.has(name)) throw refusal(`${name} stands twice`, "Name each agent once.");
    byName.set(name, address);
  }
  return [...byName.values()];
}

/**
 * Reads one address.
 *
 * @throws What `fault` makes of a problem and a hint.
 */
export function parseAgentAddress(
  text: string,
  options: {
    readonly defaultPort: number;
    readonly fault: (problem: string, hint: string) => Error;
  },
): AgentAddress {
  const address = readAddress(text, options.defaultPort);
  if ("problem" in address) throw options.fault(address.problem, address.hint);
  return address;
}

function refusal(problem: string, hint: string): ConfigError {
  return new ConfigError(`--agent-ips: ${problem}`, { setting: "--agent-ips", hint });
}
