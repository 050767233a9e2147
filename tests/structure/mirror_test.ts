/**
 * Rule: a test lies where its source lies, under the same name, and every source file of some size has
 * one; what a file has instead is said in the list of exemptions.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { countLines, type FileMap, isSource, readProjectFiles } from "./project_files.ts";

/** Shorter files may be tested through the file that uses them. */
const MAX_UNTESTED_LINES = 60;

/** The folders of `tests/` that mirror a folder of the project. */
const MIRRORED = /^tests\/(?:protocol|flux|agent|keeper|dist)\//;

/** Files without a test of their own, each with what tests it instead. */
const EXEMPT: Readonly<Record<string, string>> = {
  "agent/commands/serve_context.ts": "interfaces alone; tests/agent/commands/serve_command_test.ts",
  "agent/plugins/running_plugin.ts": "interfaces alone; tests/agent/plugins/agent_plugins_test.ts",
  "keeper/authority/state/authority_store.ts":
    "interfaces alone; tests/keeper/authority/state/disk_store_test.ts",
  "keeper/authority_commands.ts": "tests/keeper/program_test.ts",
  "keeper/plugin_commands.ts": "tests/keeper/program_test.ts",
  "keeper/status/agent_status.ts": "interfaces alone; tests/keeper/status/noted_contact_test.ts",
  "keeper/contact/contact_task.ts":
    "interfaces alone; tests/keeper/contact/planned_contact_test.ts",
  "keeper/keeper_options.ts": "interfaces alone; tests/keeper/keeper_test.ts",
  "keeper/vault/vault.ts": "interfaces alone; the vaults that there are have tests",
  "protocol/actions/standard_schema.ts":
    "interfaces alone; tests/protocol/actions/defined_action_test.ts",
  "protocol/calls/action.ts": "interfaces alone; tests/protocol/calls/running_action_test.ts",
  "protocol/calls/session_calls.ts": "interfaces alone; tests/protocol/calls/running_calls_test.ts",
  "protocol/certificate_desk.ts": "interfaces alone; tests/protocol/issued_files_test.ts",
  "protocol/handshake_frames.ts": "tests/protocol/handshake_test.ts, and every vector",
  "protocol/handshake_options.ts": "interfaces alone; tests/protocol/handshake_test.ts",
  "keeper/commands/services/logs_command.ts": "tests/e2e/service_care_test.ts",
  "agent/commands/application_command.ts": "tests/agent/commands/application_settings_test.ts",
  "agent/commands/serve_powers.ts": "tests/agent/commands/serve_programs_test.ts",
  "agent/services/service_status.ts": "interfaces alone; tests/agent/services/service_task_test.ts",
  "protocol/hook_result.ts": "interfaces alone; tests/protocol/receive_as_agent_test.ts",
  "protocol/manifest_entry.ts": "interfaces alone; tests/protocol/manifest_line_test.ts",
  "protocol/messages.ts": "interfaces alone; tests/protocol/message_encoding_test.ts",
  "protocol/secret_source.ts": "interfaces alone; the sources that there are have tests",
  "protocol/plugins/plugin_script.ts": "interfaces alone; tests/examples/plugins_test.ts",
  "protocol/secret_store.ts": "interfaces alone; the stores that there are have tests",
};

/** Front doors hold no code, and a `main.ts` runs in the end-to-end tests. */
function isDoor(path: string): boolean {
  return /(?:^|\/)(?:mod|main)\.ts$/.test(path);
}

function findViolations(files: FileMap, exempt: Readonly<Record<string, string>>): string[] {
  const violations: string[] = [];
  for (const path of files.keys()) {
    if (!MIRRORED.test(path) || !path.endsWith("_test.ts")) continue;
    const source = path.slice("tests/".length).replace(/_test\.ts$/, ".ts");
    if (!files.has(source)) violations.push(`${path} has no source ${source}`);
  }
  for (const [path, text] of files) {
    if (!isSource(path) || isDoor(path) || path in exempt) continue;
    const test = `tests/${path.replace(/\.ts$/, "_test.ts")}`;
    const lines = countLines(text);
    if (lines <= MAX_UNTESTED_LINES || files.has(test)) continue;
    violations.push(`${path} has ${lines} lines and no test ${test}`);
  }
  for (const path of Object.keys(exempt)) {
    const test = `tests/${path.replace(/\.ts$/, "_test.ts")}`;
    if (!files.has(path)) {
      violations.push(`the exemption of ${path} is for a file that is not there`);
    } else if (files.has(test)) violations.push(`the exemption of ${path} is no longer needed`);
  }
  return violations;
}

Deno.test("mirror: holds in this project", async () => {
  assertEquals(findViolations(await readProjectFiles(), EXEMPT), []);
});

const LONG = "const x = 1;\n".repeat(MAX_UNTESTED_LINES + 1);

Deno.test("mirror: accepts a tested file, a short one, a door and an exempt one", () => {
  const files = new Map([
    ["protocol/frame.ts", LONG],
    ["tests/protocol/frame_test.ts", ""],
    ["protocol/limits.ts", "const x = 1;\n".repeat(MAX_UNTESTED_LINES)],
    ["protocol/mod.ts", LONG],
    ["agent/main.ts", LONG],
    ["keeper/contact/dialer.ts", LONG],
    ["tests/e2e/delivery_test.ts", LONG],
  ]);
  assertEquals(
    findViolations(files, { "keeper/contact/dialer.ts": "tests/e2e/delivery_test.ts" }),
    [],
  );
});

Deno.test("mirror: finds a test without a source and a source without a test", () => {
  const files = new Map([
    ["flux/flux_client.ts", LONG],
    ["tests/flux/client_test.ts", ""],
  ]);
  assertEquals(findViolations(files, {}), [
    "tests/flux/client_test.ts has no source flux/client.ts",
    `flux/flux_client.ts has ${
      MAX_UNTESTED_LINES + 1
    } lines and no test tests/flux/flux_client_test.ts`,
  ]);
});

Deno.test("mirror: finds an exemption that is stale", () => {
  const files = new Map([["agent/agent.ts", LONG], ["tests/agent/agent_test.ts", ""]]);
  assertEquals(findViolations(files, { "agent/agent.ts": "e2e", "agent/gone.ts": "e2e" }), [
    "the exemption of agent/agent.ts is no longer needed",
    "the exemption of agent/gone.ts is for a file that is not there",
  ]);
});
