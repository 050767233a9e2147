/**
 * The enrolment secret of an app as it is now, for a keeper that runs while the operator makes another.
 *
 * @module
 */
import { type Bytes, equalBytes } from "../../protocol/mod.ts";
import { ENROLMENT_CREDENTIAL, readCredential } from "./credentials.ts";
import { readEnrolmentSecret } from "./enrolment_secret.ts";
import type { KeySearchContext } from "./keeper_key.ts";
import type { KeyEntry } from "./key_index.ts";
import type { KeyRing } from "./key_ring.ts";
import { SECRET_RETRY_MS } from "./limits.ts";

/** What an {@linkcode EnrolmentWatch} looks for. */
export interface EnrolmentSearchContext extends KeySearchContext {
  /** The app. */
  readonly app: string;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** A secret, and where it was when it was read. */
interface HeldSecret {
  /** The 32 bytes, or `null` where there is none. */
  readonly secret: Bytes | null;
  /** The entry of the list, or `null` where it is a credential, or none. */
  readonly entry: KeyEntry | null;
}

/**
 * Looks for the enrolment secret of an app: among the credentials of the service, then among the stored
 * keys.
 *
 * What is stored is read again only where the list has another entry for it, so that nobody is asked for
 * a passphrase twice, and no key is derived from one at each look.
 */
export class EnrolmentWatch {
  readonly #context: EnrolmentSearchContext;
  readonly #ring: KeyRing;
  #held: HeldSecret;
  #looking: Promise<void> | null = null;
  /** The entry that could not be read last, and when it is tried again. */
  #failed: { readonly entry: KeyEntry; readonly retryAtMs: number } | null = null;
  #hasComplained = false;

  private constructor(context: EnrolmentSearchContext, ring: KeyRing, held: HeldSecret) {
    this.#context = context;
    this.#ring = ring;
    this.#held = held;
  }

  /**
   * Looks for the secret for the first time.
   *
   * @throws {ConfigError} where it is there and is no enrolment secret.
   * @throws {StorageError} where it is there and cannot be had.
   */
  static async open(context: EnrolmentSearchContext, ring: KeyRing): Promise<EnrolmentWatch> {
    const { logger } = context;
    const secret = await readFromCredentials(context);
    if (secret !== null) {
      logger.debug("The enrolment secret is that of a credential.");
      return new EnrolmentWatch(context, ring, { secret, entry: null });
    }
    const entry = await findEntry(context, ring);
    if (entry === null) return new EnrolmentWatch(context, ring, { secret: null, entry });
    logger.debug("The enrolment secret is a stored one.", { store: entry.store });
    return new EnrolmentWatch(context, ring, { secret: await readEntry(ring, entry), entry });
  }

  /**
   * Looks again.
   *
   * @returns The 32 bytes, or `null` where there is none; what was there last where it cannot be read,
   * which the log says once.
   * @throws The reason of the signal.
   */
  async current(): Promise<Bytes | null> {
    this.#looking ??= this.#lookAgain().finally(() => this.#looking = null);
    await this.#looking;
    return this.#held.secret;
  }

  async #lookAgain(): Promise<void> {
    const { signal, logger, app } = this.#context;
    try {
      const found = await this.#find();
      if (found === null) return;
      this.#hasComplained = false;
      if (isSameSecret(found.secret, this.#held.secret)) this.#held = found;
      else this.#take(found);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#hasComplained) return;
      this.#hasComplained = true;
      logger.warn(
        "The enrolment secret cannot be read, and the last one stays in force; a restart of the " +
          "keeper asks for what is missing.",
        { app, error: error instanceof Error ? error.message : String(error) },
      );
    }
  }

  /** Finds the secret; `null` where one that could not be read is not tried again yet. */
  async #find(): Promise<HeldSecret | null> {
    const { now = Date.now } = this.#context;
    const secret = await readFromCredentials(this.#context);
    if (secret !== null) return { secret, entry: null };
    const entry = await findEntry(this.#context, this.#ring);
    if (entry === null || isSameEntry(entry, this.#held.entry)) {
      return entry === null ? { secret: null, entry } : this.#held;
    }
    const failed = this.#failed;
    if (failed !== null && isSameEntry(entry, failed.entry) && now() < failed.retryAtMs) {
      return null;
    }
    this.#failed = { entry, retryAtMs: now() + SECRET_RETRY_MS };
    const found = { secret: await readEntry(this.#ring, entry), entry };
    this.#failed = null;
    return found;
  }

  #take(found: HeldSecret): void {
    const { logger, app } = this.#context;
    this.#held = found;
    logger.info(
      found.secret === null
        ? "The enrolment secret is gone: no agent can enrol."
        : "The enrolment secret is another one from now on.",
      { app },
    );
  }
}

async function readFromCredentials({ env }: EnrolmentSearchContext): Promise<Bytes | null> {
  const credential = await readCredential(env, ENROLMENT_CREDENTIAL);
  if (credential === null) return null;
  return readEnrolmentSecret(credential, { source: `credential ${ENROLMENT_CREDENTIAL}` });
}

function findEntry({ app }: EnrolmentSearchContext, ring: KeyRing): Promise<KeyEntry | null> {
  return ring.find({ kind: "enrolment", name: app });
}

async function readEntry(ring: KeyRing, entry: KeyEntry): Promise<Bytes> {
  return readEnrolmentSecret(await ring.read(entry), { source: ring.where(entry) });
}

function isSameEntry(one: KeyEntry, other: KeyEntry | null): boolean {
  return one.name === other?.name && one.store === other.store &&
    one.createdMs === other.createdMs;
}

function isSameSecret(one: Bytes | null, other: Bytes | null): boolean {
  if (one === null || other === null) return one === other;
  return equalBytes(one, other);
}
