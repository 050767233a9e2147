import { type AgentHealth, askHealth, HealthSocket } from "../../agent/health_socket.ts";
import { ConnectionError } from "../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { MemoryLogger } from "../support/memory_logger.ts";
import { listTree, temporaryFolder } from "../support/temporary_folder.ts";

const ignore = Deno.build.os === "windows";
const WELL: AgentHealth = { serving: true, delivered: true };

/** Opens a socket whose agent is well, or throws what the log has. */
async function open(folder: string, health = () => WELL): Promise<HealthSocket> {
  const logger = new MemoryLogger();
  const socket = await HealthSocket.open(folder, { health, logger });
  if (socket === null) throw new Error(JSON.stringify(logger.events));
  return socket;
}

Deno.test("HealthSocket tells whoever asks how the agent is now", { ignore }, async () => {
  await using folder = await temporaryFolder();
  let health: AgentHealth = { serving: true, delivered: false };
  await using _socket = await open(folder.path, () => health);
  assertEquals(await askHealth(folder.path), health);
  health = { serving: false, delivered: true };
  assertEquals(await askHealth(folder.path), health);
  assertEquals(await listTree(folder.path), ["health.sock special"]);
  const { mode } = await Deno.lstat(`${folder.path}/health.sock`);
  assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("HealthSocket leaves nothing behind, and takes the place of what was left", {
  ignore,
}, async () => {
  await using folder = await temporaryFolder();
  using left = Deno.listen({ transport: "unix", path: `${folder.path}/health.sock` });
  assert(left.addr.transport === "unix");
  {
    await using _socket = await open(folder.path);
    assertEquals(await askHealth(folder.path), WELL);
  }
  assertEquals(await listTree(folder.path), []);
});

Deno.test("HealthSocket removes nothing but a socket", { ignore }, async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/health.sock`, "mine", { mode: 0o600 });
  const logger = new MemoryLogger();
  assertEquals(await HealthSocket.open(folder.path, { health: () => WELL, logger }), null);
  assertEquals(logger.messages("info"), ["nobody can ask this agent how it is"]);
  assertEquals(await listTree(folder.path), ["health.sock 600 mine"]);
});

Deno.test("HealthSocket outlives those who ask and go, or send what they like", {
  ignore,
}, async () => {
  await using folder = await temporaryFolder();
  await using _socket = await open(folder.path);
  for (let i = 0; i < 20; i++) {
    const path = `${folder.path}/health.sock`;
    using conn = await Deno.connect({ transport: "unix", path });
    await conn.write(new Uint8Array(100)).catch(() => {});
  }
  assertEquals(await askHealth(folder.path), WELL);
});

Deno.test("askHealth says where nobody answers", { ignore }, async () => {
  await using folder = await temporaryFolder();
  const error = await assertRejects(
    () => askHealth(folder.path),
    ConnectionError,
    "connection-refused",
  );
  assertMatch(error.hint ?? "", /--state-dir/);
});

Deno.test("askHealth waits for no agent that hangs, and believes no other answer", {
  ignore,
}, async () => {
  await using folder = await temporaryFolder();
  using listener = Deno.listen({ transport: "unix", path: `${folder.path}/health.sock` });
  const options = { timeoutMs: 20 };
  await assertRejects(() => askHealth(folder.path, options), ConnectionError, "timed-out");
  (await listener.accept()).close();
  for (const answer of ["", "{}", '{"serving":1,"delivered":true}', "x".repeat(300)]) {
    const asking = assertRejects(() => askHealth(folder.path), ConnectionError, "connection-lost");
    using conn = await listener.accept();
    await conn.write(new TextEncoder().encode(answer));
    conn.closeWrite();
    await asking;
  }
});
