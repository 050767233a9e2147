import {
  digestPackage,
  recoverPluginSigner,
  signPluginPackage,
} from "../../../../keeper/commands/plugins/plugin_signature.ts";
import { createStatementSigner } from "../../../../keeper/statement_signer.ts";
import { decodeWif } from "../../../../flux/mod.ts";
import { encodeHex, parsePluginPackage } from "../../../../protocol/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { KEY } from "../../keys/key_fixtures.ts";

const BYTES = new TextEncoder().encode(
  '{"Name":"greeter","Version":"1.0.0","Describe":"","Side":"agent","Actions":[],"Events":[],' +
    '"Permissions":{"net":[],"read":[],"write":[],"env":[]},' +
    '"Limits":{"MemoryMb":32,"CallTimeoutS":10}}\nplugin({});',
);
const PLUGIN = { bytes: BYTES, manifest: parsePluginPackage(BYTES).manifest };

Deno.test("recoverPluginSigner finds who signed a package", async () => {
  const signature = await signPluginPackage(createStatementSigner(decodeWif(KEY.wif)), PLUGIN);
  assertEquals(await recoverPluginSigner(signature, PLUGIN), KEY.address);
});

Deno.test("recoverPluginSigner finds nobody who is known where a byte is another", async () => {
  const signature = await signPluginPackage(createStatementSigner(decodeWif(KEY.wif)), PLUGIN);
  const bytes = BYTES.slice();
  bytes[bytes.length - 1] = 0x20;
  assert(await recoverPluginSigner(signature, { ...PLUGIN, bytes }) !== KEY.address);
});

Deno.test("recoverPluginSigner finds nobody in what is no signature", async () => {
  assertEquals(await recoverPluginSigner("AAAA", PLUGIN), null);
});

Deno.test("digestPackage is the SHA-256", async () => {
  assertEquals(
    encodeHex(await digestPackage(new Uint8Array())),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});
