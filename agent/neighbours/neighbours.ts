/**
 * Who may ask the file server, by the address that he asks from.
 *
 * On a Flux node each app has a network of its own, and the engine's DNS names its containers
 * `flux<component>_<app>`. Containers of other apps may be in the same network, so the app is compared.
 *
 * @module
 */
import { createDeferred, isAppName } from "../../protocol/mod.ts";
import { formatIpAddress, type IpAddress, parseIpAddress } from "../door/ip_address.ts";
import {
  MAX_NAMES_OF_ADDRESS,
  MAX_NEIGHBOUR_LOOKUPS,
  MAX_REMEMBERED_NEIGHBOURS,
  NEIGHBOUR_MEMORY_MS,
  NEIGHBOUR_TIMEOUT_MS,
  STRANGER_MEMORY_MS,
} from "../limits.ts";

/** Asks the DNS of the containers; each rejects, or returns nothing, where there is no answer. */
export interface NameService {
  /** Returns the names of an address. */
  namesOf(address: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Returns the addresses of a name, of one family. */
  addressesOf(
    name: string,
    options: { readonly family: 4 | 6; readonly signal: AbortSignal },
  ): Promise<readonly string[]>;
}

/** Why somebody is turned away. */
export type StrangerReason =
  /** The address is none of a private network. */
  | "public-address"
  /** The agent does not know which app it belongs to. */
  | "app-unknown"
  /** The DNS knows no name of the address. */
  | "no-name"
  /** The name is that of no container of the app. */
  | "other-app"
  /** The name leads to another address. */
  | "name-mismatch";

/** Who somebody is. */
export type Neighbour =
  /** The container of the agent itself. */
  | { readonly kind: "self" }
  /** A container of the same app. */
  | { readonly kind: "component"; readonly component: string }
  /** Anybody else. */
  | { readonly kind: "stranger"; readonly reason: StrangerReason }
  /** It cannot be said now: too much is being looked up. */
  | { readonly kind: "unknown" };

/** The options of {@linkcode Neighbours}. */
export interface NeighboursOptions {
  /** The app of the agent, or `null` where it is not known. */
  readonly app: string | null;
  /** The DNS. */
  readonly names: NameService;
  /** The time in milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
  /** How long the look-ups for one address may take in all, in milliseconds. @default {2_000} */
  readonly timeoutMs?: number;
}

const SELF: Neighbour = { kind: "self" };

/** Finds out who somebody is, and remembers it for a while. */
export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #now: () => number;
  /** In the order in which they were looked up. */
  readonly #known = new Map<string, { readonly neighbour: Neighbour; readonly untilMs: number }>();
  readonly #underWay = new Map<string, Promise<Neighbour>>();
  /** The last address that is of the container itself: it is read once, and not with each request. */
  #self: string | null = null;

  /** Knows nobody yet. */
  constructor(options: NeighboursOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Tells who has an address; never rejects. */
  find(text: string): Neighbour | Promise<Neighbour> {
    // Most addresses come in the form in which they are remembered.
    if (text === this.#self) return SELF;
    const remembered = this.#known.get(text);
    if (remembered !== undefined && remembered.untilMs > this.#now()) return remembered.neighbour;
    const address = parseIpAddress(text);
    if (address !== null && isLoopback(address)) {
      this.#self = text;
      return SELF;
    }
    if (address === null || !isPrivate(address)) return stranger("public-address");
    const { app } = this.#options;
    if (app === null) return stranger("app-unknown");
    const key = formatIpAddress(address);
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#now()) return known.neighbour;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= MAX_NEIGHBOUR_LOOKUPS) return { kind: "unknown" };
    const finding = this.#lookUp(address, app).then((neighbour) => {
      this.#underWay.delete(key);
      this.#remember(key, neighbour);
      return neighbour;
    });
    this.#underWay.set(key, finding);
    return finding;
  }

  #remember(key: string, neighbour: Neighbour): void {
    const memoryMs = neighbour.kind === "component" ? NEIGHBOUR_MEMORY_MS : STRANGER_MEMORY_MS;
    this.#known.delete(key);
    this.#known.set(key, { neighbour, untilMs: this.#now() + memoryMs });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED_NEIGHBOURS && oldest !== undefined) {
      this.#known.delete(oldest);
    }
  }

  async #lookUp(address: IpAddress, app: string): Promise<Neighbour> {
    const { names, timeoutMs = NEIGHBOUR_TIMEOUT_MS } = this.#options;
    const control = new AbortController();
    const { promise: late, resolve: giveUp } = createDeferred<Neighbour>();
    const timer = setTimeout(() => {
      control.abort();
      giveUp(stranger("no-name"));
    }, timeoutMs);
    try {
      const asking = ask(address, { app, names, signal: control.signal });
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
      control.abort();
    }
  }
}

async function ask(
  address: IpAddress,
  { app, names, signal }: {
    readonly app: string;
    readonly names: NameService;
    readonly signal: AbortSignal;
  },
): Promise<Neighbour> {
  const text = formatIpAddress(address);
  const all = await names.namesOf(text, signal).catch(() => []);
  let reason: StrangerReason = all.length === 0 ? "no-name" : "other-app";
  for (const name of all.slice(0, MAX_NAMES_OF_ADDRESS)) {
    const component = componentOf(name, app);
    if (component === null) continue;
    // Whoever may name an address cannot make that name lead there as well.
    const [container = ""] = name.split(".");
    const options = { family: address.family, signal };
    const found = await names.addressesOf(container, options).catch(() => []);
    if (found.some((other) => isSame(other, address))) return { kind: "component", component };
    reason = "name-mismatch";
  }
  return stranger(reason);
}

const PREFIX = "flux";
const NETWORK_PREFIX = "fluxDockerNetwork_";

/**
 * Reads the name of a container: `flux<component>_<app>`, with the name of the app's network behind it
 * or not.
 *
 * @returns The component as it is written, or `null` where it is none of this app.
 */
export function componentOf(name: string, app: string): string | null {
  const [container = "", ...rest] = name.replace(/\.$/, "").split(".");
  if (rest.length > 1) return null;
  const [network] = rest;
  if (network !== undefined && !isEqual(network, NETWORK_PREFIX + app)) return null;
  if (!container.startsWith(PREFIX)) return null;
  const [component = "", ofApp = "", ...more] = container.slice(PREFIX.length).split("_");
  if (more.length > 0 || !isAppName(component) || !isEqual(ofApp, app)) return null;
  return component;
}

/** What whoever names another host is told. */
export const FOREIGN_HOST =
  "the request names another host: ask by an IP address, localhost, or the name of the container";

/**
 * Tells whether a request names this server by an address or by a name of its network: a page of a
 * stranger, in a browser beside the agent, can have a name of its own lead here, and then names that.
 *
 * @param host The field `Host`, with a port or without; absent in HTTP/1.0, which no browser speaks.
 */
export function isOwnHost(host: string | undefined): boolean {
  if (host === undefined) return true;
  const [, bracketed, plain = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  const name = bracketed ?? plain;
  if (parseIpAddress(name) !== null) return true;
  const [first = "", network, ...more] = name.replace(/\.$/, "").split(".");
  return first !== "" && more.length === 0 &&
    (network === undefined || network.toLowerCase().startsWith(NETWORK_PREFIX.toLowerCase()));
}

/** DNS does not tell names apart by the case of their letters, nor does FluxOS. */
function isEqual(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function isSame(text: string, { family, value }: IpAddress): boolean {
  const other = parseIpAddress(text);
  return other?.family === family && other.value === value;
}

function stranger(reason: StrangerReason): Neighbour {
  return { kind: "stranger", reason };
}

type Network = readonly [base: bigint, bits: number];

const LOOPBACK: Readonly<Record<4 | 6, Network>> = { 4: [0x7f000000n, 8], 6: [1n, 128] };
const PRIVATE: Readonly<Record<4 | 6, readonly Network[]>> = {
  4: [[0x0a000000n, 8], [0xac100000n, 12], [0xc0a80000n, 16], [0xa9fe0000n, 16]],
  6: [[0xfcn << 120n, 7], [0xfe80n << 112n, 10]],
};

function isIn({ family, value }: IpAddress, [base, bits]: Network): boolean {
  const shift = BigInt((family === 4 ? 32 : 128) - bits);
  return value >> shift === base >> shift;
}

/** Tells whether an address is that of the machine, or the container, itself. */
function isLoopback(address: IpAddress): boolean {
  return isIn(address, LOOPBACK[address.family]);
}

/** Tells whether a peer comes from this container, or from a private network. */
export function isNear(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== null && (isLoopback(address) || isPrivate(address));
}

/** Tells whether an address is one of a private network (RFC 1918, RFC 4193) or of one link. */
function isPrivate(address: IpAddress): boolean {
  return PRIVATE[address.family].some((network) => isIn(address, network));
}
