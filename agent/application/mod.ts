/**
 * The application of an agent that is its entrypoint.
 *
 * @module
 */
export { startChild } from "./child_process.ts";
export { DeliveredFiles } from "./delivered_files.ts";
export { FileWait } from "./file_wait.ts";
export { OrphanReaper } from "./orphan_reaper.ts";
export { OwnChildren } from "./own_children.ts";
export { openProcessLibrary } from "./process_library.ts";
export {
  applicationEnvironment,
  type OpenedInputs,
  openInputs,
  type SecretInputs,
} from "./secret_inputs.ts";
export { SignalRelay } from "./signal_relay.ts";
export { type ChildEnd, Supervisor } from "./supervisor.ts";
