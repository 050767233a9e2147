/**
 * Which keys there are and where each is kept: what can be told without unlocking anything.
 *
 * @module
 */
import { isZelId } from "../../flux/mod.ts";
import { type Bytes, decodeUtf8, encodeUtf8, isAppName, StorageError } from "../../protocol/mod.ts";
import type { KeyKind, KeyName, KeyStoreName } from "./key_store.ts";

/** A secret that is kept somewhere. */
export interface KeyEntry extends KeyName {
  /** Which store has it. */
  readonly store: KeyStoreName;
  /** When it was stored, in Unix milliseconds. */
  readonly createdMs: number;
}

/** Keeps the list of keys. */
export interface KeyIndex {
  /**
   * Returns the list, in the order in which the keys were stored.
   *
   * @throws {StorageError} where it cannot be read.
   */
  load(): Promise<readonly KeyEntry[]>;
  /**
   * Changes the list, while nobody else changes it; a change that rejects changes nothing.
   *
   * @throws {StorageError} where it cannot be read or written, and whatever the change throws.
   */
  update(
    change: (entries: readonly KeyEntry[]) => Promise<readonly KeyEntry[]>,
  ): Promise<void>;
}

const VERSION = 1;
const KINDS: readonly KeyKind[] = ["keeper-key", "enrolment"];
const STORES: readonly KeyStoreName[] = ["system", "file"];

/** Tells whether two names mean the same secret. */
export function isSameKey(one: KeyName, other: KeyName): boolean {
  return one.kind === other.kind && one.name === other.name;
}

/** Writes the list as JSON that a person can read. */
export function encodeKeyIndex(entries: readonly KeyEntry[]): Bytes {
  const keys = entries.map(({ kind, name, store, createdMs }) => ({
    kind,
    name,
    store,
    created: new Date(createdMs).toISOString(),
  }));
  return encodeUtf8(`${JSON.stringify({ version: VERSION, keys }, null, 2)}\n`);
}

/**
 * Reads the list.
 *
 * @throws {StorageError} `state-malformed` where it is none.
 */
export function decodeKeyIndex(bytes: Uint8Array): readonly KeyEntry[] {
  let file: unknown;
  try {
    file = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
  if (!isObject(file) || file["version"] !== VERSION) {
    throw malformed(`it is not of version ${VERSION}`);
  }
  const { keys } = file;
  if (!Array.isArray(keys)) throw malformed("its keys are missing");
  const entries = keys.map(readEntry);
  entries.forEach((entry, at) => {
    if (entries.findIndex((other) => isSameKey(entry, other)) !== at) {
      throw malformed(`keys[${at}] is there twice`);
    }
  });
  return entries;
}

function readEntry(value: unknown, index: number): KeyEntry {
  if (!isObject(value)) throw malformed(`keys[${index}] is no object`);
  const kind = KINDS.find((known) => known === value["kind"]);
  const store = STORES.find((known) => known === value["store"]);
  const { name, created } = value;
  const createdMs = typeof created === "string" ? Date.parse(created) : NaN;
  const isSound = kind !== undefined && store !== undefined && typeof name === "string" &&
    (kind === "keeper-key" ? isZelId(name) : isAppName(name)) && Number.isSafeInteger(createdMs);
  if (!isSound) throw malformed(`keys[${index}] is damaged`);
  return { kind, name, store, createdMs };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `this is no list of keys: ${reason}`);
}
