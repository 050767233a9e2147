/**
 * Where an authority keeps what it must not forget.
 *
 * @module
 */
import type { Bytes } from "../../../protocol/mod.ts";
import type { AppIndex } from "./app_index.ts";
import type { RootIndex } from "./root_index.ts";

/** What can be read at any time: each index is whole, and the one or the other may be newer. */
export interface AuthorityReader {
  /**
   * Returns the index of the root, or `null` where there is no authority yet.
   *
   * @throws {StorageError} where it cannot be read, is damaged, or is missing beside what it made.
   */
  loadRoot(): Promise<RootIndex | null>;
  /**
   * Returns the index of an app, or `null` where nothing was issued for it.
   *
   * @throws {StorageError} where it cannot be read or is damaged.
   */
  loadApp(app: string): Promise<AppIndex | null>;
  /** Returns the indexes of all apps, in the order of their names. */
  loadApps(): Promise<readonly AppIndex[]>;
}

/** What can be changed while nobody else changes it; what was saved outlasts whatever comes. */
export interface AuthorityFiles extends AuthorityReader {
  /** Saves the index of the root. */
  saveRoot(index: RootIndex): Promise<void>;
  /** Saves the index of an app. */
  saveApp(index: AppIndex): Promise<void>;
  /**
   * Returns the file of a private key.
   *
   * @throws {StorageError} `file-missing` where there is none.
   */
  loadKey(keyId: string): Promise<Bytes>;
  /** Saves the file of a private key; its id is new. */
  saveKey(keyId: string, file: Bytes): Promise<void>;
}

/** Keeps the state of an authority. */
export interface AuthorityStore {
  /** Says where, as words that can follow "in". */
  readonly where: string;
  /** Reads it. */
  readonly reader: AuthorityReader;
  /**
   * Changes it, while no other process and nobody in this one does.
   *
   * @throws {StorageError} `locked` where another is at it for too long, and whatever the work throws.
   */
  change<T>(work: (files: AuthorityFiles) => Promise<T>): Promise<T>;
}

/** Keeps the secret that encrypts the private keys. */
export interface AuthoritySecrets {
  /**
   * Returns the secret of an authority.
   *
   * @throws {ConfigError} or {StorageError} where it cannot be had.
   */
  read(id: string): Promise<string>;
  /** Makes a secret and keeps it; one that an attempt before this left is taken. */
  create(): Promise<{ readonly id: string; readonly secret: string }>;
}
