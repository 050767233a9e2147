/**
 * How a running keeper gets the key that it signs with.
 *
 * @module
 */
import { encodeWif, type FluxPrivateKey } from "../../flux/mod.ts";
import { ConfigError, type Logger, type StatementSigner } from "../../protocol/mod.ts";
import { CREDENTIALS_VARIABLE, KEY_CREDENTIAL, readCredential } from "./credentials.ts";
import { commandFor, type KeyRing } from "./key_ring.ts";
import { askYesNo, takeSecret } from "./operator_dialogue.ts";
import { checkAddress, readPrivateKey } from "./private_key.ts";
import type { KeyName, KeyStoreChoice } from "./stores/mod.ts";
import { createStatementSigner } from "../statement_signer.ts";
import { type KeyRingContext, openKeyRing } from "./system_key_ring.ts";

/** What the key is looked for with. */
export interface KeySearchContext extends KeyRingContext {
  /** Where a key goes that the operator types and wants to have stored. */
  readonly keyStore: KeyStoreChoice;
  /** Takes notes. */
  readonly logger: Logger;
}

/** What {@linkcode findSigner} looks for. */
export interface SignerSearchContext extends KeySearchContext {
  /** The address whose key is wanted. */
  readonly zelid: string;
}

/**
 * Finds the key of an address: among the credentials of the service, then among the stored keys; then
 * it asks, or takes a line of standard input where nobody can be asked.
 *
 * @param ring The stored keys; those of the context where it is not given.
 * @throws {ConfigError} where there is no key, or one of another address.
 * @throws {StorageError} where the key is there and cannot be had.
 */
export async function findSigner(
  context: SignerSearchContext,
  ring: KeyRing = openKeyRing(context),
): Promise<StatementSigner> {
  const address = checkAddress(context.zelid, { setting: "--zelid" });
  const key = await findInCredentials(context, address) ??
    await findInRing(context, { address, ring }) ??
    await takeFromOperator(context, { address, ring });
  const signer = createStatementSigner(key);
  key.secret.fill(0);
  return signer;
}

async function findInCredentials(
  { env, logger }: SignerSearchContext,
  address: string,
): Promise<FluxPrivateKey | null> {
  for (const name of [address, KEY_CREDENTIAL]) {
    const wif = await readCredential(env, name);
    if (wif === null) continue;
    logger.debug("The keeper signs with the key of a credential.", { credential: name });
    return readPrivateKey(wif, address, { source: `credential ${name}` });
  }
  return null;
}

interface Wanted {
  readonly address: string;
  readonly ring: KeyRing;
}

async function findInRing(
  { logger }: SignerSearchContext,
  { address, ring }: Wanted,
): Promise<FluxPrivateKey | null> {
  const entry = await ring.find({ kind: "keeper-key", name: address });
  if (entry === null) return null;
  logger.debug("The keeper signs with a stored key.", { store: entry.store });
  return readPrivateKey(await ring.read(entry), address, { source: ring.where(entry) });
}

async function takeFromOperator(
  context: SignerSearchContext,
  { address, ring }: Wanted,
): Promise<FluxPrivateKey> {
  const { stdin, stderr, keyStore } = context;
  const name: KeyName = { kind: "keeper-key", name: address };
  if (!stdin.isTerminal) {
    context.logger.info("The keeper waits for its private key, a line of standard input.");
  }
  const wif = await takeSecret(context, name);
  if (wif === null) throw missingKey(name);
  const key = readPrivateKey(wif, address);
  const question = "Would you like to store it, so that it is not asked for again?";
  if (stdin.isTerminal && await askYesNo(context, question, { otherwise: true })) {
    const entry = await ring.save(name, encodeWif(key), { choice: keyStore });
    await stderr.write(`It is now in ${ring.where(entry)}.\n`);
  }
  return key;
}

function missingKey(name: KeyName): ConfigError {
  return new ConfigError(`there is no private key of ${name.name}`, {
    setting: "--zelid",
    hint: `Store it (${commandFor("add", name)}), hand it to the service as the credential ` +
      `${KEY_CREDENTIAL} ($${CREDENTIALS_VARIABLE}), or give it as a line of standard input.`,
  });
}
