/**
 * Requests for certificates (PKCS #10, RFC 2986), of the smallest form that there is.
 *
 * A request proves that whoever sends it has the private key, and asks for nothing: names, usage and
 * lifetime are the authority's to decide.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import {
  COMMON_NAME_OID,
  DER_TAGS,
  writeBitString,
  writeDer,
  writeOid,
  writeSequence,
  writeUnsigned,
  writeUtf8String,
} from "../../protocol/certificates/mod.ts";
import { type CertificateKey, signWithKey } from "./certificate_key.ts";

/** The longest common name (RFC 5280, appendix A.1), in characters. */
const MAX_COMMON_NAME = 64;
const VERSION_1 = new Uint8Array(1);
const NO_ATTRIBUTES = 0xa0;

/**
 * Makes a request, in DER.
 *
 * @param options `commonName` is shown to people who look at the request; none by default.
 * @throws {RangeError} if the common name is longer than 64 characters, or empty.
 */
export async function composeRequest(
  key: CertificateKey,
  { commonName }: { readonly commonName?: string } = {},
): Promise<Bytes> {
  if (commonName !== undefined && (commonName === "" || commonName.length > MAX_COMMON_NAME)) {
    throw new RangeError(`a common name has 1 to ${MAX_COMMON_NAME} characters`);
  }
  const body = writeSequence(
    writeUnsigned(VERSION_1),
    writeSequence(...commonName === undefined ? [] : [writeName(commonName)]),
    key.publicKeyInfo,
    writeDer(NO_ATTRIBUTES),
  );
  const { oid, bytes } = await signWithKey(key, body);
  return writeSequence(body, writeSequence(writeOid(oid)), writeBitString(bytes));
}

function writeName(commonName: string): Bytes {
  const attribute = writeSequence(writeOid(COMMON_NAME_OID), writeUtf8String(commonName));
  return writeDer(DER_TAGS.set, attribute);
}
