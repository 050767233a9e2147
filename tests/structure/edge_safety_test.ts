/**
 * Rule: every file that is not listed here as touching the operating system uses neither `Deno` nor
 * `node:`, imports no file that does, and type-checks with the browser libraries alone.
 *
 * @module
 */
import { PROJECT_ROOT, withDerivedConfig } from "../../dist/tasks/derived_config.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type ModuleGraph, readModuleGraph } from "./module_graph.ts";
import { codeLines, type FileMap, isSource, readProjectFiles } from "./project_files.ts";

/** The files that may touch the operating system; a folder ends in a slash. */
const OPERATING_SYSTEM_FILES: readonly string[] = [
  "protocol/host/",
  "agent/commands/",
  "agent/disk/",
  "agent/application/child_process.ts",
  "agent/application/delivered_files.ts",
  "agent/application/mod.ts",
  "agent/application/orphan_reaper.ts",
  "agent/application/process_group.ts",
  "agent/application/process_library.ts",
  "agent/application/secret_inputs.ts",
  "agent/application/signal_relay.ts",
  "agent/disk_agent.ts",
  "agent/door/name_resolver.ts",
  "agent/health_socket.ts",
  "agent/hooks/allowed_programs.ts",
  "agent/hooks/hook_actions.ts",
  "agent/hooks/hook_files.ts",
  "agent/hooks/hook_program.ts",
  "agent/hooks/hooks_file.ts",
  "agent/hooks/mod.ts",
  "agent/hooks/output_tail.ts",
  "agent/neighbours/dns_datagrams.ts",
  "agent/fetch_options.ts",
  "agent/http/caller_certificates.ts",
  "agent/http/file_server.ts",
  "agent/http/server/http_server.ts",
  "agent/http/mod.ts",
  "agent/neighbours/mod.ts",
  "agent/neighbours/name_service.ts",
  "agent/http/served_files.ts",
  "agent/identity_file.ts",
  "agent/issued/issued_file.ts",
  "agent/issued/mod.ts",
  "agent/listener.ts",
  "agent/main.ts",
  "agent/mod.ts",
  "agent/options.ts",
  "agent/plugins/disk_plugin_store.ts",
  "agent/plugins/mod.ts",
  "agent/plugins/plugin_files.ts",
  "agent/plugins/walled_plugin_host.ts",
  "agent/program.ts",
  "agent/relay/dial_sub_agent.ts",
  "agent/relay/mod.ts",
  "agent/services/left_services.ts",
  "agent/services/mod.ts",
  "agent/services/process_list.ts",
  "agent/services/service_launcher.ts",
  "agent/services/services_file.ts",
  "agent/state_folder.ts",
  "agent/subordinate/mod.ts",
  "agent/subordinate/primary_dial.ts",
  "keeper/audit/audit_key_file.ts",
  "keeper/audit/log/audit_file.ts",
  "keeper/audit/reading/audit_text.ts",
  "keeper/audit/reading/given_before.ts",
  "keeper/audit/recorded_command.ts",
  "keeper/audit/run_audit.ts",
  "keeper/authority/mod.ts",
  "keeper/authority/opened_authority.ts",
  "keeper/authority/ring_secrets.ts",
  "keeper/authority/state/disk_store.ts",
  "keeper/authority/state/index_path.ts",
  "keeper/authority_commands.ts",
  "keeper/authority_options.ts",
  "keeper/commands/",
  "keeper/contact/dialer.ts",
  "keeper/contact/secured_connection.ts",
  "keeper/call_options.ts",
  "keeper/fleet_options.ts",
  "keeper/keys/",
  "keeper/loadout/",
  "keeper/main.ts",
  "keeper/mod.ts",
  "keeper/options.ts",
  "keeper/original/deliveries_file.ts",
  "keeper/plan/plan_text.ts",
  "keeper/plugin_commands.ts",
  "keeper/plugin_fleet_options.ts",
  "keeper/plugin_options.ts",
  "keeper/plugins/mod.ts",
  "keeper/plugins/running_plugins.ts",
  "keeper/plugins/shared_storage.ts",
  "keeper/plugins/told_plugin.ts",
  "keeper/program.ts",
  "keeper/progress/progress_display.ts",
  "keeper/progress/progress_line.ts",
  "keeper/report/hook_lines.ts",
  "keeper/report/report_lines.ts",
  "keeper/report/report_output.ts",
  "keeper/report/report_text.ts",
  "keeper/report/service_lines.ts",
  "keeper/service_commands.ts",
  "keeper/service_options.ts",
  "keeper/state_folder.ts",
  "keeper/state_permissions.ts",
  "keeper/status/status_file.ts",
  "keeper/status/status_text.ts",
  "keeper/trust/known_agents_file.ts",
  "keeper/vault/disk_file.ts",
  "keeper/vault/disk_vault.ts",
  "keeper/vault/file_looks.ts",
  "keeper/vault/folder_marks_file.ts",
  "keeper/vault/folder_memory.ts",
  "keeper/vault/mod.ts",
  "keeper/vault/small_files.ts",
  "keeper/vault/tree_walk.ts",
  "keeper/vault/walk.ts",
  "keeper/vault/whole_folder.ts",
  "keeper/watch/path_watch.ts",
];

/**
 * What a browser, an edge worker and every server runtime have in common, down to Node.js 20 (which
 * has no `Promise.withResolvers`; where it has no `ArrayBuffer.transfer` the code asks first). A class
 * may offer `Symbol.dispose`, which does no harm where it is missing; `using` itself is syntax, and
 * refused.
 */
const BROWSER_LIBRARIES = [
  "es2023",
  "es2024.arraybuffer",
  "es2024.string",
  "esnext.disposable",
  "dom",
  "dom.iterable",
  "dom.asynciterable",
];

function mayTouchSystem(path: string): boolean {
  return OPERATING_SYSTEM_FILES.some((listed) =>
    listed.endsWith("/") ? path.startsWith(listed) : path === listed
  );
}

function listEdgeFiles(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => isSource(path) && !mayTouchSystem(path));
}

/** `ReadableStream.from` is not in every browser, whatever the libraries say. */
const USE = /\bDeno\b|["'`]node:|^\s*(?:await )?using (?=\w+ =)|\bReadableStream\.from\b/;

/** Finds uses of the runtime, and of syntax that not every runtime has, in the edge files. */
function findUses(files: FileMap): string[] {
  const violations: string[] = [];
  for (const path of listEdgeFiles(files.keys())) {
    for (const [number, line] of codeLines(files.get(path) ?? "")) {
      const use = USE.exec(line);
      if (use !== null) violations.push(`${path}:${number} uses ${use[0].trim()}`);
    }
  }
  return violations;
}

/** Finds files that the list names one by one and that would pass without it. */
function findNeedless(files: FileMap, graph: ModuleGraph): string[] {
  return OPERATING_SYSTEM_FILES.filter((path) => {
    const text = files.get(path);
    if (text === undefined) return false;
    const isUser = codeLines(text).some(([, line]) => USE.test(line));
    return !isUser && !(graph.get(path) ?? []).some(mayTouchSystem);
  });
}

/** Finds imports by which an edge file would pull in the operating system. */
function findImports(graph: ModuleGraph): string[] {
  return listEdgeFiles(graph.keys()).flatMap((path) =>
    (graph.get(path) ?? [])
      .filter((target) => target.startsWith("node:") || mayTouchSystem(target))
      .map((target) => `${path} imports ${target}`)
  );
}

/** Type-checks files with the browser libraries alone; returns what the type checker said. */
async function checkWithBrowserLibraries(paths: readonly string[]): Promise<string> {
  return await withDerivedConfig({ lib: BROWSER_LIBRARIES }, async (configPath) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", configPath, ...paths],
      cwd: PROJECT_ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
    const { success, stderr } = await command.output();
    return success ? "" : new TextDecoder().decode(stderr);
  });
}

Deno.test("edge-safety: no edge file of this project uses Deno or node:", async () => {
  const files = await readProjectFiles();
  assertEquals(findUses(files), []);
  assertEquals(findImports(await readModuleGraph(files)), []);
});

Deno.test("edge-safety: the edge files type-check with the browser libraries alone", async () => {
  const paths = listEdgeFiles((await readProjectFiles()).keys());
  assert(paths.length > 0);
  assertEquals(await checkWithBrowserLibraries(paths), "");
});

Deno.test("edge-safety: no file is on the list that could do without", async () => {
  const files = await readProjectFiles();
  assertEquals(findNeedless(files, await readModuleGraph(files)), []);
});

Deno.test("edge-safety: finds Deno, node: and using in code and lets comments be", () => {
  const files = new Map([
    ["protocol/frame.ts", "/**\n * Under Deno.\n */\nexport const PID = Deno.pid; // why\n"],
    ["flux/flux_client.ts", 'import { lookup } from "node:dns";\n'],
    ["keeper/fleet/fleet.ts", "using = 1;\n  await using session = open();\n"],
    ["keeper/vault/memory_vault.ts", "ReadableStream.from([]);\n"],
    ["protocol/host/tcp_duplex.ts", "Deno.connect;\n"],
    ["tests/e2e/run_test.ts", "Deno.test;\n"],
  ]);
  assertEquals(findUses(files), [
    "protocol/frame.ts:4 uses Deno",
    'flux/flux_client.ts:1 uses "node:',
    "keeper/fleet/fleet.ts:2 uses await using",
    "keeper/vault/memory_vault.ts:1 uses ReadableStream.from",
  ]);
});

Deno.test("edge-safety: finds an import of a file that touches the system", () => {
  const graph = new Map([
    ["agent/agent.ts", ["agent/listener.ts", "protocol/mod.ts"]],
    ["keeper/contact/dialer.ts", ["node:net"]],
    ["keeper/report/report.ts", ["node:util"]],
  ]);
  assertEquals(findImports(graph), [
    "agent/agent.ts imports agent/listener.ts",
    "keeper/report/report.ts imports node:util",
  ]);
});

Deno.test("edge-safety: finds a listed file that touches nothing", () => {
  const files = new Map([
    ["agent/identity_file.ts", "export const A = 1;\n"],
    ["agent/listener.ts", "Deno.listen;\n"],
    ["agent/mod.ts", 'export * from "./listener.ts";\n'],
  ]);
  const graph = new Map([["agent/mod.ts", ["agent/listener.ts"]]]);
  assertEquals(findNeedless(files, graph), ["agent/identity_file.ts"]);
});

Deno.test("edge-safety: the browser libraries refuse what a server runtime adds", async () => {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-edge-" });
  try {
    const file = `${folder}/violation.ts`;
    const uses = ["Deno.pid", "process.pid", "setTimeout(() => {}, 1).unref()", "Buffer", "fetch"];
    const lines = uses.map((use, index) => `export const VALUE_${index}: unknown = ${use};`);
    await Deno.writeTextFile(file, lines.join("\n"));
    const output = await checkWithBrowserLibraries([file]);
    const refused = [...output.matchAll(/violation\.ts:(\d+):/g)].map(([, line]) => Number(line));
    assertEquals(refused, [1, 2, 3, 4], output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
