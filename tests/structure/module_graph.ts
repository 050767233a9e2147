/**
 * Who imports whom, read off Deno's own module graph.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_ROOT } from "../../dist/tasks/derived_config.ts";
import type { FileMap } from "./project_files.ts";

/**
 * For each file the targets of its imports, type-only and dynamic ones too: a path below the project,
 * or the resolved specifier of a package or built-in module (`npm:p-limit@7.3.3`, `node:path`).
 */
export type ModuleGraph = ReadonlyMap<string, readonly string[]>;

interface InfoDependency {
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

interface InfoModule {
  readonly specifier: string;
  readonly dependencies?: readonly InfoDependency[];
}

function toProjectPath(specifier: string): string {
  const isOurs = specifier.startsWith(PROJECT_ROOT.href);
  return isOurs ? decodeURI(specifier.slice(PROJECT_ROOT.href.length)) : specifier;
}

/** Reads the graph of all TypeScript files in one run of `deno info`. */
export async function readModuleGraph(files: FileMap): Promise<ModuleGraph> {
  const paths = [...files.keys()].filter((path) => path.endsWith(".ts"));
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-graph-" });
  try {
    const entry = join(folder, "entry.ts");
    const lines = paths.map((path) => `import "${new URL(encodeURI(path), PROJECT_ROOT).href}";`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const config = new URL("deno.json", PROJECT_ROOT);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", fileURLToPath(config), entry],
      cwd: PROJECT_ROOT,
      stdin: "null",
    });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(`deno info failed: ${new TextDecoder().decode(stderr)}`);
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: readonly InfoModule[];
    };
    const graph = new Map<string, readonly string[]>();
    for (const module of modules) {
      const path = toProjectPath(module.specifier);
      if (!files.has(path)) continue;
      const targets = (module.dependencies ?? []).flatMap(({ code, type }) =>
        code?.specifier ?? type?.specifier ?? []
      );
      graph.set(path, targets.map(toProjectPath));
    }
    const missing = paths.filter((path) => !graph.has(path));
    if (missing.length > 0) throw new Error(`deno info left out ${missing.join(", ")}`);
    return graph;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns one import cycle as the list of its files, or `null` where there is none. */
export function findCycle(graph: ModuleGraph): readonly string[] | null {
  const finished = new Set<string>();
  const trail: string[] = [];
  function visit(path: string): readonly string[] | null {
    if (finished.has(path)) return null;
    const start = trail.indexOf(path);
    if (start >= 0) return [...trail.slice(start), path];
    trail.push(path);
    for (const target of graph.get(path) ?? []) {
      const cycle = visit(target);
      if (cycle !== null) return cycle;
    }
    trail.pop();
    finished.add(path);
    return null;
  }
  for (const path of graph.keys()) {
    const cycle = visit(path);
    if (cycle !== null) return cycle;
  }
  return null;
}
