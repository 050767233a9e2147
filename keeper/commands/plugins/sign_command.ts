/**
 * `fluxvault-keeper plugin sign`: says with the keeper's key that a plugin is its own.
 *
 * @module
 */
import { EXIT_DONE, printableJson } from "../../../protocol/host/mod.ts";
import type { KeyRing } from "../../keys/mod.ts";
import { readFileOperand, readPluginFile, writeSignatureOf } from "./plugin_file.ts";
import { findPluginSigner, type PluginSignContext, signPluginPackage } from "./plugin_signature.ts";

/** Signs a package that was built before. */
export async function signPlugin(context: PluginSignContext, ring?: KeyRing): Promise<number> {
  const { settings: { json }, stdout } = context;
  const path = readFileOperand(context, "package of a plugin");
  const { bytes, plugin: { manifest } } = await readPluginFile(path);
  const signer = await findPluginSigner(context, ring);
  const signature = await signPluginPackage(signer, { bytes, manifest });
  const file = await writeSignatureOf(path, signature);
  const { name, version } = manifest;
  await stdout.write(
    json
      ? `${printableJson({ name, version, signer: signer.address, signature: file })}\n`
      : `signed ${name} ${version} as ${signer.address}: ${file}\n`,
  );
  return EXIT_DONE;
}
