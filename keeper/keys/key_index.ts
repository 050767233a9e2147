/**
 * Which keys there are and where each is kept: what can be told without unlocking anything.
 *
 * @module
 */
import { isZelId } from "../../flux/mod.ts";
import { type Bytes, decodeUtf8, encodeUtf8, isAppName, StorageError } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import { keyIdOf, type KeyKind, type KeyName, type KeyStoreName } from "./stores/mod.ts";

/** Where a secret is kept. */
export interface KeyPlace extends KeyName {
  /** Which store has it. */
  readonly store: KeyStoreName;
}

/** A secret of the list. */
export interface KeyEntry extends KeyPlace {
  /** When it was stored, in Unix milliseconds. */
  readonly createdMs: number;
}

/** The options of {@linkcode KeyIndex.update}. */
export interface KeyIndexUpdateOptions {
  /**
   * Takes back what the change did elsewhere, where the list cannot be written; nobody else changes the
   * list meanwhile. What it throws is passed over for the failure itself.
   */
  readonly undo?: () => Promise<void>;
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
   * Changes the list, while nobody else changes it; a change that rejects changes nothing, and one
   * that returns the same list writes nothing.
   *
   * @throws {StorageError} where it cannot be read or written, and whatever the change throws.
   */
  update(
    change: (entries: readonly KeyEntry[]) => Promise<readonly KeyEntry[]>,
    options?: KeyIndexUpdateOptions,
  ): Promise<void>;
}

const VERSION = 1;
const KINDS: readonly KeyKind[] = ["keeper-key", "enrolment", "authority"];
const STORES: readonly KeyStoreName[] = ["system", "file"];

/** Tells whether two names mean the same secret; how the name of an app is written does not count. */
export function isSameKey(one: KeyName, other: KeyName): boolean {
  if (one.kind !== other.kind) return false;
  return one.kind === "enrolment" ? isSameApp(one.name, other.name) : one.name === other.name;
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
    if (entries.findIndex((other) => keyIdOf(entry) === keyIdOf(other)) !== at) {
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
