/**
 * The names that certificates carry: which belong to whom, and how they are written.
 *
 * Names are compared in lower case, as TLS does. An underscore is allowed: containers have one.
 *
 * @module
 */
import {
  formatContainerName,
  isRegistrableAppName,
  isRegistrableComponentName,
} from "../../flux/mod.ts";
import { AuthorityError } from "./errors.ts";
import { readIpAddress } from "./certificates/ip_address.ts";
import { MAX_NAMES } from "./limits.ts";

/** Whose names they are. */
export interface NameOwner {
  /** The name of the app. */
  readonly app: string;
  /** The component, or `null` where the app has none. */
  readonly component: string | null;
}

/** The domain of agents and keepers; nobody can register it, and no DNS answers for it. */
const INTERNAL_DOMAIN = "fluxvault.internal";
const NETWORK_PREFIX = "fluxdockernetwork_";
/** No component can be registered under a name that begins so, so no other host is called so. */
const CONTAINER_PREFIX = /^(?:flux|zel)/;

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const MAX_NAME_LENGTH = 253;

/** Returns the domain of an app's agents and keeper: `APP.fluxvault.internal`. */
export function domainOf(app: string): string {
  return `${app}.${INTERNAL_DOMAIN}`;
}

/** Returns the name of an agent: `COMPONENT.agent.APP.fluxvault.internal`. */
export function agentName({ app, component }: NameOwner): string {
  const domain = `agent.${domainOf(app)}`;
  return component === null ? domain : `${component}.${domain}`;
}

/** Returns the name of an app's keeper: `keeper.APP.fluxvault.internal`. */
export function keeperName(app: string): string {
  return `keeper.${domainOf(app)}`;
}

/** Returns the suffix that Docker gives to all containers of an app: `fluxdockernetwork_APP`. */
export function networkOf(app: string): string {
  return `${NETWORK_PREFIX}${app.toLowerCase()}`;
}

/**
 * Returns the names by which a container's own network knows it: the name of the container, the same in
 * its network, and its host name, which is the component's. Where Flux would not register the names of
 * app and component there are none.
 */
export function containerNames({ app, component }: NameOwner): readonly string[] {
  if (!isRegistrableAppName(app)) return [];
  if (component !== null && !isRegistrableComponentName(component)) return [];
  const name = formatContainerName(component === null ? { app } : { app, component })
    .toLowerCase();
  const host = component === null ? [] : [component.toLowerCase()];
  return [name, `${name}.${networkOf(app)}`, ...host];
}

/**
 * Writes names as they are compared, each once, in the order in which they came: host names, of which
 * the first label may be `*`, and addresses.
 *
 * @throws {AuthorityError} `name-refused` for anything else, and for too many.
 */
export function readNames(texts: readonly string[]): readonly string[] {
  const names = [...new Set(texts.map(readName))];
  if (names.length <= MAX_NAMES) return names;
  throw refusal(`a certificate carries at most ${MAX_NAMES} names`);
}

function readName(text: string): string {
  const address = readIpAddress(text);
  if (address !== null) return address.text;
  const name = text.toLowerCase();
  if (isHostName(name)) return name;
  throw refusal(`${JSON.stringify(text.slice(0, 100))} is no name of a host and no address`);
}

/** Tells whether a text in lower case is a host name that a certificate can carry; `*` may stand first. */
export function isHostName(name: string): boolean {
  const labels = name.split(".");
  const [first = "", ...others] = labels;
  return name.length <= MAX_NAME_LENGTH && others.every((label) => LABEL.test(label)) &&
    (LABEL.test(first) || (first === "*" && others.length > 1)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
}

/** Tells whether a name is that of a permitted tree, or below it; of an address, whether it is that. */
export function isBelow(name: string, tree: string): boolean {
  const [low, lowTree] = [name.toLowerCase(), tree.toLowerCase()];
  if (low === lowTree) return true;
  return readIpAddress(tree) === null && low.endsWith(`.${lowTree}`);
}

/** What an application's certificate may carry. */
export interface DeclaredNames {
  /** The names beyond those of the container that the operator declared, as they are compared. */
  readonly allowed: readonly string[];
}

/**
 * Refuses names that an application may not carry: those of agents and keepers, those of containers of
 * somebody else, and those that neither the container has nor the operator declared.
 *
 * @throws {AuthorityError} `name-refused`, which names it.
 */
export function checkApplicationNames(
  names: readonly string[],
  owner: NameOwner,
  { allowed }: DeclaredNames,
): void {
  if (names.length === 0) throw refusal("an application's certificate needs a name");
  const own = containerNames(owner);
  for (const name of names) {
    if (own.includes(name)) continue;
    const reserved = reservedAs(name);
    if (reserved !== null) throw refusal(`${name} is ${reserved}`);
    if (allowed.some((tree) => isBelow(name, tree))) continue;
    throw new AuthorityError("name-refused", `${name} was not declared for ${owner.app}`, {
      hint: "Declare it in the loadout, or allow it with --allowed-names.",
    });
  }
}

/**
 * Refuses names that no operator can declare.
 *
 * @throws {AuthorityError} `name-refused`.
 */
export function checkAllowedNames(names: readonly string[]): void {
  for (const name of names) {
    const reserved = reservedAs(name);
    if (reserved !== null) throw refusal(`${name} is ${reserved}`);
    if (name.startsWith("*")) throw refusal(`${name} allows itself without the star`);
  }
}

/** Says what a name is kept for, or `null`. */
function reservedAs(name: string): string | null {
  const bare = name.replace(/^\*\./, "");
  if (isBelow(bare, INTERNAL_DOMAIN) || bare === "internal") return "kept for agents and keepers";
  const labels = bare.split(".");
  const isOfNetwork = labels.some((label) => label.startsWith(NETWORK_PREFIX));
  const isContainer = labels.length === 1 && CONTAINER_PREFIX.test(bare);
  return isOfNetwork || isContainer ? "the name of a container of somebody else" : null;
}

function refusal(message: string): AuthorityError {
  return new AuthorityError("name-refused", message);
}
