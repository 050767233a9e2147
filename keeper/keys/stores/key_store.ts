/**
 * Where a keeper's secrets are kept: its key, the enrolment secrets of its apps, and the secret of its
 * certificate authority.
 *
 * @module
 */

/** What a secret is for. */
export type KeyKind =
  /** The private key of an address, with which a keeper signs. */
  | "keeper-key"
  /** The secret of an app, by which the keeper knows its agents. */
  | "enrolment"
  /** The secret under which a certificate authority keeps its private keys. */
  | "authority";

/** The kinds of store that there are. */
export type KeyStoreName =
  /** The store of the operating system, which it unlocks when the operator logs in. */
  | "system"
  /** Files in the folder of state, encrypted with a passphrase. */
  | "file";

/** Which store a new secret goes to: `auto` is the system's where it works, else the file. */
export type KeyStoreChoice = "auto" | KeyStoreName;

/** Which secret is meant. */
export interface KeyName {
  /** What it is for. */
  readonly kind: KeyKind;
  /** The address, the app, or the id of the authority. */
  readonly name: string;
}

/** The options of {@linkcode KeyStore.write}. */
export interface KeyWriteOptions {
  /** What the system's own programs show of the secret: printable ASCII. */
  readonly label: string;
}

/**
 * Keeps secrets by their ids, which are of letters, digits and hyphens.
 *
 * A secret is printable ASCII without spaces. No error names one.
 */
export interface KeyStore {
  /** Which kind of store it is. */
  readonly name: KeyStoreName;
  /** Says where it keeps a secret, as words that can follow "in". */
  where(id: string): string;
  /** Tells whether it can be used here; never rejects but for the signal. */
  isAvailable(): Promise<boolean>;
  /**
   * Tells whether it keeps a secret under this id, and unlocks nothing for it.
   *
   * @throws {StorageError} where it cannot tell.
   */
  has(id: string): Promise<boolean>;
  /**
   * Returns a secret, or `null` where there is none.
   *
   * @throws {StorageError} or {ConfigError} where it is there, or may be, and cannot be had.
   */
  read(id: string): Promise<string | null>;
  /**
   * Keeps a secret, in the place of one that it has under this id.
   *
   * @throws {StorageError} where it is not kept.
   */
  write(id: string, secret: string, options: KeyWriteOptions): Promise<void>;
  /** Forgets a secret; does nothing where there is none. */
  remove(id: string): Promise<void>;
}

const ID = /^[A-Za-z0-9-]{1,100}$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Returns the id of a secret. */
export function keyIdOf({ kind, name }: KeyName): string {
  return checkId(`${kind}-${name}`);
}

/**
 * Returns the id as it is.
 *
 * @throws {RangeError} if it has other characters than those of an id.
 */
export function checkId(id: string): string {
  if (!ID.test(id)) throw new RangeError("an id of a key has letters, digits and hyphens");
  return id;
}

/**
 * Returns the text as it is.
 *
 * @throws {RangeError} if it has other characters than printable ASCII; it is not repeated.
 */
export function checkPrintable(text: string): string {
  if (!PRINTABLE.test(text)) throw new RangeError("a store of keys takes printable ASCII only");
  return text;
}
