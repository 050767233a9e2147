/**
 * What goes into an action and comes out of it: JSON that fits a message (spec, section 13).
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import { MAX_CALL_VALUE_BYTES } from "../limits.ts";
import { isWellFormedDeep } from "../message_fields.ts";
import { CALL_WORD } from "./call_messages.ts";

/** Throws `TypeError` where a text cannot be the name of an action. */
export function checkActionName(name: string): void {
  if (!CALL_WORD.test(name)) throw new TypeError("an action is named [a-z][a-z0-9-]{0,63}");
}

/**
 * Returns a value as the peer will read it; `undefined`, which stands for none, as it is.
 *
 * @param what What it is, for the message of an error.
 * @throws {TypeError} if JSON cannot hold it, or it has a lone surrogate, or nests deeper than 15.
 * @throws {RangeError} if its JSON has more than 65,024 bytes.
 */
export function checkCallValue(value: unknown, what: string): unknown {
  if (value === undefined) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // The platform's message names members, which may be secret: it is not kept as a cause.
  }
  if (json === undefined) throw new TypeError(`${what} is nothing that JSON can hold`);
  if (encodeUtf8(json).length > MAX_CALL_VALUE_BYTES) {
    throw new RangeError(`${what} has more than ${MAX_CALL_VALUE_BYTES} bytes of JSON`);
  }
  const plain: unknown = JSON.parse(json);
  if (!isWellFormedDeep(plain, 1)) {
    throw new TypeError(`${what} holds a lone surrogate, or nests too deep`);
  }
  return plain;
}
