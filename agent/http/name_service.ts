/**
 * The DNS of the containers, as the runtime asks it.
 *
 * @module
 */
import type { NameService } from "./neighbours.ts";

/** A DNS server. */
export interface DnsServer {
  /** Its IP address. */
  readonly ipAddr: string;
  /** Its port. */
  readonly port: number;
}

/** Asks the DNS server that the system names, or another one. */
export function systemNames(server: DnsServer | null): NameService {
  const common = server === null ? {} : { nameServer: server };
  return {
    namesOf: (address, signal) => Deno.resolveDns(address, "PTR", { ...common, signal }),
    // The dot at its end keeps the domains out that the system would try behind it.
    addressesOf: (name, { family, signal }) => {
      const type = family === 4 ? "A" : "AAAA";
      return Deno.resolveDns(`${name}.`, type, { ...common, signal });
    },
  };
}
