/**
 * What both programs need from the machine they run on: files, sockets, settings, terminal, log.
 *
 * For `agent/`, `keeper/` and `dist/` only; the pure part of the library imports nothing from here.
 *
 * @module
 */
export {
  type AtomicFileOptions,
  type OptionalFileOptions,
  PRIVATE_FILE_MODE,
  readOptionalFile,
  syncFolder,
  TEMPORARY_SUFFIX,
  temporaryName,
  writeFileAtomically,
} from "./atomic_file.ts";
export { type Environment, fixedEnvironment, SYSTEM_ENVIRONMENT } from "./environment.ts";
export { GLOBAL_OPTIONS } from "./global_options.ts";
export { createNodeHasher } from "./node_hasher.ts";
export {
  defineOptions,
  type Option,
  type OptionTable,
  type OptionValue,
  type SettingsOf,
  VARIABLE_PREFIX,
} from "./option_table.ts";
export {
  isGiven,
  type ResolvedSettings,
  resolveSettings,
  type SettingEntry,
  settingError,
  type SettingProblem,
  type SettingsInput,
  type SettingSource,
} from "./settings.ts";
export {
  LOCK_FILE_NAME,
  lockFile,
  lockFolder,
  type StateLock,
  type StateLockOptions,
} from "./state_lock.ts";
export { errnoOf, storageError } from "./storage_error.ts";
export {
  dialTcp,
  type DialTcpOptions,
  formatAddress,
  type TcpAddress,
  type TcpConnection,
  tcpConnection,
} from "./tcp_duplex.ts";
