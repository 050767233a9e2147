/**
 * Rule: imports point one way (protocol, then flux, then agent or keeper, then dist and tests), cross
 * a folder only through its `mod.ts`, never reach a `main.ts` but from dist, and never run in a circle.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { findCycle, type ModuleGraph, readModuleGraph } from "./module_graph.ts";
import { readProjectFiles } from "./project_files.ts";

type Zone = "front" | "protocol" | "host" | "flux" | "agent" | "keeper" | "dist" | "tests";

const FOLDERS = ["protocol", "flux", "agent", "keeper", "dist", "tests"] as const;

/** What the files of a zone may import beside the files of their own zone. */
const MAY_IMPORT: Readonly<Record<Zone, readonly Zone[]>> = {
  protocol: [],
  host: ["protocol"],
  flux: ["protocol"],
  agent: ["protocol", "host", "flux"],
  keeper: ["protocol", "host", "flux"],
  front: ["protocol", "flux", "agent", "keeper"],
  dist: ["front", "protocol", "host", "flux", "agent", "keeper", "tests"],
  tests: ["front", "protocol", "host", "flux", "agent", "keeper", "dist"],
};

/** All that flux may use of protocol. */
const FLUX_MAY_USE = ["protocol/delay.ts", "protocol/errors.ts", "protocol/logger.ts"];

/** The packages of zones that have to stay small and auditable. */
const PACKAGES: Partial<Readonly<Record<Zone, RegExp>>> = {
  front: /^$/,
  protocol: /^@(?:noble|scure)\//,
  flux: /^@(?:noble|scure)\//,
};

/** The zones that may read the version of the project. */
const READERS_OF_VERSION: readonly Zone[] = ["host", "agent", "keeper", "dist", "tests"];

/** Packages that only tests may import. */
const DEVELOPMENT_PACKAGES = ["@logtape/logtape", "acme-client", "ajv", "fast-check", "valibot"];

function zoneOf(path: string): Zone | null {
  if (path === "mod.ts") return "front";
  if (path.startsWith("protocol/host/")) return "host";
  return FOLDERS.find((folder) => path.startsWith(`${folder}/`)) ?? null;
}

function checkPackage(zone: Zone, target: string): string | null {
  if (target.startsWith("node:")) return null; // Where it may be used is the rule of edge-safety.
  const name = /^(?:npm|jsr):\/?((?:@[^/@]+\/)?[^/@]+)/.exec(target)?.[1];
  if (name === undefined) return "is neither a package nor a file of the project";
  if (zone !== "tests" && DEVELOPMENT_PACKAGES.includes(name)) return "is for tests only";
  if (PACKAGES[zone]?.test(name) === false) return `is not a package for ${zone}`;
  return null;
}

function checkImport(path: string, target: string): string | null {
  const from = zoneOf(path);
  const to = zoneOf(target);
  if (from === null) return "lies in no folder of the house";
  if (target === "deno.json" && READERS_OF_VERSION.includes(from)) return null;
  if (to === null) return checkPackage(from, target);
  if (/(?:^|\/)main\.ts$/.test(target) && from !== "dist") return "only dist imports a main.ts";
  const second = "tests/interop/second_implementation/";
  if (path.startsWith(second) && !target.startsWith(second)) {
    return "the second implementation imports nothing of ours";
  }
  if (from === to) return null;
  if (!MAY_IMPORT[from].includes(to)) return `${from} may not import ${to}`;
  if (from === "flux") return FLUX_MAY_USE.includes(target) ? null : "flux may not use this file";
  const isSameFolder = from === "host" && to === "protocol";
  if (from === "tests" || to === "tests" || isSameFolder) return null;
  // The front door runs anywhere; a folder's mod.ts may offer things that touch the system.
  if (from === "front") return null;
  return /(?:^|\/)(?:mod|main)\.ts$/.test(target) ? null : "import the folder's mod.ts";
}

function findViolations(graph: ModuleGraph): string[] {
  const violations: string[] = [];
  for (const [path, targets] of graph) {
    for (const target of targets) {
      const reason = checkImport(path, target);
      if (reason !== null) violations.push(`${path} imports ${target}: ${reason}`);
    }
  }
  const cycle = findCycle(graph);
  if (cycle !== null) violations.push(`circle: ${cycle.join(" imports ")}`);
  return violations;
}

Deno.test("direction: holds in this project", async () => {
  assertEquals(findViolations(await readModuleGraph(await readProjectFiles())), []);
});

Deno.test("direction: allows what the plan of the house draws", () => {
  const graph = new Map([
    ["mod.ts", ["protocol/mod.ts", "agent/agent.ts"]],
    ["protocol/frame.ts", ["protocol/limits.ts", "npm:/@noble/hashes@2.4.0/sha2.js"]],
    ["protocol/host/tcp_duplex.ts", ["protocol/duplex.ts", "npm:p-limit@7.3.3"]],
    ["flux/flux_client.ts", ["protocol/errors.ts", "protocol/logger.ts"]],
    ["agent/main.ts", ["deno.json", "agent/listener.ts", "protocol/host/mod.ts", "flux/mod.ts"]],
    ["keeper/contact/sync_agent.ts", ["protocol/mod.ts", "npm:p-limit@7.3.3"]],
    ["dist/fluxvault.ts", ["agent/main.ts", "keeper/main.ts"]],
    ["tests/protocol/frame_test.ts", ["protocol/frame.ts", "npm:fast-check@4.10.2"]],
    ["tests/interop/second_implementation/agent.ts", [
      "node:crypto",
      "tests/interop/second_implementation/frame.ts",
    ]],
  ]);
  assertEquals(findViolations(graph), []);
});

const FORBIDDEN: readonly (readonly [string, string, string])[] = [
  ["protocol/frame.ts", "flux/mod.ts", "protocol may not import flux"],
  ["protocol/frame.ts", "protocol/host/mod.ts", "protocol may not import host"],
  ["protocol/frame.ts", "npm:zod@4.0.0", "is not a package for protocol"],
  ["protocol/frame.ts", "https://example.org/x.ts", "is neither a package nor a file"],
  ["flux/flux_client.ts", "protocol/mod.ts", "flux may not use this file"],
  ["flux/flux_client.ts", "protocol/host/mod.ts", "flux may not import host"],
  ["agent/agent.ts", "keeper/mod.ts", "agent may not import keeper"],
  ["keeper/keeper.ts", "agent/mod.ts", "keeper may not import agent"],
  ["keeper/keeper.ts", "protocol/frame.ts", "import the folder's mod.ts"],
  ["keeper/keeper.ts", "tests/support/assert.ts", "keeper may not import tests"],
  ["keeper/keeper.ts", "keeper/main.ts", "only dist imports a main.ts"],
  ["keeper/keeper.ts", "npm:fast-check@4.10.2", "is for tests only"],
  ["mod.ts", "agent/main.ts", "only dist imports a main.ts"],
  ["mod.ts", "protocol/host/mod.ts", "front may not import host"],
  ["dist/demo.ts", "keeper/contact/sync_agent.ts", "import the folder's mod.ts"],
  ["tests/keeper/keeper_test.ts", "keeper/main.ts", "only dist imports a main.ts"],
  ["tests/interop/second_implementation/agent.ts", "protocol/mod.ts", "imports nothing of ours"],
  ["scripts/build.ts", "mod.ts", "lies in no folder of the house"],
];

for (const [path, target, reason] of FORBIDDEN) {
  Deno.test(`direction: refuses that ${path} imports ${target}`, () => {
    const violations = findViolations(new Map([[path, [target]]]));
    assertEquals(
      violations.map((violation) => violation.includes(reason)),
      [true],
      `${violations}`,
    );
  });
}

Deno.test("direction: refuses a circle of files", () => {
  const graph = new Map([
    ["flux/a.ts", ["flux/b.ts"]],
    ["flux/b.ts", ["flux/c.ts"]],
    ["flux/c.ts", ["flux/b.ts"]],
  ]);
  assertEquals(findViolations(graph), ["circle: flux/b.ts imports flux/c.ts imports flux/b.ts"]);
});
