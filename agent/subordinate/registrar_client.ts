/**
 * Registers with a primary, once: takes a challenge, and answers it (registrar/README.md).
 *
 * @module
 */
import { type Bytes, ConnectionError, decodeHex } from "../../protocol/mod.ts";
import {
  encodeRegistration,
  INSTANCE_BYTES,
  NONCE_BYTES,
  proveRegistration,
  readObject,
  type RegistrationClaim,
  type RegistrationSecrets,
} from "../registrar/claim.ts";
import { REGISTRATIONS_PATH } from "../registrar/paths.ts";
import type { ExchangeReply, HttpExchange } from "./http_exchange.ts";

/** What a sub-agent says of itself, and how it proves that. */
export interface Applicant extends RegistrationSecrets {
  /** What it claims, whatever the challenge. */
  readonly claim: Pick<RegistrationClaim, "app" | "component" | "port" | "tls">;
}

/** How much of a refusal is shown, in characters. */
const MAX_REASON_CHARACTERS = 200;

/**
 * Registers.
 *
 * @returns What names the process of the primary; 16 bytes.
 * @throws {ConnectionError} `connection-failed`, with what the primary says where it refuses.
 */
export async function registerOnce(
  exchange: Pick<HttpExchange, "ask">,
  { claim, ...secrets }: Applicant,
): Promise<Bytes> {
  const challenge = readReply(
    await exchange.ask({ method: "GET", path: `${REGISTRATIONS_PATH}/challenge` }),
  );
  const nonce = decodeHex(challenge["nonce"], NONCE_BYTES);
  const instance = readInstance(challenge);
  if (nonce === null) throw failed("it sent no challenge");
  const registration = await proveRegistration({ ...claim, nonce, instance }, secrets);
  const body = encodeRegistration(registration);
  return readInstance(
    readReply(await exchange.ask({ method: "POST", path: REGISTRATIONS_PATH, body })),
  );
}

function readReply({ status, body }: ExchangeReply): Readonly<Record<string, unknown>> {
  if (status !== 200) throw failed(`it answered ${status} ${readReason(body)}`.trim());
  const json = readObject(body);
  if (json !== null && json["version"] === 1) return json;
  throw failed("what it answers is not of a registrar");
}

function readInstance(json: Readonly<Record<string, unknown>>): Bytes {
  const instance = decodeHex(json["instance"], INSTANCE_BYTES);
  if (instance === null) throw failed("it does not name its process");
  return instance;
}

/** Takes the sentence of whoever answered: it may be anybody's, so only what can be printed. */
function readReason(body: Bytes): string {
  const text = String.fromCharCode(...body.subarray(0, MAX_REASON_CHARACTERS));
  return text.replaceAll(/[^ -~]+/g, " ").trim();
}

function failed(what: string): ConnectionError {
  return new ConnectionError("connection-failed", `the primary takes no registration: ${what}`);
}
