/** The real program: its output, its exit status, its signals. */
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import { handshakeAsKeeper } from "../../protocol/handshake.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { AgentProcess } from "../support/agent_process.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const UNIX = Deno.build.os !== "windows";

async function deliver(agent: AgentProcess, files: Record<string, string>) {
  const source = await MemorySecretSource.from(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [path, encodeUtf8(text)])),
  );
  const connection = await dialTcp({ host: "127.0.0.1", port: agent.port });
  const session = await handshakeAsKeeper(connection.duplex, { policy: () => null });
  return await deliverAsKeeper(session, source, { revision: Date.now() });
}

Deno.test("main serves a keeper, says what it did, and stops at SIGTERM", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await using agent = await AgentProcess.start(folder.path);
  assertMatch(agent.fingerprint, /^SHA256:/);
  const report = await deliver(agent, { "tls/key": "a", "password": "b" });
  assertEquals(report.files.map(({ outcome }) => outcome), ["created", "created"]);
  const said = JSON.parse(await agent.nextLine());
  assertEquals([said.event, said.created, said.complete], ["delivery", 2, true]);
  assertEquals(await Deno.readTextFile(`${folder.path}/files/tls/key`), "a");
  assertEquals(await agent.stop("SIGTERM"), 0);
});

Deno.test("main keeps its identity and its files over a restart", { ignore: !UNIX }, async () => {
  await using folder = await temporaryFolder();
  const fingerprints: string[] = [];
  const outcomes: string[] = [];
  for (let i = 0; i < 2; i++) {
    await using agent = await AgentProcess.start(folder.path);
    fingerprints.push(agent.fingerprint);
    const { files } = await deliver(agent, { a: "one" });
    outcomes.push(...files.map(({ outcome }) => outcome));
    assertEquals(await agent.stop("SIGINT"), 0);
  }
  assertEquals(fingerprints[0], fingerprints[1]);
  assertEquals(outcomes, ["created", "unchanged"]);
});

Deno.test("main ends at once at a second signal, whatever is under way", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await using agent = await AgentProcess.start(folder.path);
  using connection = await dialTcp({ host: "127.0.0.1", port: agent.port });
  const session = await handshakeAsKeeper(connection.duplex, { policy: () => null });
  agent.signal("SIGTERM");
  await agent.untilLogged("the agent is stopping");
  assertEquals(await agent.stop("SIGTERM"), 143);
  await session.close();
});

Deno.test(
  "main sends not a byte to an address that is not allowed",
  { ignore: !UNIX },
  async () => {
    await using folder = await temporaryFolder();
    await using agent = await AgentProcess.start(folder.path, [
      "--whitelisted-addresses=192.0.2.7",
    ]);
    using connection = await dialTcp({ host: "127.0.0.1", port: agent.port });
    let received = 0;
    try {
      for await (const chunk of connection.duplex.readable) received += chunk.length;
    } catch (error) {
      // A reset is as good as an end.
      assert(error instanceof ConnectionError);
    }
    assertEquals(received, 0);
    assertEquals(await agent.stop("SIGTERM"), 0);
    assertMatch(agent.stderr, /turned away an address that is not allowed/);
  },
);

Deno.test("main exits with 2 where the operator has to change something", async () => {
  const { code, stderr } = await AgentProcess.run(["--bind-port", "0"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: --whitelisted-addresses is missing/);
  const none = await AgentProcess.run(["identity", "--state-dir", "/no/such/folder"]);
  assertEquals(none.code, 1);
});

Deno.test("main answers --help and --version", async () => {
  const [help, version] = await Promise.all([
    AgentProcess.run(["agent", "--help"]),
    AgentProcess.run(["--version"]),
  ]);
  assertEquals([help.code, version.code], [0, 0]);
  assertMatch(help.stdout, /--whitelisted-addresses/);
  assertMatch(version.stdout, /^fluxvault-agent \d+\.\d+\.\d+\n$/);
});

Deno.test("main keeps serving while 1,000 strangers connect and say nothing", {
  ignore: !UNIX,
}, async () => {
  await using folder = await temporaryFolder();
  await using agent = await AgentProcess.start(folder.path);
  const strangers: Awaited<ReturnType<typeof dialTcp>>[] = [];
  try {
    for (let i = 0; i < 1_000; i++) {
      strangers.push(await dialTcp({ host: "127.0.0.1", port: agent.port }));
    }
    const { files } = await deliver(agent, { a: "one" });
    assertEquals(files[0]?.outcome, "created");
  } finally {
    for (const stranger of strangers) stranger.close();
  }
  assertEquals(await agent.stop("SIGTERM"), 0);
});
