/**
 * The processes that this program started and whose end it waits for itself.
 *
 * As process number 1 it also has children that others left behind; only those may be reaped by hand.
 *
 * @module
 */

/** The numbers of children whose end somebody waits for. */
export class OwnChildren {
  readonly #pids = new Set<number>();

  /**
   * Takes up a child; call it in the very turn of the event loop in which the child was started.
   *
   * @param ended Settles once somebody has taken note of the child's end.
   */
  track(pid: number, ended: Promise<unknown>): void {
    this.#pids.add(pid);
    const forget = () => this.#pids.delete(pid);
    ended.then(forget, forget);
  }

  /** Tells whether a process is such a child. */
  has(pid: number): boolean {
    return this.#pids.has(pid);
  }
}
