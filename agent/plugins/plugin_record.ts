/**
 * What an agent remembers of its plugins.
 *
 * @module
 */

/** A version of a plugin, by its contents. */
export interface PluginVersion {
  /** The plugin's name. */
  readonly name: string;
  /** Its version: three numbers with dots. */
  readonly version: string;
  /** The SHA-256 of its package in lower-case hex. */
  readonly digest: string;
}

/** A plugin that was put here. */
export interface PluginRecord extends PluginVersion {
  /** The signature under its statement; 88 characters of base64. */
  readonly signature: string;
}

/** All that is remembered. */
export interface PluginBook {
  /** The plugins that are here; no name twice. */
  readonly installed: readonly PluginRecord[];
  /** The highest version that was ever here of each name, removed ones among them. */
  readonly highest: readonly PluginVersion[];
}

/** Keeps plugins so that they outlast a restart. */
export interface PluginStore {
  /**
   * Reads what is remembered.
   *
   * @throws {StorageError} where that cannot be read: then no plugin may be put here, or an older one
   * could pass for a new one.
   */
  load(): Promise<PluginBook>;
  /**
   * Puts this in the place of what was remembered; all of it or nothing.
   *
   * @throws {StorageError} with what the system said.
   */
  save(book: PluginBook): Promise<void>;
  /** Reads a package by its digest, unchecked; `null` where there is none. */
  readPackage(digest: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Keeps a package.
   *
   * @throws {StorageError} with what the system said.
   */
  writePackage(digest: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes all packages but these; what cannot be removed stays: never rejects. */
  sweep(digests: readonly string[]): Promise<void>;
}
