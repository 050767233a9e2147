/** Stores and sources that do not come to an end by themselves. */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { StorageError } from "../../protocol/errors.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import type { Survey, WantedState } from "../../protocol/survey.ts";

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

  override async survey(wanted: WantedState): Promise<Survey> {
    await this.#wait();
    return await super.survey(wanted);
  }

  /** The wire of the original compares one file after the other. */
  override async inspect(path: string): ReturnType<MemorySecretStore["inspect"]> {
    await this.#wait();
    return await super.inspect(path);
  }

  async #wait(): Promise<void> {
    this.reached.resolve();
    await this.letGo.promise;
  }
}

/** A source that opens a file and gives nothing of it before it is let go; then it fails. */
export class StuckSource implements SecretSource {
  readonly entries: SecretSource["entries"];
  readonly missing: SecretSource["missing"];
  /** Settles when a file has been asked for. */
  readonly opened: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  readonly #letGo: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  /** Offers what the other source does. */
  constructor(source: SecretSource) {
    this.entries = source.entries;
    this.missing = source.missing;
  }

  open(): ReturnType<SecretSource["open"]> {
    this.opened.resolve();
    const next = async (): Promise<never> => {
      await this.#letGo.promise;
      throw new StorageError("file-changed", "it was let go");
    };
    return Promise.resolve({ offset: 0, chunks: { [Symbol.asyncIterator]: () => ({ next }) } });
  }

  /** Lets the delivery come to its end. */
  letGo(): void {
    this.#letGo.resolve();
  }
}
