/**
 * Runs the tests that need root and what a system offers: mounts, namespaces, networks of their own, and
 * servers to try with.
 *
 * Elsewhere they skip and say why; here that is not enough. What is missing is installed under
 * `CI=true`; elsewhere this says how to get it and exits with status 77.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { PROJECT_ROOT } from "./derived_config.ts";
import { installPackages, run, SKIP_STATUS } from "./suite_needs.ts";

const PACKAGES = [
  ...["iproute2", "nftables", "util-linux", "mount"],
  ...["nginx-light", "curl", "openssl", "pebble"],
];
/** What tells a test that may have to skip for want of root or a tool. */
const NEEDS_SYSTEM = /\bmissingFor(?:Mounts|Namespace|Openssl|CertifiedNetwork|Pebble)\b/;
const TOOLS: readonly (readonly [string, string])[] = [
  ["ip", "-V"],
  ["tc", "-V"],
  ["nft", "-V"],
  ["unshare", "-V"],
  ["mount", "-V"],
  ["nginx", "-v"],
  ["curl", "--version"],
  ["openssl", "version"],
  ["pebble", "-h"],
];

async function findMissing(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  for (const [tool, argument] of TOOLS) {
    const options = { stdout: "null", stderr: "null" } as const;
    if (await run(tool, [argument], options) !== 0) return tool;
  }
  return null;
}

function findTests(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, PROJECT_ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return findTests(path);
    if (!name.endsWith("_test.ts")) return [];
    return NEEDS_SYSTEM.test(Deno.readTextFileSync(new URL(path, PROJECT_ROOT))) ? [path] : [];
  });
}

let missing = await findMissing();
if (missing !== null && Deno.env.get("CI") === "true") {
  await installPackages(...PACKAGES);
  missing = await findMissing();
}
if (missing !== null) {
  console.log(`skipped: ${missing} is missing; as root, apt-get install ${PACKAGES.join(" ")}`);
  Deno.exit(SKIP_STATUS);
}
const status = await run(
  Deno.execPath(),
  ["test", "-A", "--sanitize-ops", "--sanitize-resources", ...Deno.args, ...findTests("tests")],
  {},
);
Deno.exit(status ?? 1);
