/**
 * What a plugin of a keeper stores, where several keepers may run it at a time: one that serves, and the
 * command line.
 *
 * @module
 */
import { CallError } from "../../protocol/mod.ts";
import { lockFolder, storageError } from "../../protocol/host/mod.ts";
import { type PluginAsk, type PluginAsks, PluginStorage } from "../../protocol/host/plugins/mod.ts";

/** How long another keeper may take to write. */
const LOCK_WAIT_MS = 5_000;

/**
 * Answers what a plugin asks of its storage, by the file as it is now: whoever sets something looks at it
 * anew under a lock, so that nobody undoes what another one set.
 */
export function sharedStorageAsks(folder: string): PluginAsks {
  let last: Promise<unknown> = Promise.resolve();
  const change = (work: (storage: PluginStorage) => Promise<void>): Promise<void> => {
    const changed = last.then(async () => {
      await makeFolder(folder);
      using _lock = await lockFolder(folder, { waitMs: LOCK_WAIT_MS });
      await work(await PluginStorage.open(folder));
    });
    last = changed.catch(() => {});
    return changed;
  };
  const asks: Readonly<Record<string, PluginAsk>> = {
    "storage.get": async ([key]) => (await PluginStorage.open(folder)).get(keyOf(key)),
    "storage.set": async ([key, value]) => {
      await change((storage) => storage.set(keyOf(key), value ?? null));
    },
    "storage.delete": async ([key]) => await change((storage) => storage.delete(keyOf(key))),
    "storage.list": async () => (await PluginStorage.open(folder)).list(),
  };
  return new Map(Object.entries(asks));
}

function keyOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new CallError("key-malformed", "a key of a plugin's storage is a text");
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, `make the folder ${JSON.stringify(path)}`);
  }
}
