/**
 * The keys of the keeper of this machine.
 *
 * @module
 */
import type { Environment } from "../../protocol/host/mod.ts";
import { KeyIndexFile } from "./key_index_file.ts";
import { KeyRing } from "./key_ring.ts";
import type { OperatorContext } from "./operator_dialogue.ts";
import {
  type CommandRunner,
  CredentialLockerStore,
  EncryptedFileStore,
  KeychainStore,
  type KeyCost,
  type KeyStore,
  passphraseSource,
  SecretServiceStore,
  systemCommandRunner,
} from "./stores/mod.ts";

/** What the keys are opened with. */
export interface KeyRingContext extends OperatorContext {
  /** The folder of state. */
  readonly stateFolder: string;
  /** The environment variables. */
  readonly env: Environment;
}

/** What a test puts in the place of the machine's own. */
export interface KeyRingParts {
  /** Runs the programs of the system. @default those of this machine */
  readonly run?: CommandRunner;
  /** What the key of a new encrypted file costs. @default {DEFAULT_KEY_COST} */
  readonly cost?: KeyCost;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Returns the store of an operating system; the others have what a Linux desktop has. */
export function systemKeyStore(os: typeof Deno.build.os, run: CommandRunner): KeyStore {
  if (os === "darwin") return new KeychainStore(run);
  if (os === "windows") return new CredentialLockerStore(run);
  return new SecretServiceStore(run);
}

/** Opens the keys; nothing is read, asked for or made until it is needed. */
export function openKeyRing(context: KeyRingContext, parts: KeyRingParts = {}): KeyRing {
  const { stateFolder, env, signal, stderr } = context;
  const run = parts.run ?? systemCommandRunner(env, { signal });
  const passphrase = passphraseSource(context);
  const { cost, now } = parts;
  return new KeyRing({
    index: new KeyIndexFile(stateFolder),
    system: systemKeyStore(Deno.build.os, run),
    file: new EncryptedFileStore(stateFolder, {
      passphrase,
      ...(cost === undefined ? {} : { cost }),
    }),
    note: (text) => stderr.write(`${text}\n`),
    ...(now === undefined ? {} : { now }),
  });
}
