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
  removeTemporaries,
  syncFolder,
  TEMPORARY_SUFFIX,
  temporaryName,
  writeFileAtomically,
} from "./atomic_file.ts";
export {
  type Command,
  type CommandContext,
  type CommandModule,
  defineCommand,
  defineOptions,
  fluxApiError,
  GLOBAL_OPTIONS,
  isGiven,
  type Option,
  type OptionTable,
  type OptionValue,
  type Program,
  type ProgramHost,
  type ResolvedSettings,
  resolveSettings,
  runProgram,
  type SettingEntry,
  settingError,
  type SettingProblem,
  type SettingsInput,
  type SettingsOf,
  type SettingSource,
  suggestName,
  systemHost,
  VARIABLE_PREFIX,
  type WithGlobalOptions,
} from "./command_line/mod.ts";
export { type Environment, fixedEnvironment, SYSTEM_ENVIRONMENT } from "./environment.ts";
export { type LogSettings, type ProgramLog, setUpLog } from "./log_setup.ts";
export { DigestCache, type FileStamp, type HashedFile, isSameStamp } from "./digest_cache.ts";
export { basename, dirname, isAbsolute, join, normalize, relative, resolve } from "./file_path.ts";
export { createNodeHasher } from "./node_hasher.ts";
export { DISCLOSED_HINT, looksLikePrivateKey } from "./private_key_text.ts";
export { printableJson, sanitiseText } from "./printable_text.ts";
export {
  listenForShutdown,
  type Shutdown,
  type SignalSource,
  StopRequested,
  type StopSignal,
} from "./shutdown.ts";
export {
  LOCK_FILE_NAME,
  lockFile,
  lockFolder,
  type StateLock,
  type StateLockOptions,
} from "./state_lock.ts";
export { errnoOf, storageError } from "./storage_error.ts";
export { formatTable, type TableColumn } from "./table.ts";
export { dialTcp, type DialTcpOptions, formatAddress } from "./tcp_dial.ts";
export { type TcpAddress, type TcpConnection, tcpConnection } from "./tcp_duplex.ts";
export {
  EXIT_CHANGES,
  EXIT_DONE,
  EXIT_FAILURE,
  EXIT_MISTAKE,
  exitCodeOf,
  formatError,
  paint,
  reportError,
  type TextOutput,
  type TextStyle,
} from "./terminal.ts";
export { TerminalArea, type TerminalScreen } from "./terminal_area.ts";
export { type ReadAllOptions, type ReadOptions, type TextInput } from "./terminal_input.ts";
export { type BatchItem, type BatchWriter, WriteBatches } from "./write_batches.ts";
