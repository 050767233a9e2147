/**
 * Builds the container images, and runs keeper and agents in containers on a network of their own.
 *
 * It needs root on Linux, Podman with runc and netavark, and what stands in for the images of a
 * registry: Debian's packages below; and podman-compose of PyPI. What is missing is installed under
 * `CI=true`; elsewhere this says how to get it and exits with status 77. Everything that it makes is in
 * a folder that goes at the end. Arguments go to `deno test`, for example `--filter`.
 *
 * The images carry executables where there is a runtime to compile with: the file that `DENORT_BIN`
 * names. They carry the bundles under plain Deno in any case.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { ContainerHost, SUITE_VARIABLE } from "../../tests/support/container_host.ts";
import {
  buildImage,
  type Carrier,
  CARRIERS_VARIABLE,
  imageName,
  IMAGES,
  importBases,
} from "../../tests/support/container_images.ts";
import { installPackages, run, SKIP_STATUS } from "./suite_needs.ts";

const PACKAGES = [
  ...["podman", "runc", "netavark", "aardvark-dns", "iproute2", "iptables"],
  ...["busybox-static", "musl", "python3", "python3-venv", "systemd", "util-linux"],
];
/** Debian's own is too old to know about volumes in memory. */
const COMPOSER = "podman-compose==1.6.0";
const TOOLS: readonly (readonly [string, ...string[]])[] = [
  ["podman", "--version"],
  ["runc", "--version"],
  ["test", "-x", "/usr/lib/podman/netavark"],
  ["test", "-x", "/usr/lib/podman/aardvark-dns"],
  ["ip", "-V"],
  ["iptables", "-V"],
  ["busybox", "true"],
  ["test", "-e", "/usr/bin/ld-musl-config"],
  ["python3", "-c", "import venv"],
  ["nsenter", "--version"],
  ["systemd-analyze", "--version"],
];
const SUITE = [
  "images",
  "deliveries",
  "strangers",
  "health",
  "entrypoint",
  "composition",
  "file_server",
  "sub_agents",
  "services",
];
const QUIET = { stdout: "null", stderr: "null" } as const;

async function findMissing(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  for (const [tool, ...args] of TOOLS) {
    if (await run(tool, args, QUIET) !== 0) return [tool, ...args].join(" ");
  }
  return null;
}

/** Returns what the images can carry, and says what they cannot and why. */
async function chooseCarriers(): Promise<readonly Carrier[]> {
  const reason = (Deno.env.get("DENORT_BIN") ?? "") === ""
    ? "DENORT_BIN names no runtime to compile with"
    : await run(Deno.execPath(), ["task", "compile"], {}) === 0
    ? null
    : "deno task compile failed with the runtime that DENORT_BIN names";
  if (reason === null) return ["deno", "compiled"];
  console.log(`skipped: images of executables: ${reason}; the bundles run under plain Deno`);
  return ["deno"];
}

async function buildImages(host: ContainerHost, carriers: readonly Carrier[]): Promise<void> {
  await importBases(host);
  console.log("the bases are stand-ins: musl and busybox for Alpine, glibc and busybox for Debian");
  for (const carrier of carriers) {
    for (const image of IMAGES) {
      const bytes = await buildImage(host, { ...image, carrier });
      const size = (bytes / 1e6).toFixed(1).padStart(6);
      console.log(`${size} MB  ${imageName({ ...image, carrier })}`);
    }
  }
}

/** Makes the programs that compose, in the folder of the host. */
async function installComposer({ folder }: ContainerHost): Promise<boolean> {
  const venv = `${folder}/venv`;
  return await run("python3", ["-m", "venv", venv], QUIET) === 0 &&
    await run(`${venv}/bin/pip`, ["install", "--quiet", COMPOSER], { stdout: "null" }) === 0;
}

async function runSuite(host: ContainerHost): Promise<number | null> {
  const bundling = await run(Deno.execPath(), ["task", "compile", "--bundle"], {});
  if (bundling !== 0) return bundling;
  const carriers = await chooseCarriers();
  await buildImages(host, carriers);
  const files = SUITE.map((file) => `tests/containers/${file}.ts`);
  return await run(
    Deno.execPath(),
    ["test", "-A", "--sanitize-ops", "--sanitize-resources", ...Deno.args, ...files],
    { env: { [SUITE_VARIABLE]: host.folder, [CARRIERS_VARIABLE]: carriers.join() } },
  );
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
const host = await ContainerHost.make();
let status: number | null = null;
try {
  if (await installComposer(host)) status = await runSuite(host);
  else if (Deno.env.get("CI") !== "true") {
    console.log(`skipped: ${COMPOSER} could not be installed by pip`);
    status = SKIP_STATUS;
  }
} finally {
  await host.remove();
}
Deno.exit(status ?? 1);
