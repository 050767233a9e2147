/**
 * Where secrets of a keeper are kept: the stores of operating systems, and an encrypted file.
 *
 * @module
 */
export { type CommandRunner, systemCommandRunner } from "./command_runner.ts";
export { CredentialLockerStore } from "./credential_locker_store.ts";
export { EncryptedFileStore } from "./encrypted_file_store.ts";
export {
  checkPrintable,
  keyIdOf,
  type KeyKind,
  type KeyName,
  type KeyStore,
  type KeyStoreChoice,
  type KeyStoreName,
  type KeyWriteOptions,
} from "./key_store.ts";
export { KeychainStore } from "./keychain_store.ts";
export { passphraseSource } from "./passphrase.ts";
export type { KeyCost } from "./sealed_secret.ts";
export { SecretServiceStore } from "./secret_service_store.ts";
