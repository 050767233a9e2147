/**
 * The statements that a keeper signs: who it is in this session, what its manifest says, and
 * which plugins are its own (spec, sections 6 and 8).
 *
 * A signature by the owner of an app can be a login or an app update on the Flux network. So a keeper
 * never signs bytes that a peer chose: each side composes the text from what it knows itself, in a
 * fixed form that is no valid login phrase.
 *
 * @module
 */
import { type Bytes, encodeHex } from "./bytes.ts";
import { APP_NAME, isAppName } from "./app_name.ts";
import { PeerRejectedError } from "./errors.ts";
import { PROTOCOL_VERSION, STATEMENT_LIFETIME_S, STATEMENT_SKEW_S } from "./limits.ts";

/** What 88 characters of canonical base64 for 65 bytes look like. */
export const STATEMENT_SIGNATURE = /^[A-Za-z0-9+/]{86}[AEIMQUYcgkosw048]=$/;

/** Whom a statement is about; names as this side knows them, never as the peer said. */
export interface StatementScope {
  /** The app, or `null` where this side knows none. */
  readonly app: string | null;
  /** The component, or `null` where this side knows none. */
  readonly component: string | null;
  /** The SHA-256 of the agent's raw identity key in hex. */
  readonly agentDigestHex: string;
}

/** What a keeper's statement about itself says. */
export interface KeeperStatement extends StatementScope {
  /** The transcript of the session; 32 bytes. */
  readonly transcript: Bytes;
  /** When it was issued, in Unix seconds; it expires 300 seconds later. */
  readonly issued: number;
}

/** What a keeper's statement about a manifest says. */
export interface ManifestStatement extends StatementScope {
  /** The revision of the manifest. */
  readonly revision: number;
  /** When it was issued, in Unix seconds. */
  readonly issued: number;
  /** When it ends, in Unix seconds. */
  readonly expires: number;
  /** The SHA-256 of the manifest's bytes; 32 bytes. */
  readonly digest: Bytes;
}

function name(value: string | null): string {
  if (value === null) return "-";
  if (!isAppName(value)) throw new RangeError("a statement cannot carry that name");
  return value;
}

function scopeLines(scope: StatementScope): string[] {
  return [
    `version: ${PROTOCOL_VERSION}`,
    `app: ${name(scope.app)}`,
    `component: ${name(scope.component)}`,
    `agent: ${scope.agentDigestHex}`,
  ];
}

/**
 * Composes the text of a keeper's statement about itself: ASCII, LF, no final newline.
 *
 * @example
 * ```ts
 * import { composeKeeperStatement, isStatement } from "@fluxvault/fluxvault/protocol";
 *
 * const text = composeKeeperStatement({
 *   app: "shop",
 *   component: "web",
 *   agentDigestHex: "ab".repeat(32),
 *   transcript: new Uint8Array(32),
 *   issued: 1_800_000_000,
 * });
 * console.assert(isStatement(text) && text.endsWith("expires: 1800000300"));
 * ```
 */
export function composeKeeperStatement(statement: KeeperStatement): string {
  return [
    "FluxVault keeper statement",
    ...scopeLines(statement),
    `transcript: ${encodeHex(statement.transcript)}`,
    `issued: ${statement.issued}`,
    `expires: ${statement.issued + STATEMENT_LIFETIME_S}`,
  ].join("\n");
}

/**
 * Composes the text of a keeper's statement about a manifest: ASCII, LF, no final newline.
 *
 * @example
 * ```ts
 * import {
 *   composeManifestStatement,
 *   encodeManifest,
 *   isStatement,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const { digest } = await encodeManifest([]);
 * const text = composeManifestStatement({
 *   app: "shop",
 *   component: "web",
 *   agentDigestHex: "ab".repeat(32),
 *   revision: 7,
 *   issued: 1_800_000_000,
 *   expires: 1_800_086_400,
 *   digest,
 * });
 * console.assert(isStatement(text) && text.includes("\nrevision: 7\n"));
 * ```
 */
export function composeManifestStatement(statement: ManifestStatement): string {
  return [
    "FluxVault keeper manifest",
    ...scopeLines(statement),
    `revision: ${statement.revision}`,
    `issued: ${statement.issued}`,
    `expires: ${statement.expires}`,
    `manifest: ${encodeHex(statement.digest)}`,
  ].join("\n");
}

/** What a keeper's statement about a plugin says. */
export interface PluginStatement {
  /** The plugin's name. */
  readonly name: string;
  /** The plugin's version: three numbers with dots. */
  readonly pluginVersion: string;
  /** The SHA-256 of the plugin's package; 32 bytes. */
  readonly digest: Bytes;
}

/**
 * Composes the text of a keeper's statement about a plugin: ASCII, LF, no final newline.
 *
 * It names no agent and does not expire: a plugin that is out of date is one with a lower version.
 *
 * @throws {RangeError} if the name or the version is none.
 *
 * @example
 * ```ts
 * import { composePluginStatement } from "@fluxvault/fluxvault/protocol";
 *
 * const digest = new Uint8Array(32);
 * const text = composePluginStatement({ name: "greeter", pluginVersion: "1.0.0", digest });
 * console.assert(text.startsWith("FluxVault plugin\n"));
 * ```
 */
export function composePluginStatement(statement: PluginStatement): string {
  const text = [
    "FluxVault plugin",
    `version: ${PROTOCOL_VERSION}`,
    `name: ${statement.name}`,
    `plugin-version: ${statement.pluginVersion}`,
    `digest: ${encodeHex(statement.digest)}`,
  ].join("\n");
  if (!PLUGIN_STATEMENT.test(text)) throw new RangeError("a statement cannot carry that plugin");
  return text;
}

const NAME = `(?:-|${APP_NAME.source.slice(1, -1)})`;
const SCOPE =
  `version: ${PROTOCOL_VERSION}\napp: ${NAME}\ncomponent: ${NAME}\nagent: [0-9a-f]{64}\n`;
const NUMBER = "(?:0|[1-9][0-9]{0,15})";
const TIMES = `issued: (${NUMBER})\nexpires: (${NUMBER})`;
const KEEPER_STATEMENT = new RegExp(
  `^FluxVault keeper statement\n${SCOPE}transcript: [0-9a-f]{64}\n${TIMES}$`,
);
const MANIFEST_STATEMENT = new RegExp(
  `^FluxVault keeper manifest\n${SCOPE}revision: ${NUMBER}\n${TIMES}\nmanifest: [0-9a-f]{64}$`,
);
const PART = "(?:0|[1-9][0-9]{0,8})";
const PLUGIN_STATEMENT = new RegExp(
  `^FluxVault plugin\nversion: ${PROTOCOL_VERSION}\nname: [a-z][a-z0-9]{0,30}\n` +
    `plugin-version: ${PART}\\.${PART}\\.${PART}\ndigest: [0-9a-f]{64}$`,
);

/**
 * Tells whether a text is a statement of this module, to the byte.
 *
 * Whoever holds a key asks this before he signs, so that no mistake elsewhere makes him sign a login,
 * an app update, or anything else that a peer could make use of.
 *
 * @example
 * ```ts
 * import { isStatement } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(!isStatement("a login, or anything else that is none of ours"));
 * ```
 */
export function isStatement(text: string): boolean {
  const ofKeeper = KEEPER_STATEMENT.exec(text);
  if (ofKeeper !== null) return Number(ofKeeper[2]) === Number(ofKeeper[1]) + STATEMENT_LIFETIME_S;
  return MANIFEST_STATEMENT.test(text) || PLUGIN_STATEMENT.test(text);
}

/**
 * Signs statements for a keeper.
 *
 * @example
 * ```ts
 * import { decodeWif, signMessage, zelIdOfKey } from "@fluxvault/fluxvault/flux";
 * import { isStatement, type StatementSigner } from "@fluxvault/fluxvault/protocol";
 *
 * // A key that is public, for demonstrations; it might as well be in a device.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * const signer: StatementSigner = {
 *   address: zelIdOfKey(key),
 *   async sign(text) {
 *     if (!isStatement(text)) throw new TypeError("that is nothing for this key to sign");
 *     return await signMessage(text, key);
 *   },
 * }; // For `new Keeper({ signer, ... })`.
 * console.assert(await signer.sign("a login").catch(({ name }) => name) === "TypeError");
 * ```
 */
export interface StatementSigner {
  /** The address that the signature will recover to. */
  readonly address: string;
  /**
   * Signs the text as a Bitcoin message; 88 characters of canonical base64 come out.
   *
   * Rejects with a `TypeError` what {@linkcode isStatement} does not know.
   */
  sign(text: string): Promise<string>;
}

/**
 * Checks a signature under a statement.
 *
 * @returns Whether it recovers to an address that this side was configured with; must not throw for
 * what the peer sent.
 *
 * @example
 * ```ts
 * import { recoverSigner } from "@fluxvault/fluxvault/flux";
 * import type { StatementVerifier } from "@fluxvault/fluxvault/protocol";
 *
 * const trusted = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
 * // `createStatementVerifier` also takes none twice.
 * const verifyStatement: StatementVerifier = async (text, signature) =>
 *   await recoverSigner(text, signature) === trusted; // For `new Agent({ verifyStatement, ... })`.
 * console.assert(!await verifyStatement("any text", "no signature"));
 * ```
 */
export type StatementVerifier = (text: string, signature: string) => Promise<boolean>;

/** A keeper's proof of who it is, as the wire carries it. */
export interface KeeperProof {
  /** The address that the keeper says it signs with: for the log, decides nothing. */
  readonly address: string;
  /** When the statement was issued, in Unix seconds. */
  readonly issued: number;
  /** When it expires, in Unix seconds. */
  readonly expires: number;
  /** 88 characters of canonical base64. */
  readonly signature: string;
}

/** Makes a keeper's proof for a session. */
export async function proveKeeper(
  signer: StatementSigner,
  statement: KeeperStatement,
): Promise<KeeperProof> {
  return {
    address: signer.address,
    issued: statement.issued,
    expires: statement.issued + STATEMENT_LIFETIME_S,
    signature: await signer.sign(composeKeeperStatement(statement)),
  };
}

/** What is needed to check a keeper's proof. */
export interface KeeperProofCheck {
  /** What this side knows of the session. */
  readonly statement: Omit<KeeperStatement, "issued">;
  /** Checks the signature. */
  readonly verify: StatementVerifier;
  /** The time now in Unix seconds. */
  readonly now: number;
}

/**
 * Checks a keeper's proof against what this side knows itself.
 *
 * @throws {PeerRejectedError} `statement-missing`, `statement-expired`, `statement-invalid`.
 */
export async function verifyKeeperProof(
  proof: KeeperProof | null,
  check: KeeperProofCheck,
): Promise<void> {
  if (proof === null) {
    throw new PeerRejectedError("statement-missing", "the keeper did not sign its connection", {
      by: "us",
      hint: "Start the keeper with --sign-connections and the address that this agent expects.",
    });
  }
  const { issued, expires } = proof;
  const isCurrent = Math.abs(check.now - issued) <= STATEMENT_SKEW_S && check.now <= expires;
  if (expires !== issued + STATEMENT_LIFETIME_S || !isCurrent) {
    throw new PeerRejectedError("statement-expired", "the keeper's statement is not of now", {
      by: "us",
      hint: "Check the clocks of both machines.",
    });
  }
  const text = composeKeeperStatement({ ...check.statement, issued });
  if (!await check.verify(text, proof.signature)) {
    throw new PeerRejectedError(
      "statement-invalid",
      "the keeper's statement is not signed by an address that this agent trusts",
      { by: "us" },
    );
  }
}

/** What a keeper says of a manifest, and signs or does not. */
export interface SignedManifest extends Omit<ManifestStatement, keyof StatementScope> {
  /** 88 characters of canonical base64, or `null`. */
  readonly signature: string | null;
}

/** What is needed to check the signature of a manifest. */
export interface ManifestCheck {
  /** Whom the manifest has to be for. */
  readonly scope: StatementScope;
  /** Checks the signature. */
  readonly verify: StatementVerifier;
  /** The time now in Unix seconds. */
  readonly now: number;
  /** The highest revision that this agent has taken of the signer before; 0 where there was none. */
  readonly lastRevision: number;
}

/**
 * Checks that a manifest is signed for this agent, and neither over nor older than one before it.
 *
 * @throws {PeerRejectedError} `statement-missing`, `statement-invalid`, `manifest-stale`.
 *
 * @example
 * ```ts
 * import { decodeWif, recoverSigner } from "@fluxvault/fluxvault/flux";
 * import { createStatementSigner } from "@fluxvault/fluxvault/keeper";
 * import { composeManifestStatement, verifyManifest } from "@fluxvault/fluxvault/protocol";
 *
 * // A key that is public, for demonstrations.
 * const key = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
 * const keeper = createStatementSigner(key);
 * const scope = { app: "shop", component: "web", agentDigestHex: "ab".repeat(32) };
 * const statement = { revision: 7, issued: 1_000, expires: 2_000, digest: new Uint8Array(32) };
 * const signature = await keeper.sign(composeManifestStatement({ ...scope, ...statement }));
 *
 * const verify = async (text: string, signature: string) =>
 *   await recoverSigner(text, signature) === keeper.address;
 * const check = { scope, verify, now: 1_500, lastRevision: 7 };
 * await verifyManifest({ ...statement, signature }, check);
 * const late = verifyManifest({ ...statement, signature }, { ...check, lastRevision: 8 });
 * console.assert(await late.catch(({ code }) => code) === "manifest-stale");
 * ```
 */
export async function verifyManifest(
  manifest: SignedManifest,
  check: ManifestCheck,
): Promise<void> {
  const { signature, ...statement } = manifest;
  if (signature === null) {
    throw new PeerRejectedError("statement-missing", "the manifest is not signed", { by: "us" });
  }
  const text = composeManifestStatement({ ...statement, ...check.scope });
  if (!await check.verify(text, signature)) {
    throw new PeerRejectedError(
      "statement-invalid",
      "the manifest is not signed for this agent by an address that it trusts",
      { by: "us" },
    );
  }
  if (check.now > statement.expires) {
    throw new PeerRejectedError("manifest-stale", "the manifest is past its time", { by: "us" });
  }
  if (statement.revision < check.lastRevision) {
    throw new PeerRejectedError("manifest-stale", "a later manifest was seen before this one", {
      by: "us",
    });
  }
}
