import { Agent, type AgentOptions } from "../../agent/agent.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { ConnectionError, OriginalRefusedError, PeerRejectedError } from "../../protocol/errors.ts";
import { handshakeAsKeeper } from "../../protocol/handshake.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import {
  deliverOriginalAsKeeper,
  openOriginalAsKeeper,
  type OriginalSession,
} from "../../protocol/original/mod.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { AgentPort, ALLOWED_ADDRESS, type Call } from "../support/agent_port.ts";
import { fixedIdentity, fixedRsaKeyPair, keeperOptions } from "../support/session_pair.ts";
import { signerOf } from "../support/signing.ts";
import { sourceOf, StuckSource, StuckStore } from "../support/stuck_delivery.ts";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "../support/assert.ts";

function deliver(port: AgentPort, source: SecretSource, address?: string) {
  return port.openSession(address).then((session) =>
    deliverAsKeeper(session, source, { revision: 1 })
  );
}

/** Comes after everything that is ready to happen has happened. */
function nothing(): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("nothing"), 0));
}

/** Opens a connection and takes the agent's opening line, as whoever connects does. */
async function callAndListen(port: AgentPort, address?: string): Promise<Call> {
  const call = port.call(address);
  const reader = call.readable.getReader();
  await reader.read();
  reader.releaseLock();
  return call;
}

Deno.test("Agent receives what a keeper delivers and reports it", async () => {
  const store = new MemorySecretStore();
  await using port = await AgentPort.open({ store });
  await deliver(port, await sourceOf({ a: "one", b: "two" }));
  const report = await port.report(0);
  assertEquals(report.isComplete, true);
  assertEquals(report.files.map(({ outcome }) => outcome), ["created", "created"]);
  assertEquals(report.contentBytes, 6);
  assertEquals(store.paths().sort(), ["a", "b"]);
  assertEquals(port.logger.events.at(-1)?.properties.created, 2);
});

Deno.test("Agent tells the keeper which app and component it is", async () => {
  await using port = await AgentPort.open({ app: "shop", component: "web", software: "x/1" });
  const session = await port.openSession();
  const { claim, readiness } = session.origin;
  assertEquals([claim.app, claim.component, readiness.software], ["shop", "web", "x/1"]);
  await session.close();
  await port.report(0);
});

Deno.test("Agent asks whoever may come from any address to sign", async () => {
  const node = { id: `${"ab".repeat(32)}0`, ip: "203.0.113.10", country: "DE" };
  const options = { policy: null, verifyStatement: () => Promise.resolve(true) };
  const enrolmentSecret = new Uint8Array(32);
  await using port = await AgentPort.open({ ...options, node: () => node, enrolmentSecret });
  const unsigned = () => port.openSession("198.51.100.1");
  await assertRejects(unsigned, PeerRejectedError, "statement-missing");
  const call = port.call("198.51.100.1");
  const session = await handshakeAsKeeper(call, keeperOptions({ signer: signerOf() }));
  assertEquals([session.origin.claim.node, session.origin.claim.enrolment?.length], [node, 32]);
  await session.close();
  const identity = await fixedIdentity();
  const open = { policy: null, identity, store: new MemorySecretStore() };
  assertThrows(() => new Agent(open), TypeError);
});

Deno.test("Agent sends not a byte to an address that is not allowed", async () => {
  await using port = await AgentPort.open();
  const call = port.call("198.51.100.1");
  const next = port.call();
  await next.readable.getReader().read();
  assertEquals(call.isClosed, true);
  const reading = call.readable.getReader().read().then(() => "bytes");
  assertEquals(await Promise.race([reading, nothing()]), "nothing");
  assertEquals(port.logger.messages("warn"), ["turned away an address that is not allowed"]);
});

Deno.test("Agent waits for a verdict before it sends a byte", async () => {
  const verdict = Promise.withResolvers<boolean>();
  await using port = await AgentPort.open({ policy: { allows: () => verdict.promise } });
  const call = port.call();
  const reading = call.readable.getReader().read().then(() => "bytes");
  assertEquals(await Promise.race([reading, nothing()]), "nothing");
  verdict.resolve(true);
  assertEquals(await reading, "bytes");
});

Deno.test("Agent names an address that it turns away once, not each time", async () => {
  await using port = await AgentPort.open();
  for (let i = 0; i < 100; i++) port.call("198.51.100.1");
  const last = port.call();
  await last.readable.getReader().read();
  assertEquals(port.logger.messages("warn").length, 1);
  port.stop.abort();
  await port.served;
  const told = port.logger.events.filter(({ message }) => message.startsWith("turned away"));
  assertEquals(told.map(({ properties }) => properties), [
    { address: "198.51.100.1", count: 1 },
    { address: "198.51.100.1", count: 99 },
  ]);
});

Deno.test("Agent goes on with others while one sends garbage and one says nothing", async () => {
  await using port = await AgentPort.open();
  const silent = await callAndListen(port);
  const garbage = await callAndListen(port);
  const writer = garbage.writable.getWriter();
  await writer.write(encodeUtf8("GET / HTTP/1.1\r\n\r\n"));
  await deliver(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).isComplete, true);
  await garbage.closed;
  assertMatch(port.logger.messages("warn").join(), /came to no session/);
  assertEquals(silent.isClosed, false);
});

Deno.test("Agent tells of all that an address fails at in one line, in no words of its own", async () => {
  await using port = await AgentPort.open();
  const lines = ["GET / HTTP/1.1\n", '{"State":"words-of-a-stranger"}\n', "{".repeat(9_000), "{"];
  for (const line of lines) {
    const call = await callAndListen(port);
    const writer = call.writable.getWriter();
    await writer.write(encodeUtf8(line)).catch(() => {});
    await writer.close().catch(() => {});
    await call.closed;
  }
  assertEquals(port.logger.messages("warn").length, 1);
  port.stop.abort();
  await port.served;
  const told = port.logger.events.filter(({ message }) => message.includes("came to no session"));
  assertEquals(told.map(({ properties }) => properties), [
    { address: ALLOWED_ADDRESS, count: 1, reasons: { "message-malformed": 1 } },
    {
      address: ALLOWED_ADDRESS,
      count: 3,
      reasons: { "message-malformed": 1, "line-too-long": 1, "truncated": 1 },
    },
  ]);
});

Deno.test("Agent lets a keeper in that shares its address with one who keeps failing", async () => {
  await using port = await AgentPort.open();
  for (let i = 0; i < 100; i++) {
    const call = await callAndListen(port);
    await call.writable.getWriter().write(encodeUtf8("\n"));
    await call.closed;
  }
  const silent = await callAndListen(port);
  await deliver(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).isComplete, true);
  assertEquals(silent.isClosed, true, "the address had one place");
});

Deno.test("Agent has no keeper wait behind garbage whose senders are gone", async () => {
  await using port = await AgentPort.open();
  const line = {
    ...{ State: "AESKEY", Version: 2, Suite: "RSA-OAEP-256+A256GCM" },
    ...{ Nonce: "00".repeat(32), Key: "00".repeat(256) },
  };
  for (let i = 0; i < 1_000; i++) {
    const call = await callAndListen(port);
    await call.writable.getWriter().write(encodeUtf8(`${JSON.stringify(line)}\n`));
  }
  // A thousand unwraps at 20 a second would take longer than any handshake may.
  await deliver(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).isComplete, true);
});

Deno.test("Agent gives up a keeper that sends its opening line byte by byte", async () => {
  await using port = await AgentPort.open({ openingTimeoutMs: 20 });
  const call = await callAndListen(port);
  const writer = call.writable.getWriter();
  const dripping = (async () => {
    for (;;) {
      await writer.write(encodeUtf8("{"));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  await assertRejects(() => dripping, ConnectionError, "timed-out");
  await call.closed;
});

Deno.test("Agent drops the oldest silent caller of an address for a newcomer", async () => {
  await using port = await AgentPort.open();
  const silent: Call[] = [];
  for (let i = 0; i < 20; i++) silent.push(await callAndListen(port));
  await Promise.all(silent.slice(0, 16).map(({ closed }) => closed));
  assertEquals(silent.at(-1)?.isClosed, false);
  await deliver(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).isComplete, true);
});

Deno.test("Agent, when asked to stop, ends handshakes at once and takes nobody new", async () => {
  await using port = await AgentPort.open();
  const call = await callAndListen(port);
  port.stop.abort();
  await port.served;
  assertEquals(call.isClosed, true);
  const late = port.call();
  assertEquals(late.isClosed, false, "nobody took it");
});

Deno.test("Agent, when asked to stop, lets a delivery under way come to its end", async () => {
  const store = new StuckStore();
  await using port = await AgentPort.open({ store, stopGraceMs: 60_000 });
  const delivery = deliver(port, await sourceOf({ a: "one" }));
  await store.reached.promise;
  port.stop.abort();
  store.letGo.resolve();
  assertEquals((await delivery).files[0]?.outcome, "created");
  await port.served;
  assertEquals((await port.report(0)).isComplete, true);
});

Deno.test("Agent, when asked to stop, tells a keeper that waits for its turn", async () => {
  const store = new StuckStore();
  await using port = await AgentPort.open({ store, stopGraceMs: 60_000 });
  const source = await sourceOf({ a: "one" });
  const first = deliver(port, source);
  await store.reached.promise;
  const session = await port.openSession();
  const second = deliverAsKeeper(session, source, { revision: 1 });
  port.stop.abort();
  await assertRejects(() => second, PeerRejectedError, "shutting-down");
  store.letGo.resolve();
  await first;
});

Deno.test("Agent, when asked to stop, cuts off what takes longer than the grace time", async () => {
  await using port = await AgentPort.open({ stopGraceMs: 5 });
  const stuck = new StuckSource(await sourceOf({ a: "one" }));
  const delivery = deliver(port, stuck);
  await stuck.opened.promise;
  port.stop.abort();
  await port.served;
  stuck.letGo();
  await assertRejects(() => delivery, ConnectionError);
  assertEquals((await port.report(0)).isComplete, false);
});

Deno.test("Agent ends at once where it was asked to stop before", async () => {
  const agent = new Agent({
    identity: await fixedIdentity(),
    store: new MemorySecretStore(),
    policy: { allows: (address) => address === ALLOWED_ADDRESS },
  });
  const endless = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error()) }) };
  await agent.serve(endless, { signal: AbortSignal.abort() });
});

Deno.test("Agent ends when there are no more connections", async () => {
  using keys = new RsaKeyStock({ generate: fixedRsaKeyPair });
  const agent = new Agent({
    identity: await fixedIdentity(),
    keys,
    store: new MemorySecretStore(),
    policy: { allows: () => false },
  });
  await agent.serve((async function* () {})());
});

Deno.test("Agent rethrows what the source of connections throws", async () => {
  using keys = new RsaKeyStock({ generate: fixedRsaKeyPair });
  const agent = new Agent({
    identity: await fixedIdentity(),
    keys,
    store: new MemorySecretStore(),
    policy: { allows: () => false },
  });
  const broken = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new RangeError()) }),
  };
  await assertRejects(() => agent.serve(broken), RangeError);
});

/** Where vaults of the original dial from. */
const VAULT_ADDRESS = "192.0.2.8";

/** An agent that lets vaults of the original in from one address, and asks them for a file. */
function openForVaults(options: Partial<AgentOptions> = {}): Promise<AgentPort> {
  return AgentPort.open({
    policy: { allows: (address) => [ALLOWED_ADDRESS, VAULT_ADDRESS].includes(address) },
    originalPolicy: { allows: (address) => address === VAULT_ADDRESS },
    files: ["a"],
    ...options,
  });
}

function openAsVault(port: AgentPort, address: string = VAULT_ADDRESS): Promise<OriginalSession> {
  return openOriginalAsKeeper(port.call(address));
}

async function deliverAsVault(port: AgentPort, source: SecretSource) {
  return await deliverOriginalAsKeeper(await openAsVault(port), source);
}

Deno.test("Agent receives what a vault of the original gives it, and reports it", async () => {
  const store = new MemorySecretStore();
  await using port = await openForVaults({ store, files: ["a", "gone"] });
  await deliverAsVault(port, await sourceOf({ a: "one", b: "two" }));
  const { wire, remoteAddress, isComplete, files, contentBytes } = await port.report(0);
  assertEquals([wire, remoteAddress, isComplete], ["original", VAULT_ADDRESS, true]);
  assertEquals(files, [{ path: "a", outcome: "created" }, { path: "gone", outcome: "missing" }]);
  assertEquals([store.read("a"), store.paths(), contentBytes], [encodeUtf8("one"), ["a"], 3]);
});

Deno.test("Agent closes a vault of the original where that wire is off, and names the option", async () => {
  await using port = await AgentPort.open();
  await assertRejects(() => openAsVault(port, ALLOWED_ADDRESS), OriginalRefusedError, "truncated");
  const [event] = port.logger.events.filter(({ level }) => level === "warn");
  assertMatch(event?.message ?? "", /came to no session/);
  assertEquals(event?.properties.reasons, { "original-wire": 1 });
  assertMatch(String(event?.properties.hint), /--original-wire would let in/);
  assertEquals(port.reports, []);
});

Deno.test("Agent lets nobody speak the original's wire but the addresses that may", async () => {
  await using port = await openForVaults();
  await assertRejects(() => openAsVault(port, ALLOWED_ADDRESS), OriginalRefusedError, "truncated");
  await deliver(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).wire, 2);
});

Deno.test("Agent turns an address away that may speak the original's wire and may not connect", async () => {
  const originalPolicy = { allows: () => true };
  await using port = await openForVaults({ originalPolicy });
  const call = port.call("198.51.100.1");
  await call.closed;
  const reading = call.readable.getReader().read().then(() => "bytes");
  assertEquals(await Promise.race([reading, nothing()]), "nothing");
});

Deno.test("Agent speaks either wire with one address, one after the other", async () => {
  const store = new MemorySecretStore();
  await using port = await openForVaults({ store });
  await deliverAsVault(port, await sourceOf({ a: "one" }));
  assertEquals(store.read("a"), encodeUtf8("one"));
  await deliver(port, await sourceOf({ a: "two" }), VAULT_ADDRESS);
  assertEquals(store.read("a"), encodeUtf8("two"));
  await port.report(1);
  assertEquals(port.reports.map(({ wire }) => wire), ["original", 2]);
});

Deno.test("Agent serves two vaults of the original and a keeper that come at once", async () => {
  await using port = await openForVaults();
  const source = await sourceOf({ a: "one" });
  await Promise.all([
    ...[deliverAsVault(port, source), deliverAsVault(port, source)],
    deliver(port, source),
  ]);
  await port.report(2);
  assertEquals(port.reports.map(({ isComplete }) => isComplete), [true, true, true]);
});

Deno.test("Agent goes on with one vault of the original while others say nothing", async () => {
  await using port = await openForVaults();
  const silent = await callAndListen(port, VAULT_ADDRESS);
  const idle = await openAsVault(port);
  await deliverAsVault(port, await sourceOf({ a: "one" }));
  assertEquals((await port.report(0)).isComplete, true);
  assertEquals([silent.isClosed, idle.link.isOver], [false, false]);
});

Deno.test("Agent comes to no session with a vault whose key does not fit", async () => {
  await using port = await openForVaults();
  const call = await callAndListen(port, VAULT_ADDRESS);
  const zeros = (bytes: number) => "00".repeat(bytes);
  const line = { enc_session_key: zeros(256), nonce: zeros(16), tag: zeros(16), cipher: zeros(32) };
  await call.writable.getWriter().write(encodeUtf8(`${JSON.stringify(line)}\n`));
  await call.closed;
  assertEquals(port.logger.events.at(-1)?.properties.reasons, { "open-failed": 1 });
});

Deno.test("Agent, when asked to stop, lets a vault of the original come to its end", async () => {
  const store = new StuckStore();
  await using port = await openForVaults({ store, stopGraceMs: 60_000 });
  const delivery = deliverAsVault(port, await sourceOf({ a: "one" }));
  await store.reached.promise;
  port.stop.abort();
  store.letGo.resolve();
  assertEquals((await delivery).files, [{ path: "a", outcome: "created" }]);
  await port.served;
  assertEquals((await port.report(0)).isComplete, true);
});

Deno.test("Agent begins no session over a connection that is not secured", async () => {
  const secure = () => Promise.reject(new ConnectionError("certificate-refused", "it has none"));
  await using port = await AgentPort.open({ secure });
  await assertRejects(() => port.openSession(), ConnectionError);
});
