/** The assertions that the tests use, over the platform's own. */
import strict from "node:assert/strict";
import { FluxVaultError } from "../../protocol/errors.ts";

/** Fails unless `value` is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  strict.ok(value, message);
}

/** Fails unless both values are deeply and strictly equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  strict.deepStrictEqual(actual, expected, message);
}

/** Fails unless `text` matches the pattern. */
export function assertMatch(text: string, pattern: RegExp, message?: string): void {
  strict.match(text, pattern, message);
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, errorClass: ErrorClass<E>, code?: string): E {
  if (!(error instanceof errorClass)) {
    throw new strict.AssertionError({
      message: `expected ${errorClass.name}, got ${error instanceof Error ? error.stack : error}`,
    });
  }
  if (code !== undefined) {
    const actual = error instanceof FluxVaultError ? error.code : (error as { name: string }).name;
    strict.equal(actual, code, `wrong code; the message was: ${error.message}`);
  }
  return error;
}

/** Fails unless the promise rejects with an error of this class and, where given, this code. */
export async function assertRejects<E extends Error>(
  run: () => Promise<unknown>,
  errorClass: ErrorClass<E>,
  code?: string,
): Promise<E> {
  let result: unknown;
  try {
    result = await run();
  } catch (error) {
    return checkError(error, errorClass, code);
  }
  throw new strict.AssertionError({
    message: `expected a rejection with ${errorClass.name}, got the value ${typeof result}`,
  });
}

/** Fails unless the function throws an error of this class and, where given, this code. */
export function assertThrows<E extends Error>(
  run: () => unknown,
  errorClass: ErrorClass<E>,
  code?: string,
): E {
  try {
    run();
  } catch (error) {
    return checkError(error, errorClass, code);
  }
  throw new strict.AssertionError({ message: `expected ${errorClass.name} to be thrown` });
}
