/**
 * The runtimes that the library is tried in, and how their packages are named.
 *
 * @module
 */

/** The versions, exactly. Chromium is the system's own. */
export const RUNTIME_VERSIONS = {
  node20: "20.20.2",
  node22: "22.23.3",
  node24: "24.21.0",
  bun: "1.4.5",
  workerd: "1.20261117.1",
  npm: "10.9.9",
  typescript: "5.9.3",
} as const;

/** How each package names the processor. */
const ARCHITECTURES = {
  x86_64: { node: "x64", bun: "x64", workerd: "64" },
  aarch64: { node: "arm64", bun: "aarch64", workerd: "arm64" },
} as const;

/** The packages for this machine by the folder in which each is installed; Linux alone has them all. */
export function listPackages(): Readonly<Record<string, string>> {
  const { node, bun, workerd } = ARCHITECTURES[Deno.build.arch];
  const { node20, node22, node24, npm, typescript } = RUNTIME_VERSIONS;
  return {
    node20: `npm:node-linux-${node}@${node20}`,
    node22: `npm:node-linux-${node}@${node22}`,
    node24: `npm:node-linux-${node}@${node24}`,
    bun: `npm:@oven/bun-linux-${bun}@${RUNTIME_VERSIONS.bun}`,
    workerd: `npm:@cloudflare/workerd-linux-${workerd}@${RUNTIME_VERSIONS.workerd}`,
    npm: `npm:npm@${npm}`,
    typescript: `npm:typescript@${typescript}`,
  };
}

/** The executables by runtime, below the folder in which the packages are installed. */
export const EXECUTABLES = {
  node20: "node20/bin/node",
  node22: "node22/bin/node",
  node24: "node24/bin/node",
  bun: "bun/bin/bun",
  workerd: "workerd/bin/workerd",
} as const;

/** The variables that name the folder in which the packages are installed, and the browser. */
export const RUNTIMES_VARIABLE = "FLUXVAULT_TEST_RUNTIMES";
export const CHROMIUM_VARIABLE = "FLUXVAULT_TEST_CHROMIUM";

/** Returns the folder with the packages; the task sets it. */
export function runtimesFolder(): string {
  return given(RUNTIMES_VARIABLE);
}

/** Returns the browser; the task sets it. */
export function chromium(): string {
  return given(CHROMIUM_VARIABLE);
}

function given(variable: string): string {
  const value = Deno.env.get(variable);
  if (value === undefined) throw new Error("run it with deno task test:runtimes");
  return value;
}
