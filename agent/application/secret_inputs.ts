/**
 * What of the secret files an application is given when it starts: variables of its environment, and
 * open descriptors.
 *
 * @module
 */
import { type Bytes, StorageError } from "../../protocol/mod.ts";
import { nodeFs } from "../disk/files/mod.ts";
import { MAX_VARIABLE_BYTES } from "../limits.ts";
import type { DeliveredFiles } from "./delivered_files.ts";

/** Which files an application is given, and how. */
export interface SecretInputs {
  /** The paths of files whose contents become variables, by the name of the variable. */
  readonly variables: ReadonlyMap<string, string>;
  /** The paths of files that are opened for reading, by the number of the descriptor. */
  readonly descriptors: ReadonlyMap<number, string>;
}

/** What an application is given, ready. */
export interface OpenedInputs {
  /** The variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** This process's descriptors, by the numbers that they have in the application. */
  readonly descriptors: ReadonlyMap<number, number>;
  /** Closes the descriptors here; further calls do nothing. */
  close(): void;
}

/**
 * Opens all that an application is given.
 *
 * @throws {StorageError} where a file is not there, cannot be read, or cannot be a variable.
 */
export async function openInputs(
  inputs: SecretInputs,
  files: Pick<DeliveredFiles, "open" | "read">,
): Promise<OpenedInputs> {
  const { closeSync } = await nodeFs();
  const variables: Record<string, string> = {};
  for (const [name, path] of inputs.variables) {
    variables[name] = variableText(name, await files.read(path, MAX_VARIABLE_BYTES));
  }
  const descriptors = new Map<number, number>();
  const close = () => {
    for (const [number, descriptor] of descriptors) {
      descriptors.delete(number);
      closeSync(descriptor);
    }
  };
  try {
    for (const [number, path] of inputs.descriptors) {
      descriptors.set(number, await files.open(path));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { variables, descriptors, close };
}

/** Returns contents as the value of a variable: without the newline that ends a text file. */
function variableText(name: string, contents: Bytes | null): string {
  // The name, the sign behind it and the NUL at its end count as well.
  if (contents === null || contents.length + name.length + 2 > MAX_VARIABLE_BYTES) {
    throw refusal(name, `is larger than a variable may be, ${MAX_VARIABLE_BYTES} bytes`);
  }
  if (contents.includes(0)) throw refusal(name, "holds a NUL");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(contents);
    return text.endsWith("\n") ? text.slice(0, -1) : text;
  } catch {
    throw refusal(name, "is not UTF-8");
  }
}

function refusal(name: string, reason: string): StorageError {
  return new StorageError("io-failed", `the file for the variable ${name} ${reason}`, {
    hint: "Let the application read the file itself, or give it on a descriptor with --fd.",
  });
}

/** Returns an environment without what is meant for the agent alone. */
export function applicationEnvironment(
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith("FLUXVAULT_")),
  );
}
