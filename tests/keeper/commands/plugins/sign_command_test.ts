import { recoverSigner } from "../../../../flux/mod.ts";
import { composePluginStatement } from "../../../../protocol/mod.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { KEY } from "../../keys/key_fixtures.ts";
import { type PluginSite, withPlugin } from "./plugin_site.ts";

function test(name: string, work: (site: PluginSite) => Promise<void>): void {
  Deno.test(name, () => withPlugin(work));
}

async function build(site: PluginSite): Promise<string> {
  const out = `${site.folder}/greeter`;
  assertEquals((await site.run("build", `${site.folder}/plugin.js`, "--out", out)).code, 0);
  return out;
}

test("signPlugin signs name, version and bytes of a package", async (site) => {
  const path = await build(site);
  const { code, stdout } = await site.run("sign", path, "--zelid", KEY.address);
  assertEquals([code, stdout], [0, `signed greeter 1.2.3 as ${KEY.address}: ${path}.sig\n`]);
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  const statement = composePluginStatement({
    name: "greeter",
    pluginVersion: "1.2.3",
    digest: new Uint8Array(digest),
  });
  const signature = await Deno.readTextFile(`${path}.sig`);
  assertMatch(signature, /^[A-Za-z0-9+/]{87}=\n$/);
  assertEquals(await recoverSigner(statement, signature.trimEnd()), KEY.address);
});

test("signPlugin asks whose key signs", async (site) => {
  const { code, stderr } = await site.run("sign", await build(site));
  assertEquals(code, 2);
  assertMatch(stderr, /whose key signs has to be named/);
});

test("signPlugin signs nothing that is no plugin", async (site) => {
  const { code, stderr } = await site.run(
    ...["sign", `${site.folder}/plugin.js`, "--zelid", KEY.address],
  );
  assertEquals(code, 2);
  assertMatch(stderr, /is no package of a plugin/);
});

test("signPlugin says which file is not there", async (site) => {
  const path = `${site.folder}/other`;
  const { code, stderr } = await site.run("sign", path, "--zelid", KEY.address);
  assertEquals(code, 2);
  assertMatch(stderr, /there is no file ".*other"/);
});

test("signPlugin repeats no private key that is named for a file", async (site) => {
  const { code, stderr } = await site.run("sign", KEY.wif, "--zelid", KEY.address);
  assertEquals([code, stderr.includes(KEY.wif)], [2, false]);
});
