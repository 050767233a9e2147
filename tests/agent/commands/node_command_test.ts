import { AGENT_PROGRAM } from "../../../agent/program.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { runVault } from "../../support/original_peers.ts";
import { runInProcess } from "../../support/program.ts";
import { type JsonLine, jsonLines } from "../../support/followed_process.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { listTree, type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Starts the command as a process of its own. */
function startNode(
  folder: TemporaryFolder,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): RunningProgram {
  const listening = ["--bind-address", "127.0.0.1", "--json"];
  const start = { args: ["Node", ...listening, ...args], cwd: folder.path, variables };
  return new RunningProgram("agent", start);
}

/** Delivers as the original's vault does, and returns what the node says of it. */
async function deliver(
  node: RunningProgram,
  files: Readonly<Record<string, string>>,
): Promise<JsonLine> {
  const { port } = await node.waitForJson(({ event }) => event === "listening");
  await runVault({ host: "127.0.0.1", port }, files);
  return await node.waitForJson(({ event }) => event === "delivery");
}

Deno.test("node asks the vault for the files that stand behind its options", async () => {
  await using folder = await temporaryFolder();
  await using node = startNode(folder, [
    ...["--port", "0", "--vault", "127.0.0.1", "--dir", `${folder.path}/files`],
    ...["quotes.txt", "./tls/key.pem", "gone.txt"],
  ]);
  const report = await deliver(node, { "quotes.txt": "to be", "tls/key.pem": "k", "other": "o" });
  assertEquals([report.wire, report.complete, report.created], ["original", true, 2]);
  assertEquals((await node.stop()).code, 0);
  assertEquals(await listTree(`${folder.path}/files`), [
    "quotes.txt 600 to be",
    "tls/ 700",
    "tls/key.pem 600 k",
  ]);
});

Deno.test("node asks for the files of --files before those behind its options", async () => {
  await using folder = await temporaryFolder();
  await using node = startNode(folder, [
    ...["--port", "0", "--vault", "127.0.0.1", "--dir", folder.path],
    ...["--files", "a,b", "c", "a"],
  ]);
  const report = await deliver(node, { a: "1", b: "2", c: "3" });
  assertEquals(report.files.map(({ path }: JsonLine) => path), ["a", "b", "c"]);
});

Deno.test("node takes the variables of the original", async () => {
  await using folder = await temporaryFolder();
  await using node = startNode(folder, ["a"], {
    VAULT_NAME: "127.0.0.1",
    VAULT_PORT: "0",
    VAULT_FILE_DIR: `${folder.path}/files`,
  });
  assertEquals((await deliver(node, { a: "one" })).created, 1);
  assertEquals(await listTree(folder.path), ["files/ 700", "files/a 600 one"]);
});

Deno.test("node warns of the wire, and keeps an identity in memory without a word", async () => {
  await using folder = await temporaryFolder();
  const args = ["--bind-address", "127.0.0.1", "--port", "0", "--vault", "127.0.0.1"];
  const run = await runInProcess(
    AGENT_PROGRAM,
    ["node", ...args, "--dir", `${folder.path}/files`, "a"],
    { stop: true },
  );
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stderr, /the wire of the original FluxVault is on/);
  assert(!run.stderr.includes("identity"), run.stderr);
  assertMatch(run.stdout, /may connect {3}127\.0\.0\.1\noriginal wire 127\.0\.0\.1\n/);
  assertEquals(await listTree(folder.path), ["files/ 700"]);
});

Deno.test("node keeps its identity where it is told to", async () => {
  await using folder = await temporaryFolder();
  const args = ["--bind-address", "127.0.0.1", "--port", "0", "--vault", "127.0.0.1", "a"];
  const folders = ["--dir", `${folder.path}/files`, "--state-dir", `${folder.path}/state`];
  const options = { stop: true };
  const run = await runInProcess(AGENT_PROGRAM, ["node", ...args, ...folders], options);
  assertEquals(run.code, 0, run.stderr);
  const names = (await listTree(folder.path)).map((line) => line.split(" ")[0]);
  assertEquals(names, ["files/", "state/", "state/.lock", "state/identity.json"]);
});

Deno.test("node listens on the original's port in the folder that it is in, if told nothing", async () => {
  const args = ["node", "--vault", "127.0.0.1", "a", "--show-config", "--json"];
  const { code, stdout } = await runInProcess(AGENT_PROGRAM, args);
  assertEquals(code, 0);
  const values = new Map(jsonLines(stdout).map(({ setting, value }) => [setting, value]));
  const found = ["bind-port", "working-dir", "state-dir"].map((name) => values.get(name));
  assertEquals(found, [39_898, ".", null]);
});

const VAULT = ["--vault", "127.0.0.1"];
const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["without a vault", ["a"], /^error: --vault is missing: .*\nhint: Name the host or the address/],
  ["without a file", [...VAULT], /^error: no file is named: .*\nhint: Name the files behind/],
  ["with a file that leads out", [...VAULT, "../a"], /the segment "\.\."/],
  ["with a file that is a folder", [...VAULT, "./"], /is empty/],
  ["with a vault that is none", ["--vault", "10.0.0.0/40", "a"], /"10\.0\.0\.0\/40" is no network/],
  ["with a port that is none", [...VAULT, "--port", "65536", "a"], /--port/],
];

for (const [what, args, message] of MISTAKES) {
  Deno.test(`node does not start ${what}`, async () => {
    await using folder = await temporaryFolder();
    const dir = ["--dir", `${folder.path}/files`];
    const { code, stdout, stderr } = await runInProcess(AGENT_PROGRAM, ["Node", ...dir, ...args]);
    assertMatch(stderr, message);
    assertEquals([code, stdout, await listTree(folder.path)], [2, "", []]);
  });
}
