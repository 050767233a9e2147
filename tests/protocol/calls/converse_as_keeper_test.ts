import { encodeHex } from "../../../protocol/bytes.ts";
import { CallError } from "../../../protocol/calls/call_error.ts";
import { converseAsKeeper } from "../../../protocol/calls/converse_as_keeper.ts";
import { createDeferred } from "../../../protocol/deferred.ts";
import { ConnectionError, ProtocolError } from "../../../protocol/errors.ts";
import { encodeManifest } from "../../../protocol/manifest.ts";
import { MemorySecretStore } from "../../../protocol/memory_secret_store.ts";
import { receiveAsAgent } from "../../../protocol/receive_as_agent.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { ECHO, HeldAction } from "../../support/call_desks.ts";
import { openSessionPair } from "../../support/session_pair.ts";

const NOTHING = { isCallsOnly: true, files: [], hooks: [], contentBytes: 0 } as const;

Deno.test("converseAsKeeper calls, delivers nothing, and returns what the work returns", async () => {
  await using pair = await openSessionPair();
  const store = new MemorySecretStore();
  const [value, report] = await Promise.all([
    converseAsKeeper(pair.keeper, (desk) => desk.call("echo", { input: 1 })),
    receiveAsAgent(pair.agent, store, { calls: { actions: [ECHO] } }),
  ]);
  assertEquals([value, report, store.paths()], [1, NOTHING, []]);
});

Deno.test("converseAsKeeper ends with an agent that has no calls of its own", async () => {
  await using pair = await openSessionPair();
  const [code, report] = await Promise.all([
    converseAsKeeper(pair.keeper, async (desk) => {
      return (await assertRejects(() => desk.call("echo"), CallError)).code;
    }),
    receiveAsAgent(pair.agent, new MemorySecretStore()),
  ]);
  assertEquals([code, report], ["unknown-action", NOTHING]);
});

Deno.test("converseAsKeeper answers the agent's calls until the agent has no more", async () => {
  await using pair = await openSessionPair();
  const told: unknown[] = [];
  const isOver = createDeferred<void>();
  const [, report] = await Promise.all([
    converseAsKeeper(pair.keeper, () => Promise.resolve(isOver.resolve()), { actions: [ECHO] }),
    receiveAsAgent(pair.agent, new MemorySecretStore(), {
      calls: {
        work: async (desk) => {
          await isOver.promise;
          for (let input = 0; input < 5; input++) told.push(await desk.call("echo", { input }));
        },
      },
    }),
  ]);
  assertEquals([told, report], [[0, 1, 2, 3, 4], NOTHING]);
});

Deno.test("converseAsKeeper ends the session well where the work fails, and throws why", async () => {
  await using pair = await openSessionPair();
  const [error, report] = await Promise.all([
    assertRejects(
      () => converseAsKeeper(pair.keeper, (desk) => desk.call("sing")),
      CallError,
      "unknown-action",
    ),
    receiveAsAgent(pair.agent, new MemorySecretStore(), { calls: {} }),
  ]);
  assertEquals([error.code, report], ["unknown-action", NOTHING]);
});

Deno.test("converseAsKeeper waits with the end for calls that the work left alone", async () => {
  const held = new HeldAction();
  await using pair = await openSessionPair();
  const ended: string[] = [];
  const conversation = Promise.all([
    converseAsKeeper(pair.keeper, (desk) => {
      void desk.call("hold").then(() => ended.push("call"));
      return Promise.resolve();
    }).then(() => ended.push("session")),
    receiveAsAgent(pair.agent, new MemorySecretStore(), { calls: { actions: [held] } }),
  ]);
  await held.until(({ running }) => running === 1);
  held.release();
  await conversation;
  assertEquals(ended, ["call", "session"]);
});

Deno.test("converseAsKeeper fails with the session, and waits for the work to notice", async () => {
  const held = new HeldAction();
  await using pair = await openSessionPair();
  const reasons: unknown[] = [];
  const conversing = assertRejects(
    () =>
      converseAsKeeper(pair.keeper, async (desk) => {
        await new Promise((resolve) => desk.signal.addEventListener("abort", resolve));
        reasons.push(desk.signal.reason);
      }),
    ConnectionError,
  );
  const receiving = assertRejects(
    () => receiveAsAgent(pair.agent, new MemorySecretStore(), { calls: { actions: [held] } }),
    ConnectionError,
  );
  await pair.agent.fail(new ConnectionError("connection-lost", "the cable was cut"));
  const [error] = await Promise.all([conversing, receiving]);
  assertEquals(reasons, [error]);
});

Deno.test("converseAsKeeper refuses an agent that answers END with something else", async () => {
  await using pair = await openSessionPair();
  const conversing = converseAsKeeper(pair.keeper, () => Promise.resolve());
  await pair.agent.send({ State: "DONE-REPLY" });
  await assertRejects(() => conversing, ProtocolError, "message-unexpected");
});

Deno.test("converseAsKeeper fails where the agent ends without END-REPLY", async () => {
  await using pair = await openSessionPair();
  const conversing = converseAsKeeper(pair.keeper, () => Promise.resolve());
  conversing.catch(() => {});
  await pair.agent.receive();
  await pair.agent.close();
  await assertRejects(() => conversing, ConnectionError, "truncated");
});

Deno.test("receiveAsAgent refuses END behind a manifest", async () => {
  await using pair = await openSessionPair();
  const receiving = receiveAsAgent(pair.agent, new MemorySecretStore());
  receiving.catch(() => {});

  const { digest, bytes } = await encodeManifest([]);

  await pair.keeper.send({
    State: "MANIFEST",
    Id: 0,
    Revision: 1,
    Issued: 1,
    Expires: 2,
    Digest: encodeHex(digest),
    Size: bytes.length,
  });
  await pair.keeper.send({ State: "END" });
  await assertRejects(() => receiving, ProtocolError, "message-unexpected");
});
