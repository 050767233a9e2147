import { assertEquals, assertMatch } from "../../../support/assert.ts";
import { KEY, UNCOMPRESSED_KEY } from "../../keys/key_fixtures.ts";
import { DESCRIPTION, type PluginSite, withPlugin } from "./plugin_site.ts";

function test(name: string, work: (site: PluginSite) => Promise<void>): void {
  Deno.test(name, () => withPlugin(work));
}

async function build(site: PluginSite, ...args: readonly string[]): Promise<string> {
  const out = `${site.folder}/greeter`;
  const { code } = await site.run("build", `${site.folder}/plugin.js`, "--out", out, ...args);
  assertEquals(code, 0);
  return out;
}

test("showPlugin says what a package says of itself", async (site) => {
  await Deno.writeTextFile(
    `${site.folder}/plugin.json`,
    JSON.stringify({
      ...DESCRIPTION,
      Describe: "Greets",
      Actions: [{ Name: "greet", Describe: "Greets one" }],
      Permissions: { net: ["a.example.com:443"], env: ["HOME"] },
    }),
  );
  const path = await build(site);
  const { code, stdout } = await site.run("show", path);
  assertEquals(code, 0);
  const [bytes, ...lines] = stdout.split("\n").reverse().slice(2);
  assertMatch(bytes ?? "", /^package: \d+ bytes, SHA-256 [0-9a-f]{64}$/);
  assertEquals(lines.reverse(), [
    "greeter 1.2.3, a plugin of the agent: Greets",
    "actions:",
    "  greeter-greet: Greets one",
    "events: none",
    "asks for:",
    "  net: a.example.com:443",
    "  env: HOME",
    "limits: 64 MiB, 30 s a call",
  ]);
  assertMatch(stdout, /\nsignature: none\n$/);
});

test("showPlugin says who signed it", async (site) => {
  const path = await build(site, "--zelid", KEY.address);
  const { code, stdout } = await site.run("show", path, "--zelid", KEY.address);
  assertEquals(code, 0);
  assertMatch(stdout, new RegExp(`signature: of ${KEY.address}, as it should be\\n$`));
  const { signer, isWanted } = JSON.parse((await site.run("show", path, "--json")).stdout);
  assertEquals([signer, isWanted], [KEY.address, true]);
});

test("showPlugin fails where another one signed it", async (site) => {
  const path = await build(site, "--zelid", KEY.address);
  const { code, stdout } = await site.run("show", path, "--zelid", UNCOMPRESSED_KEY.address);
  assertEquals(code, 1);
  assertMatch(stdout, /signature: not of /);
});

test("showPlugin fails where nobody signed it and somebody has to", async (site) => {
  const { code, stdout } = await site.run("show", await build(site), "--zelid", KEY.address);
  assertEquals(code, 1);
  assertMatch(stdout, /signature: none\n$/);
});

test("showPlugin fails where the package was changed after it was signed", async (site) => {
  const path = await build(site, "--zelid", KEY.address);
  await Deno.writeTextFile(path, " ", { append: true });
  assertEquals((await site.run("show", path, "--zelid", KEY.address)).code, 1);
});

test("showPlugin says what is no signature", async (site) => {
  const path = await build(site);
  await Deno.writeTextFile(`${path}.sig`, "yes\n");
  const { code, stderr } = await site.run("show", path);
  assertEquals(code, 2);
  assertMatch(stderr, /is no signature/);
});
