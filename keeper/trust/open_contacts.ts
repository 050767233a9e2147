/**
 * The contacts of a pass that are still to be judged, so that an agent's address on record is heard
 * before any other address that shows the same key.
 *
 * @module
 */
import { createDeferred, type Deferred } from "../../protocol/mod.ts";

/** Lets one contact wait for another. */
export class OpenContacts {
  readonly #open = new Map<string, Deferred<void>>();

  /** Announces a contact that is about to be made. */
  begin(address: string): void {
    if (!this.#open.has(address)) this.#open.set(address, createDeferred<void>());
  }

  /** Says that a contact was judged, or came to nothing. */
  end(address: string): void {
    this.#open.get(address)?.resolve();
    this.#open.delete(address);
  }

  /**
   * Waits until the contact at an address is over, if one is open.
   *
   * @returns Whether it is over; `false` where it took longer than the time given.
   */
  async whenOver(address: string, timeoutMs: number): Promise<boolean> {
    const contact = this.#open.get(address);
    if (contact === undefined) return true;
    const late = createDeferred<boolean>();
    const timer = setTimeout(() => late.resolve(false), timeoutMs);
    try {
      return await Promise.race([contact.promise.then(() => true), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
