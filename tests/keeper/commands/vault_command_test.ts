import { join } from "node:path";
import { KEEPER_PROGRAM } from "../../../keeper/program.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeAgent, FakeNode } from "../../support/fake_fleet.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { TcpAgent } from "../../support/tcp_agents.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Makes a folder with files of the vault in it. */
async function vaultFolder(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  await Deno.mkdir(join(folder.path, "vault/tls"), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(join(folder.path, "vault/quotes.txt"), "to be");
  await Deno.writeTextFile(join(folder.path, "vault/tls/key.pem"), "a key");
  await Deno.writeTextFile(join(folder.path, "vault/.env"), "hidden");
  return folder;
}

/** Runs the command with a folder of state of its own. */
function runVault(
  folder: TemporaryFolder,
  args: readonly string[],
  variables: Record<string, string> = {},
): Promise<ProgramRun> {
  const state = ["--state-dir", join(folder.path, "state")];
  return runInProcess(KEEPER_PROGRAM, ["Vault", ...state, ...args], { variables });
}

Deno.test("vault gives a node what it asks for of the folder, once", async () => {
  await using folder = await vaultFolder();
  const node = new FakeNode(["quotes.txt", "tls/key.pem"]);
  await using listener = TcpAgent.listen(node.serve);
  const { code, stdout, stderr } = await runVault(folder, [
    ...["--ip", "127.0.0.1", "--port", String(listener.port)],
    ...["--dir", join(folder.path, "vault"), "--json"],
  ]);
  assertEquals(code, 0, stderr);
  const [agent, pass] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals([agent.wire, agent.outcome, agent.wanted], ["original", "delivered", true]);
  assertEquals([pass.type, pass.pass, node.contacts], ["pass", 1, 1]);
  assertEquals(node.store.read("tls/key.pem"), new TextEncoder().encode("a key"));
  assert(stderr.includes("The wire of the original FluxVault is on"), stderr);
});

Deno.test("vault is content with a node that asks for some of the files", async () => {
  await using folder = await vaultFolder();
  const node = new FakeNode(["quotes.txt"]);
  await using listener = TcpAgent.listen(node.serve);
  const vault = ["--dir", join(folder.path, "vault")];
  const { code, stdout } = await runVault(folder, ["--ip", listener.address, ...vault]);
  assertEquals(code, 0, stdout);
  assertEquals(node.store.paths(), ["quotes.txt"]);
});

Deno.test("vault gives nothing that is hidden or outside of the folder", async () => {
  await using folder = await vaultFolder();
  await Deno.writeTextFile(join(folder.path, "outside"), "canary");
  const node = new FakeNode([".env", "../outside", join(folder.path, "outside")]);
  // The node asks for what its own store would refuse as well.
  node.store.inspect = () => Promise.resolve(null);
  await using listener = TcpAgent.listen(node.serve);
  const vault = ["--dir", join(folder.path, "vault"), "--json"];
  const { code, stdout } = await runVault(folder, ["--ip", listener.address, ...vault]);
  const [agent] = stdout.split("\n", 1).map((line) => JSON.parse(line));
  const outcomes = agent.files.map(({ outcome }: { outcome: string }) => outcome);
  assertEquals([code, outcomes], [1, ["missing", "missing", "missing"]]);
  assertEquals(node.store.paths(), []);
});

Deno.test("vault takes the variables of the original, and its flags before them", async () => {
  await using folder = await vaultFolder();
  const node = new FakeNode(["quotes.txt"]);
  await using listener = TcpAgent.listen(node.serve);
  const variables = {
    VAULT_FILE_DIR: join(folder.path, "vault"),
    VAULT_PORT: "1",
  };
  const args = ["--ip", "127.0.0.1", "--port", String(listener.port)];
  const { code, stderr } = await runVault(folder, args, variables);
  assertEquals([code, node.store.paths()], [0, ["quotes.txt"]], stderr);
});

Deno.test("vault finds the nodes of an app", async () => {
  await using folder = await vaultFolder();
  await using api = FakeFluxApi.start();
  const node = new FakeNode(["quotes.txt"]);
  await using listener = TcpAgent.listen(node.serve);
  api.setLocations("vaultdemo", ["127.0.0.1:16127"]);
  const args = ["--app", "vaultdemo", "--port", String(listener.port), "--flux-api", api.url];
  const vault = ["--dir", join(folder.path, "vault")];
  const { code, stderr } = await runVault(folder, [...args, ...vault]);
  assertEquals([code, node.store.paths()], [0, ["quotes.txt"]], stderr);
});

Deno.test("vault gives an agent that does not take the original's wire nothing", async () => {
  await using folder = await vaultFolder();
  const agent = await FakeAgent.make();
  await using listener = TcpAgent.listen(agent.serve);
  const vault = ["--dir", join(folder.path, "vault")];
  const { code, stdout } = await runVault(folder, ["--ip", listener.address, ...vault]);
  assertEquals([code, agent.store.paths()], [1, []]);
  assert(stdout.includes("original-refused"), stdout);
});

Deno.test("vault dials the original's port where none is named", async () => {
  const args = ["vault", "--ip", "192.0.2.1", "--dir", ".", "--show-config", "--json"];
  const { code, stdout } = await runInProcess(KEEPER_PROGRAM, args);
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.find(({ setting }) => setting === "comms-port")?.value, 39_898);
});

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no folder", ["--ip", "127.0.0.1"], /^error: --dir is missing: .*\nhint: Name the folder/],
  ["nobody to serve", ["--dir", "."], /^error: --ip is missing, and so is --app\nhint: Name the/],
  [
    "a folder that is not there",
    ["--ip", "127.0.0.1", "--dir", "./no-such-folder"],
    /names no folder that can be read: "\.\/no-such-folder" \(flag --dir\)/,
  ],
  ["an address that is none", ["--ip", "::1", "--dir", "."], /without brackets \(flag --ip\)/],
  ["a name that no app has", ["--app", "a/b", "--dir", "."], /"a\/b" \(flag --app\)/],
  ["a wire", ["--ip", "127.0.0.1", "--dir", ".", "--wire", "2"], /there is no option --wire/],
  ["trust", ["--ip", "127.0.0.1", "--dir", ".", "--trust", "pinned"], /no option --trust/],
  ["files", ["--ip", "127.0.0.1", "--dir", ".", "quotes.txt"], /argument/],
];

for (const [what, args, message] of MISTAKES) {
  Deno.test(`vault exits with 2 over ${what}`, async () => {
    await using folder = await temporaryFolder();
    const { code, stdout, stderr } = await runVault(folder, args);
    assertEquals([code, stdout], [2, ""]);
    assert(message.test(stderr) && stderr.includes("\nhint: "), stderr);
  });
}
