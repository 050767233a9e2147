/**
 * Which DNS the agent program asks for the containers of its app.
 *
 * @module
 */
import { settingError } from "../../protocol/host/mod.ts";
import { parseIpAddress } from "../door/ip_address.ts";
import { resolveHostName } from "../door/name_resolver.ts";
import type { NameResolver } from "../door/peer_policy.ts";
import { NEIGHBOUR_TIMEOUT_MS } from "../limits.ts";
import { type DnsServer, type NameService, namesFrom, systemServer } from "../neighbours/mod.ts";
import type { ServeContext } from "./serve_context.ts";

const DNS_PORT = 53;

/**
 * Returns the DNS that the operator named, or else that of the system.
 *
 * @param given What `--fileserver-dns` says.
 * @throws {ConfigError} where that is no address.
 */
export async function openContainerNames(
  context: ServeContext,
  given: string | undefined,
): Promise<NameService> {
  return namesFrom(given === undefined ? await systemServer() : readDns(context, given));
}

/**
 * Returns what looks up the container of another component: the DNS that the operator named; or else that
 * of the system, and where that knows nothing whatever the machine looks up names with.
 *
 * @param given What `--fileserver-dns` says.
 * @throws {ConfigError} where that is no address.
 */
export async function openContainerResolver(
  context: ServeContext,
  given: string | undefined,
): Promise<NameResolver> {
  const names = await openContainerNames(context, given);
  return async (name, { signal }) => {
    if (given !== undefined) return await addressesOf(names, name, signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NEIGHBOUR_TIMEOUT_MS)]);
    const found = await addressesOf(names, name, limit).catch(() => []);
    return found.length > 0 ? found : await resolveHostName(name);
  };
}

async function addressesOf(
  names: NameService,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await names.addressesOf(name, { family: 4, signal });
  return found.length > 0 ? found : await names.addressesOf(name, { family: 6, signal });
}

function readDns({ resolved }: ServeContext, text: string): DnsServer {
  if (parseIpAddress(text) !== null) return { ipAddr: text, port: DNS_PORT };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const ipAddr = bracketed ?? plain ?? "";
  if (parseIpAddress(ipAddr) !== null && Number(port) <= 65_535) {
    return { ipAddr, port: Number(port) };
  }
  throw settingError(resolved, {
    name: "fileserver-dns",
    problem: "is no address of a DNS server",
    hint: "Give an IP address, with a port where it is not 53: 127.0.0.11, [::1]:5353.",
  });
}
