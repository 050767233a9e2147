/**
 * `fluxvault-keeper plugin show`: what a package says of itself, and who signed it.
 *
 * @module
 */
import { encodeHex, type PluginManifest } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  printableJson,
  sanitiseText,
} from "../../../protocol/host/mod.ts";
import { checkAddress } from "../../keys/mod.ts";
import type { PLUGIN_SHOW_OPTIONS } from "../../plugin_options.ts";
import { readFileOperand, readPluginFile, readSignatureOf } from "./plugin_file.ts";
import { digestPackage, recoverPluginSigner } from "./plugin_signature.ts";

/** What shows a plugin is given. */
export type PluginShowContext = CommandContext<typeof PLUGIN_SHOW_OPTIONS>;

/** Shows a package; with `--zelid` it fails where somebody else signed it, or nobody. */
export async function showPlugin(context: PluginShowContext): Promise<number> {
  const { settings: { zelid, json }, stdout } = context;
  const wanted = zelid === undefined ? null : checkAddress(zelid, { setting: "--zelid" });
  const path = readFileOperand(context, "package of a plugin");
  const { bytes, plugin: { manifest } } = await readPluginFile(path);
  const signature = await readSignatureOf(path);
  const signer = signature === null
    ? null
    : await recoverPluginSigner(signature, { bytes, manifest });
  const digest = encodeHex(await digestPackage(bytes));
  const isWanted = wanted === null || signer === wanted;
  await stdout.write(
    json ? `${printableJson({ ...manifest, bytes: bytes.length, digest, signer, isWanted })}\n` : [
      ...describeManifest(manifest),
      `package: ${bytes.length} bytes, SHA-256 ${digest}`,
      describeSigner({ signer, wanted, isSigned: signature !== null }),
    ].map((line) => `${line}\n`).join(""),
  );
  return isWanted ? EXIT_DONE : EXIT_FAILURE;
}

/** Writes what a plugin says of itself, a line each, without their ends. */
export function describeManifest(manifest: PluginManifest): string[] {
  const { name, version, describe, side, actions, events, limits } = manifest;
  const asked = Object.entries(manifest.permissions).filter(([, list]) => list.length > 0);
  const about = (text: string) => text === "" ? "" : `: ${sanitiseText(text, { maxLength: 512 })}`;
  return [
    `${name} ${version}, a plugin of the ${side}${about(describe)}`,
    actions.length === 0 ? "actions: none" : "actions:",
    ...actions.map((action) => `  ${name}-${action.name}${about(action.describe)}`),
    `events: ${events.length === 0 ? "none" : events.join(", ")}`,
    asked.length === 0 ? "asks for: nothing" : "asks for:",
    ...asked.map(([kind, list]) => `  ${kind}: ${sanitiseText(list.join(", "))}`),
    `limits: ${limits.memoryMb} MiB, ${limits.callTimeoutS} s a call`,
  ];
}

interface Signing {
  readonly signer: string | null;
  readonly wanted: string | null;
  readonly isSigned: boolean;
}

function describeSigner({ signer, wanted, isSigned }: Signing): string {
  if (!isSigned) return "signature: none";
  if (signer === null) return "signature: of nobody";
  if (wanted === null) {
    return `signature: of ${signer}; where you do not know that address, somebody else signed it, ` +
      "or it was changed since";
  }
  return signer === wanted
    ? `signature: of ${signer}, as it should be`
    : `signature: not of ${wanted}, or the package was changed since`;
}
