/**
 * Which plugins an agent takes: signed by somebody whom it trusts, and within what its operator grants.
 *
 * @module
 */
import {
  type Bytes,
  composePluginStatement,
  encodeHex,
  findExcessGrants,
  MAX_PLUGIN_BYTES,
  parsePluginPackage,
  type PluginPackage,
  type PluginPermissions,
  ProtocolError,
  sha256Digest,
} from "../../protocol/mod.ts";
import type { SignerRecovery } from "../trust/trusted_signers.ts";
import type { PluginRecord } from "./plugin_record.ts";
import { PluginRefusal } from "./plugin_refusal.ts";

/** What an operator grants plugins at most. */
export interface PluginCeiling {
  /** What each may do. */
  readonly permissions: PluginPermissions;
  /** How much memory each may have, in MiB. */
  readonly memoryMb: number;
}

/** A plugin that was looked at, with what is remembered of it. */
export interface CheckedPlugin {
  /** The plugin. */
  readonly plugin: PluginPackage;
  /** What is remembered of it. */
  readonly record: PluginRecord;
  /** Who signed it. */
  readonly signer: string;
}

/** Whose signature counts. */
export interface PluginTrust {
  /** The addresses. */
  readonly signers: readonly string[];
  /** Works out who signed. */
  readonly recover: SignerRecovery;
}

/**
 * Reads a package, and checks who signed it.
 *
 * @throws {PluginRefusal} `too-large`, `manifest-malformed` or `signature-invalid`.
 */
export async function openPlugin(
  bytes: Bytes,
  signature: string,
  { signers, recover }: PluginTrust,
): Promise<CheckedPlugin> {
  if (bytes.length > MAX_PLUGIN_BYTES) throw new PluginRefusal("too-large", "it is too long");
  let plugin: PluginPackage;
  try {
    plugin = parsePluginPackage(bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new PluginRefusal("manifest-malformed", "it is no package of a plugin", { cause });
  }
  const digest = await sha256Digest(bytes);
  const { name, version } = plugin.manifest;
  const text = composePluginStatement({ name, pluginVersion: version, digest });
  const signer = await recover(text, signature);
  if (signer === null || !signers.includes(signer)) {
    // Whoever changed the package, or the signature, has made it that of an unknown key.
    throw new PluginRefusal("signature-invalid", "nobody who is trusted signed it as it is");
  }
  return { plugin, signer, record: { name, version, digest: encodeHex(digest), signature } };
}

/**
 * Checks that a plugin is for agents, and asks for no more than it may have.
 *
 * @throws {PluginRefusal} `wrong-side`, `permission-exceeds` or `memory-exceeds`.
 */
export function checkPlugin(
  { manifest: { side, permissions, limits } }: PluginPackage,
  ceiling: PluginCeiling,
): void {
  if (side !== "agent") throw new PluginRefusal("wrong-side", "it is a plugin of keepers");
  const [first, ...others] = findExcessGrants(permissions, ceiling.permissions);
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    throw new PluginRefusal("permission-exceeds", `it asks for ${first}${more}`);
  }
  if (limits.memoryMb <= ceiling.memoryMb) return;
  throw new PluginRefusal("memory-exceeds", `it asks for ${limits.memoryMb} MiB of memory`);
}
