/**
 * Waiting for the next connection, and for something else that comes first.
 *
 * @module
 */
import { createDeferred } from "../protocol/mod.ts";
import type { IncomingConnection } from "./incoming_connection.ts";

/** Waits for the next connection; `null` where there are no more, or once woken. */
export function nextUnlessWoken(
  iterator: AsyncIterator<IncomingConnection>,
  onWaiting: (wake: () => void) => void,
): Promise<IncomingConnection | null> {
  const { promise, resolve, reject } = createDeferred<IncomingConnection | null>();
  onWaiting(() => resolve(null));
  iterator.next().then((next) => resolve(next.done ? null : next.value), reject);
  return promise;
}
