/**
 * The ways in which asking the Flux network can fail.
 *
 * @module
 */
import { FluxVaultError, type FluxVaultErrorOptions } from "../protocol/errors.ts";

/**
 * What went wrong with a question to the Flux API.
 *
 * - `api-unreachable`: nobody answered in time, or a proxy turned the request away.
 * - `api-error`: FluxOS answered, and its answer was an error.
 * - `app-unknown`: FluxOS knows no app of this name.
 * - `arcane-only`: the node may not show the specification of an enterprise app.
 * - `name-invalid`: the name cannot belong to an app, so nothing was sent.
 * - `not-synced`: the node that answered has not caught up with the chain.
 * - `owner-disputed`: two answers name different owners of one app.
 * - `response-malformed`: the answer is not what FluxOS sends.
 * - `response-too-large`: the answer exceeds the limit and was cut.
 */
export type FluxApiErrorCode =
  | "api-error"
  | "api-unreachable"
  | "app-unknown"
  | "arcane-only"
  | "name-invalid"
  | "not-synced"
  | "owner-disputed"
  | "response-malformed"
  | "response-too-large";

/** The options of a {@linkcode FluxApiError}. */
export interface FluxApiErrorOptions extends FluxVaultErrorOptions {
  /**
   * Whether asking again, perhaps of another node, may succeed.
   *
   * @default {false}
   */
  readonly transient?: boolean;
}

/**
 * The Flux API could not be asked, or its answer is of no use.
 *
 * @example
 * ```ts
 * import { FluxApiError } from "@fluxvault/fluxvault/flux";
 *
 * const error = new FluxApiError("not-synced", "the node is behind", { transient: true });
 * console.assert(error.code === "not-synced" && error.transient);
 * ```
 */
export class FluxApiError extends FluxVaultError {
  /** What went wrong. */
  declare readonly code: FluxApiErrorCode;
  /** Whether asking again, perhaps of another node, may succeed. */
  readonly transient: boolean;

  /** Makes an error about a question to the Flux API. */
  constructor(code: FluxApiErrorCode, message: string, options: FluxApiErrorOptions = {}) {
    super(code, message, options);
    this.transient = options.transient ?? false;
  }
}
