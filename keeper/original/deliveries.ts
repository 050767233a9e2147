/**
 * What each node of the original was last known to hold.
 *
 * A node of the original says what it holds by a CRC-32. Two secrets with one checksum are quickly
 * found, so a keeper that knows what it delivered sends a file that changed since, whatever the
 * checksum says.
 *
 * @module
 */
import { FluxVaultError } from "../../protocol/mod.ts";

/** The SHA-256 in hex of what each node holds: by `host:port`, and by the path of the file. */
export type DeliveriesState = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Where deliveries are kept between two runs of a keeper. */
export interface DeliveriesStore {
  /** Reads what is kept. */
  load(): Promise<DeliveriesState>;
  /** Adds to what is kept; what it says goes before what was kept of the same node. */
  merge(news: DeliveriesState): Promise<void>;
}

/** Keeps nothing between two runs. */
export const NO_DELIVERIES_STORE: DeliveriesStore = Object.freeze({
  load: () => Promise.resolve<DeliveriesState>(new Map()),
  merge: () => Promise.resolve(),
});

/** The deliveries of one keeper. */
export class Deliveries {
  readonly #store: DeliveriesStore;
  readonly #nodes = new Map<string, Map<string, string>>();
  readonly #news = new Set<string>();
  #loading: Promise<void> | null = null;
  #isLoaded = false;

  /** Reads nothing yet. */
  constructor(store: DeliveriesStore = NO_DELIVERIES_STORE) {
    this.#store = store;
  }

  /** Reads what was kept, once. */
  async load(): Promise<void> {
    this.#loading ??= this.#store.load().then((state) => {
      for (const [node, files] of state) this.#nodes.set(node, new Map(files));
    });
    try {
      await this.#loading;
      this.#isLoaded = true;
    } catch (error) {
      this.#loading = null;
      throw error;
    }
  }

  /**
   * Reads what was kept, and says what kept it from that, or `null`: nodes of the original are then
   * served by checksums alone.
   */
  async tryLoad(): Promise<{ readonly code: string; readonly message: string } | null> {
    try {
      await this.load();
      return null;
    } catch (error) {
      if (!(error instanceof FluxVaultError)) throw error;
      const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
      return { code: error.code, message };
    }
  }

  /** Whether what was kept is known: without it nothing may be written over it. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Returns the SHA-256 of what a node holds at a path, or `null` where nothing is known. */
  last(node: string, path: string): string | null {
    return this.#nodes.get(node)?.get(path) ?? null;
  }

  /** Notes what a node holds from now on. */
  note(node: string, file: { readonly path: string; readonly digest: string }): void {
    const files = this.#nodes.get(node) ?? new Map<string, string>();
    if (files.get(file.path) === file.digest) return;
    this.#nodes.set(node, files.set(file.path, file.digest));
    this.#news.add(node);
  }

  /** Hands what is new to the store. */
  async save(): Promise<void> {
    if (this.#news.size === 0) return;
    const news = new Map([...this.#news].map((node) => [node, this.#nodes.get(node) ?? new Map()]));
    this.#news.clear();
    try {
      await this.#store.merge(news);
    } catch (error) {
      for (const node of news.keys()) this.#news.add(node);
      throw error;
    }
  }
}
