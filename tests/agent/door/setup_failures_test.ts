import { PLACE_LOST, SetupFailures } from "../../../agent/door/setup_failures.ts";
import {
  ConnectionError,
  OriginalPeerError,
  PeerRejectedError,
  ProtocolError,
  type RejectionCode,
} from "../../../protocol/errors.ts";
import { handshakeAsKeeper } from "../../../protocol/handshake.ts";
import { AgentPort, ALLOWED_ADDRESS, type Call } from "../../support/agent_port.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { keeperOptions } from "../../support/session_pair.ts";
import { signerOf } from "../../support/signing.ts";

const ADDRESS = "192.0.2.7";

function rejection(code: RejectionCode, by: "us" | "peer"): PeerRejectedError {
  return new PeerRejectedError(code, "a refusal", { by });
}

Deno.test("SetupFailures says whom it is held against", () => {
  const failures = new SetupFailures(new MemoryLogger());
  const errors = [
    new ProtocolError("open-failed", "no frame"),
    new ConnectionError("timed-out", "no line"),
    rejection("statement-missing", "us"),
    rejection("agent-pending", "peer"),
    rejection("rejected", "peer"),
    rejection("owner-unknown", "us"),
    new TypeError("a fault of ours"),
  ];
  const ends = errors.map((error) => failures.note(ADDRESS, error));
  failures.flush();
  assertEquals(ends, [
    ...["failed", "failed", "failed", "declined", "declined", "blameless", "blameless"],
  ]);
});

Deno.test("SetupFailures tells that a keeper turned the agent away, and accuses nobody", () => {
  const logger = new MemoryLogger();
  const failures = new SetupFailures(logger);
  const codes = ["agent-pending", "agent-pending", "identity-changed"] as const;
  for (const code of codes) failures.note(ADDRESS, rejection(code, "peer"));
  failures.flush();
  const told = (codes: string) => `the keeper turned this agent away: ${codes}`;
  assertEquals(logger.events, [
    {
      level: "info",
      message: told("agent-pending"),
      properties: { address: ADDRESS, count: 1 },
    },
    {
      level: "info",
      message: told("agent-pending, identity-changed"),
      properties: { address: ADDRESS, count: 2 },
    },
  ]);
});

Deno.test("SetupFailures names a place that was lost, and the original's wire with a hint", () => {
  const logger = new MemoryLogger();
  const failures = new SetupFailures(logger);
  failures.note("192.0.2.1", PLACE_LOST);
  failures.note("192.0.2.2", new OriginalPeerError("it does"));
  failures.flush();
  const told = logger.events.map(({ properties: { reasons, hint } }) => [reasons, typeof hint]);
  assertEquals(told, [
    [{ "place-lost": 1 }, "undefined"],
    [{ "original-wire": 1 }, "string"],
  ]);
});

/** Opens connections that say nothing, and returns how many of them are still there. */
async function countSilent(port: AgentPort, count: number): Promise<number> {
  const calls: Call[] = [];
  for (let i = 0; i < count; i++) {
    const call = port.call();
    calls.push(call);
    await call.readable.getReader().read();
  }
  return calls.filter(({ isClosed }) => !isClosed).length;
}

Deno.test("SetupFailures holds nothing against a keeper to which its agent is pending", async () => {
  await using port = await AgentPort.open();
  const pending = keeperOptions({ policy: () => "agent-pending" });
  for (let i = 0; i < 20; i++) {
    const call = port.call();
    const attempt = handshakeAsKeeper(call, pending);
    await assertRejects(() => attempt, PeerRejectedError, "agent-pending");
    await call.closed;
  }
  assertEquals(await countSilent(port, 4), 4, "a penalised address would have one place");
  const [told] = port.logger.messages("info");
  assertEquals(told, "the keeper turned this agent away: agent-pending");
  assertEquals(port.logger.messages("warn"), []);
});

Deno.test("SetupFailures holds nothing against a keeper whose agent knows no owner yet", async () => {
  const verifyStatement = () => Promise.reject(rejection("owner-unknown", "us"));
  await using port = await AgentPort.open({ verifyStatement });
  const signed = keeperOptions({ signer: signerOf() });
  for (let i = 0; i < 10; i++) {
    const call = port.call();
    // The keeper is content with the agent and learns of it at its first read.
    const attempt = handshakeAsKeeper(call, signed);
    await assertRejects(() => attempt, PeerRejectedError, "owner-unknown");
    await call.closed;
  }
  assertEquals(await countSilent(port, 4), 4, "a penalised address would have one place");
  const [told] = port.logger.events.filter(({ level }) => level === "warn");
  assertEquals(told?.properties.address, ALLOWED_ADDRESS);
  assertEquals(told?.properties.reasons, { "owner-unknown": 1 });
});
