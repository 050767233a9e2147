/** Stores and sources that do not come to an end by themselves. */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";

/** Makes a source of files by path and text. */
export function sourceOf(files: Record<string, string>): Promise<MemorySecretSource> {
  return MemorySecretSource.from(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [path, encodeUtf8(text)])),
  );
}

/** A store whose first delivery does not end before it is let go. */
export class StuckStore extends MemorySecretStore {
  /** Settles when the delivery is stuck. */
  readonly reached: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** Resolve it to let the delivery go on. */
  readonly letGo: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  override async inspect(path: string): ReturnType<MemorySecretStore["inspect"]> {
    this.reached.resolve();
    await this.letGo.promise;
    return await super.inspect(path);
  }
}

/** A source that opens a file and never gives anything of it. */
export class StuckSource implements SecretSource {
  readonly entries: SecretSource["entries"];
  readonly missing: SecretSource["missing"];
  readonly #onOpen: () => Promise<void> | void;

  /** Offers what the other source does; `onOpen` is called when a file is asked for. */
  constructor(source: SecretSource, onOpen: () => Promise<void> | void = () => {}) {
    this.entries = source.entries;
    this.missing = source.missing;
    this.#onOpen = onOpen;
  }

  async open(): ReturnType<SecretSource["open"]> {
    await this.#onOpen();
    const next = () => new Promise<IteratorResult<Uint8Array>>(() => {});
    return { offset: 0, chunks: { [Symbol.asyncIterator]: () => ({ next }) } };
  }
}
