/**
 * The failures that FluxVault tells apart, each with a stable `code`.
 *
 * Expected outcomes (a file that is unchanged, an agent that cannot be reached in this pass) are
 * values in a report, never errors. A caller's own mistake is a `TypeError` or `RangeError`.
 * Cancellation is the reason of the caller's `AbortSignal`, rethrown as it is.
 *
 * No message here, and no message of a caller, ever holds a secret, a key or file contents.
 *
 * @module
 */

/** The options that every error of this module takes. */
export interface FluxVaultErrorOptions {
  /** What went wrong one layer below. */
  readonly cause?: unknown;
  /** What the reader can do about it, as one sentence in the imperative. */
  readonly hint?: string;
}

/**
 * The base of every failure that FluxVault reports.
 *
 * @example
 * ```ts
 * import { FluxVaultError, ProtocolError } from "@fluxvault/fluxvault/protocol";
 *
 * const error: FluxVaultError = new ProtocolError("frame-malformed", "frame kind 9 is unknown");
 * console.assert(error.code === "frame-malformed");
 * ```
 */
export class FluxVaultError extends Error {
  /** The stable, machine-readable name of the failure: lower case, words joined by hyphens. */
  readonly code: string;
  /** What the reader can do about it, or `undefined` where nothing general can be said. */
  readonly hint: string | undefined;

  /** Makes an error with a stable code and a message for people. */
  constructor(code: string, message: string, options: FluxVaultErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The ways in which a peer can break the protocol (spec, section 10). */
export type ProtocolErrorCode =
  | "version-unsupported"
  | "suite-unsupported"
  | "message-malformed"
  | "message-unexpected"
  | "key-malformed"
  | "line-too-long"
  | "frame-malformed"
  | "frame-too-large"
  | "open-failed"
  | "counter-exhausted"
  | "stream-malformed"
  | "window-exceeded"
  | "too-many-streams"
  | "too-many-messages"
  | "manifest-malformed"
  | "manifest-too-large"
  | "digest-mismatch";

/**
 * The peer broke the specification; the session is over and a retry meets the same peer.
 *
 * @example
 * ```ts
 * import { ProtocolError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new ProtocolError("digest-mismatch", "the file is not the one that was announced");
 * console.assert(error.code === "digest-mismatch");
 * ```
 */
export class ProtocolError extends FluxVaultError {
  /** Which of them it is. */
  declare readonly code: ProtocolErrorCode;

  /** Makes an error about what the peer sent. */
  constructor(code: ProtocolErrorCode, message: string, options: FluxVaultErrorOptions = {}) {
    super(code, message, options);
  }
}

/**
 * The peer speaks the original's wire where protocol 2 was expected; nothing further is sent to it.
 *
 * @example
 * ```ts
 * import { OriginalPeerError, ProtocolError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new OriginalPeerError("the peer speaks the wire of the original FluxVault");
 * // It can be told from another peer that breaks the protocol; who need not, sees such a one.
 * console.assert(error instanceof ProtocolError && error.code === "version-unsupported");
 * ```
 */
export class OriginalPeerError extends ProtocolError {
  /** Makes an error about a peer that says so in its first message. */
  constructor(message: string, options: FluxVaultErrorOptions = {}) {
    super("version-unsupported", message, options);
    this.name = "ProtocolError";
  }
}

/** The reasons for which one side may turn the other away (spec, section 10). */
export type RejectionCode =
  | "address-refused"
  | "agent-pending"
  | "app-mismatch"
  | "busy"
  | "clone-suspected"
  | "component-mismatch"
  | "enrolment-invalid"
  | "identity-changed"
  | "identity-invalid"
  | "identity-mismatch"
  | "manifest-stale"
  | "owner-unknown"
  | "relay-suspected"
  | "shutting-down"
  | "statement-expired"
  | "statement-invalid"
  | "statement-missing"
  | "rejected";

/** The options of a {@linkcode PeerRejectedError}. */
export interface PeerRejectedErrorOptions extends FluxVaultErrorOptions {
  /** Who turned whom away: `us` if this side refused the peer, `peer` if the peer refused us. */
  readonly by: "us" | "peer";
}

/**
 * One side turned the other away for a reason of trust or load, and said which.
 *
 * @example
 * ```ts
 * import { PeerRejectedError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new PeerRejectedError("busy", "too many sessions are open", { by: "peer" });
 * console.assert(error.code === "busy" && error.by === "peer");
 * ```
 */
export class PeerRejectedError extends FluxVaultError {
  /** Which of them it is. */
  declare readonly code: RejectionCode;
  /** `us` if this side refused the peer, `peer` if the peer refused us. */
  readonly by: "us" | "peer";

  /** Makes an error about a refusal. */
  constructor(code: RejectionCode, message: string, options: PeerRejectedErrorOptions) {
    super(code, message, options);
    this.by = options.by;
  }
}

/** The ways in which a transport can fail. */
export type ConnectionErrorCode =
  | "certificate-refused"
  | "connection-refused"
  | "connection-failed"
  | "connection-lost"
  | "host-not-found"
  | "timed-out"
  | "truncated";

/**
 * The transport failed; nothing is known about the peer, and a retry may succeed.
 *
 * @example
 * ```ts
 * import { ConnectionError, FluxVaultError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new ConnectionError("timed-out", "the agent did not answer");
 * console.assert(error instanceof FluxVaultError && error.code === "timed-out");
 * ```
 */
export class ConnectionError extends FluxVaultError {
  /** Which of them it is. */
  declare readonly code: ConnectionErrorCode;

  /** Makes an error about the transport. */
  constructor(code: ConnectionErrorCode, message: string, options: FluxVaultErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The ways in which reading or writing a store of files can fail. */
export type StorageErrorCode =
  | "disk-full"
  | "file-changed"
  | "file-missing"
  | "file-mounted"
  | "io-failed"
  | "locked"
  | "not-a-file"
  | "not-on-tmpfs"
  | "owner-refused"
  | "path-refused"
  | "permission-denied"
  | "read-only"
  | "set-incomplete"
  | "state-malformed"
  | "symlink-refused";

/**
 * The agent offered protocol 2 and hung up on the original's wire: it does not let us speak that.
 *
 * @example
 * ```ts
 * import { ConnectionError, OriginalRefusedError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new OriginalRefusedError("the agent does not take the original's wire");
 * // To a program that knows nothing of it, the connection broke.
 * console.assert(error instanceof ConnectionError && error.code === "truncated");
 * ```
 */
export class OriginalRefusedError extends ConnectionError {
  /** Makes an error about an agent that ended the connection at the first message. */
  constructor(message: string, options: FluxVaultErrorOptions = {}) {
    super("truncated", message, options);
    this.name = "ConnectionError";
  }
}

/**
 * A file could not be read or put in place; what was there before is untouched.
 *
 * @example
 * ```ts
 * import { StorageError } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(new StorageError("disk-full", "the file was not written").code === "disk-full");
 * ```
 */
export class StorageError extends FluxVaultError {
  /** Which of them it is. */
  declare readonly code: StorageErrorCode;

  /** Makes an error about a file or folder. */
  constructor(code: StorageErrorCode, message: string, options: FluxVaultErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The options of a {@linkcode ConfigError}. */
export interface ConfigErrorOptions extends FluxVaultErrorOptions {
  /** The option at fault, as the operator writes it, for example `--bind-port`. */
  readonly setting?: string;
  /** Where its value came from, for example `flag --bind-port` or `variable FLUXVAULT_BIND_PORT`. */
  readonly source?: string;
}

/**
 * The operator has to change something before the program can start; exit status 2.
 *
 * @example
 * ```ts
 * import { ConfigError } from "@fluxvault/fluxvault/protocol";
 *
 * const error = new ConfigError("the port is taken", { setting: "--bind-port", hint: "Choose another." });
 * console.assert(error.code === "config-invalid" && error.hint === "Choose another.");
 * ```
 */
export class ConfigError extends FluxVaultError {
  /** The option at fault, as the operator writes it. */
  readonly setting: string | undefined;
  /** Where the value came from. */
  readonly source: string | undefined;

  /** Makes an error about the operator's settings. */
  constructor(message: string, options: ConfigErrorOptions = {}) {
    super("config-invalid", message, options);
    this.setting = options.setting;
    this.source = options.source;
  }
}

/**
 * Several mistakes of the operator that were found at once, so that each can be corrected before the
 * next try; exit status 2.
 *
 * @example
 * ```ts
 * import { ConfigError, ConfigErrors } from "@fluxvault/fluxvault/protocol";
 *
 * const errors = new ConfigErrors([
 *   new ConfigError("the port is taken", { setting: "--bind-port" }),
 *   new ConfigError("the folder is missing", { setting: "--working-dir" }),
 * ]);
 * console.assert(errors.message === "the port is taken (and 1 more)");
 * console.assert(errors.errors.map(({ setting }) => setting).includes("--working-dir"));
 * ```
 */
export class ConfigErrors extends ConfigError {
  /** The mistakes, in the order in which they are told; at least one. */
  readonly errors: readonly ConfigError[];

  /**
   * Gathers mistakes.
   *
   * @throws {RangeError} if there are none.
   */
  constructor(errors: readonly ConfigError[]) {
    const [first] = errors;
    if (first === undefined) throw new RangeError("there is no mistake to tell of");
    const others = errors.length - 1;
    const message = others === 0 ? first.message : `${first.message} (and ${others} more)`;
    const { setting, source, hint } = first;
    super(message, {
      ...(setting === undefined ? {} : { setting }),
      ...(source === undefined ? {} : { source }),
      ...(hint === undefined ? {} : { hint }),
    });
    this.errors = errors;
  }
}
