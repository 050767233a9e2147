/**
 * The environment variables as a program sees them, or as a test wants it to see them.
 *
 * @module
 */

/** Reads environment variables. */
export interface Environment {
  /** Returns the value of a variable, or `undefined` where it is missing or may not be read. */
  get(name: string): string | undefined;
  /** Returns the names of all variables, as far as they may be listed. */
  names(): readonly string[];
}

/** The environment of this process, as far as the program's permissions show it. */
export const SYSTEM_ENVIRONMENT: Environment = Object.freeze({
  get(name: string): string | undefined {
    return ifPermitted(() => Deno.env.get(name), undefined);
  },
  names(): readonly string[] {
    // Needs the permission for all variables; a program with fewer has no list.
    return ifPermitted(() => Object.keys(Deno.env.toObject()), []);
  },
});

function ifPermitted<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return otherwise;
    throw error;
  }
}

/** Makes an environment of exactly these variables. */
export function fixedEnvironment(variables: Readonly<Record<string, string>> = {}): Environment {
  const map = new Map(Object.entries(variables));
  return { get: (name) => map.get(name), names: () => [...map.keys()] };
}
