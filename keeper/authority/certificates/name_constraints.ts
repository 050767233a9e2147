/**
 * The extension that binds the intermediate of an app to names (RFC 5280, section 4.2.1.10).
 *
 * @module
 */
import { type Bytes, encodeUtf8 } from "../../../protocol/mod.ts";
import { EXTENSION_OIDS, writeDer, writeSequence } from "../../../protocol/certificates/mod.ts";
import { readIpAddress } from "./ip_address.ts";

/** The identifier of the extension. */
export const NAME_CONSTRAINTS: string = EXTENSION_OIDS.nameConstraints;

const PERMITTED = 0xa0;
const EXCLUDED = 0xa1;
const RFC822_NAME = 0x81;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;
const IP_ADDRESS = 0x87;

/** A host that there cannot be (RFC 2606): permitting it permits none of its kind. */
const NO_HOST = encodeUtf8("invalid");

/**
 * Writes the extension: the hosts with what is below them, and the addresses, are permitted, and
 * nothing else of any kind that a program of TLS looks at.
 *
 * Without an address all are excluded, since a kind that is not mentioned is not bound. Mail addresses
 * and URIs are bound to a host that there is not.
 */
export function encodeNameConstraints(names: readonly string[]): Bytes {
  const addresses = names.flatMap((name) => {
    const address = readIpAddress(name);
    return address === null ? [] : [address.bytes];
  });
  const hosts = names.filter((name) => readIpAddress(name) === null);
  const permitted = [
    ...hosts.map((host) => subtree(DNS_NAME, encodeUtf8(host))),
    ...addresses.map((bytes) => subtree(IP_ADDRESS, bytes, new Uint8Array(bytes.length).fill(255))),
    subtree(RFC822_NAME, NO_HOST),
    subtree(URI_NAME, NO_HOST),
  ];
  const excluded = addresses.length > 0
    ? []
    : [8, 32].map((length) => subtree(IP_ADDRESS, new Uint8Array(length)));
  return writeSequence(
    writeDer(PERMITTED, ...permitted),
    ...(excluded.length === 0 ? [] : [writeDer(EXCLUDED, ...excluded)]),
  );
}

function subtree(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  return writeSequence(writeDer(tag, ...parts));
}
