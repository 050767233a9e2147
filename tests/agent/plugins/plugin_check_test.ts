import { recoverSigner } from "../../../flux/mod.ts";
import { checkPlugin, openPlugin } from "../../../agent/plugins/plugin_check.ts";
import { PluginRefusal } from "../../../agent/plugins/plugin_refusal.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import {
  MAX_PLUGIN_BYTES,
  NO_PLUGIN_PERMISSIONS,
  parsePluginGrants,
  type PluginManifest,
} from "../../../protocol/plugins/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { GREETER, packageOf, signPackage } from "../../support/played_plugins.ts";
import { signerOf, twinOf } from "../../support/signing.ts";

const SIGNER = signerOf();
const TRUST = { signers: [SIGNER.address], recover: recoverSigner };
const CEILING = { permissions: parsePluginGrants(["read=/srv", "env=TZ"]), memoryMb: 64 };

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => attempt, PluginRefusal)).code;
}

function excessOf(manifest: Partial<PluginManifest>): string {
  const plugin = { manifest: { ...GREETER, ...manifest }, code: "" };
  return assertThrows(() => checkPlugin(plugin, CEILING), PluginRefusal).code;
}

Deno.test("openPlugin reads a package that somebody signed who is trusted", async () => {
  const { bytes, signature, digest } = await signPackage(SIGNER);
  const { plugin, signer, record } = await openPlugin(bytes, signature, TRUST);
  assertEquals([plugin.manifest, signer], [GREETER, SIGNER.address]);
  assertEquals(record, { name: "greeter", version: "1.0.0", digest, signature });
  // Anybody can make it from the one that the signer made: it says the same.
  await openPlugin(bytes, twinOf(signature), TRUST);
});

Deno.test("openPlugin refuses what nobody signed who is trusted", async () => {
  const { bytes, signature } = await signPackage(SIGNER);
  const stranger = await signPackage(signerOf());
  assertEquals(await codeOf(openPlugin(bytes, stranger.signature, TRUST)), "signature-invalid");
  const nobody = { ...TRUST, signers: [] };
  assertEquals(await codeOf(openPlugin(bytes, signature, nobody)), "signature-invalid");
  const forged = `${"A".repeat(87)}=`;
  assertEquals(await codeOf(openPlugin(bytes, forged, TRUST)), "signature-invalid");
  const newer = packageOf({ version: "1.0.1" });
  assertEquals(await codeOf(openPlugin(newer, signature, TRUST)), "signature-invalid");
});

Deno.test("openPlugin refuses a package by any byte that was changed", async () => {
  const { bytes, signature } = await signPackage(SIGNER);
  for (let i = 0; i < bytes.length; i += 7) {
    const changed = bytes.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    await assertRejects(() => openPlugin(changed, signature, TRUST), PluginRefusal);
  }
});

Deno.test("openPlugin refuses what is no package, or too long, before it looks at the signature", async () => {
  const recover = () => Promise.reject(new Error("it was asked"));
  const open = (bytes: Uint8Array<ArrayBuffer>) => openPlugin(bytes, "", { signers: [], recover });
  assertEquals(await codeOf(open(encodeUtf8("{}\nx"))), "manifest-malformed");
  assertEquals(await codeOf(open(encodeUtf8(""))), "manifest-malformed");
  assertEquals(await codeOf(open(new Uint8Array(MAX_PLUGIN_BYTES + 1))), "too-large");
});

Deno.test("checkPlugin lets through what lies within what is granted", () => {
  const permissions = { ...NO_PLUGIN_PERMISSIONS, read: ["/srv/a"], env: ["TZ"] };
  const limits = { memoryMb: 64, callTimeoutS: 3_600 };
  checkPlugin({ manifest: { ...GREETER, permissions, limits }, code: "" }, CEILING);
});

Deno.test("checkPlugin refuses what asks for more, and what is not for agents", () => {
  assertEquals(excessOf({ side: "keeper" }), "wrong-side");
  assertEquals(excessOf({ limits: { memoryMb: 65, callTimeoutS: 1 } }), "memory-exceeds");
  for (const [kind, value] of [["net", "a:1"], ["read", "/"], ["write", "/srv"], ["env", "HOME"]]) {
    const permissions = { ...NO_PLUGIN_PERMISSIONS, [kind ?? ""]: [value] };
    assertEquals(excessOf({ permissions }), "permission-exceeds");
  }
});
