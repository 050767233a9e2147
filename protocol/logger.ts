/**
 * The one thing that this library asks of a log: four methods.
 *
 * The shape is that of a LogTape logger, so `getLogger(["fluxvault"])` can be passed as it is;
 * `console` serves too. The library never writes a secret, a key or file contents to it.
 *
 * @module
 */

/** Receives log events; must not throw. */
export interface Logger {
  /** Takes an event that only a developer wants to see. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** Takes an event that an operator may want to see. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** Takes an event that an operator should look at. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** Takes an event that an operator must look at. */
  error(message: string, properties?: Record<string, unknown>): void;
}

/**
 * A logger that drops everything: the default wherever a logger can be given.
 *
 * @example
 * ```ts
 * import { SILENT_LOGGER } from "@fluxvault/fluxvault/protocol";
 *
 * SILENT_LOGGER.warn("nobody sees this");
 * ```
 */
export const SILENT_LOGGER: Logger = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
});
