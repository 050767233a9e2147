/**
 * Peers that break the rules on purpose: too long, too large, too many, out of turn. Each loses its own
 * session and nobody else's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { MAX_SEALED_BYTES, SPARE_CONTENT_BYTES } from "../../protocol/limits.ts";
import type { Session } from "../interop/second_implementation/session.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { dialAsKeeper, listenAsAgent } from "../support/second_ends.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import { close, readToEnd, TcpPeer, writeAll } from "../support/tcp_peer.ts";

const utf8 = new TextEncoder();

/** Bytes that are no opening line. */
const GARBAGE: readonly (readonly [string, Uint8Array])[] = [
  ["random bytes", crypto.getRandomValues(new Uint8Array(4_096))],
  ["zeros", new Uint8Array(100_000)],
  ["a line without end", utf8.encode("{".repeat(20_000))],
  ["an HTTP request", utf8.encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["a TLS greeting", new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 10])],
  ["an empty line", utf8.encode("\n")],
  ["deep nesting", utf8.encode(`${"[".repeat(8_000)}\n`)],
  ["deep members", utf8.encode(`${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}\n`)],
  ["a line of another version", utf8.encode('{"State":"AESKEY","Version":3}\n')],
  ["a prototype", utf8.encode('{"__proto__":{"Version":2},"State":"AESKEY"}\n')],
  ["a line that is cut off", utf8.encode('{"State":"AESKEY","Version":2,"Sui')],
];

/** Says these bytes, ends its direction, and returns how many bytes came. */
async function say(agent: RunningAgent, bytes: Uint8Array): Promise<number> {
  const connection = await Deno.connect({ hostname: agent.host, port: agent.port });
  try {
    const reading = readToEnd(connection);
    await writeAll(connection, bytes).catch(() => {});
    await connection.closeWrite().catch(() => {});
    return (await reading).length;
  } finally {
    close(connection);
  }
}

Deno.test("agent: hangs up on garbage after its opening line, and serves its keeper", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  for (const [name, bytes] of GARBAGE) {
    assert(await say(agent, bytes) < 1_400, name);
  }
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  assertEquals((await agent.program.stop()).code, 0);
});

Deno.test("keeper: gives up on garbage and serves the others", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const liars = GARBAGE.map(([, bytes]) =>
    TcpPeer.listen(async (connection) => {
      await writeAll(connection, bytes);
      await connection.closeWrite();
      assertEquals((await readToEnd(connection)).length, 0);
    })
  );
  const addresses = [...liars, agent].map(({ address }) => address);
  const run = await site.deliver({ agents: addresses });
  await Promise.all(liars.map((liar) => liar[Symbol.asyncDispose]()));
  assertEquals([run.code, run.pass?.agentsWanted], [1, 1]);
  for (const { address } of liars) assertEquals(run.agents.get(address)?.outcome, "failed");
});

/** What a keeper may do after its handshake, and the code with which the agent ends it. */
const KEEPER_ABUSES: readonly (readonly [string, (session: Session) => Promise<void>, string])[] = [
  [
    "a manifest that is announced too large",
    (session) => session.send(manifest({ Size: 33_554_433 })),
    "manifest-too-large",
  ],
  ["a manifest that is no list", async (session) => {
    await announce(session, Buffer.from("[]\n"));
  }, "manifest-malformed"],
  ["a manifest with another digest", async (session) => {
    await announce(session, Buffer.from("x\n"), "00".repeat(32));
  }, "digest-mismatch"],
  ["a line of the manifest that is too long", async (session) => {
    const Path = "x".repeat(5_000);
    const rest = { Kind: "file", Digest: "00".repeat(32), Size: 1, Mode: 384, Strategy: "STRICT" };
    await announce(session, Buffer.from(`${JSON.stringify({ Path, ...rest })}\n`));
  }, "manifest-malformed"],
  [
    "an answer before any question",
    (session) => session.send({ State: "DATA", Id: 7, Status: "Match" }),
    "message-unexpected",
  ],
  [
    "a piece of no stream",
    (session) =>
      session.sendFrame({ kind: "chunk", stream: 9, data: Buffer.alloc(10), last: false }),
    "stream-malformed",
  ],
  ["a window without end", async (session) => {
    await session.sendFrame({ kind: "window", stream: 0, granted: 0xffff_ffff });
  }, "stream-malformed"],
  [
    "a number of a stream that is not its own",
    (session) => session.send({ State: "X", Id: 1, Stream: 2, StreamSize: 1 }),
    "stream-malformed",
  ],
];

function manifest(change: Record<string, unknown>): Record<string, unknown> {
  const Issued = Math.floor(Date.now() / 1_000);
  return {
    ...{ State: "MANIFEST", Id: 0, Revision: Date.now(), Issued, Expires: Issued + 300 },
    ...{ Digest: "00".repeat(32), Size: 1, ...change },
  };
}

async function announce(session: Session, bytes: Buffer, digest?: string): Promise<void> {
  const Digest = digest ?? createHash("sha256").update(bytes).digest("hex");
  await session.send(manifest({ Digest, Size: bytes.length }));
  await session.message("MANIFEST-REPLY");
  await session.sendWithStream({ State: "MANIFEST-DATA", Id: 0 }, bytes);
}

/** Takes messages until the session ends, and says with which code. */
async function endOf(session: Session): Promise<string> {
  try {
    for (;;) await session.message();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

Deno.test("agent: ends a session with a keeper that breaks the rules, and says the code", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  for (const [name, abuse, code] of KEEPER_ABUSES) {
    using keeper = await dialAsKeeper(agent);
    await abuse(keeper.session).catch(() => {});
    assertEquals(await endOf(keeper.session), code, name);
  }
  assertEquals(await readTree(agent.files), {});
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
});

Deno.test("agent: takes no frame that claims to be larger than any", async () => {
  await using site = await Site.open();
  const agent = await site.startAgent();
  for (const length of [MAX_SEALED_BYTES + 1, 0x7fff_ffff, 0xffff_ffff, 16, 0]) {
    using keeper = await dialAsKeeper(agent);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    await writeAll(keeper.connection, header);
    const code = length > 100 ? "frame-too-large" : "frame-malformed";
    assertEquals(await endOf(keeper.session), code);
  }
});

/** What an agent may do after its handshake, and the code with which the keeper ends it. */
const AGENT_ABUSES: readonly (readonly [string, (session: Session) => Promise<void>, string])[] = [
  ["asks for ever", async (session) => {
    await begin(session);
    for (let Id = 0;; Id++) {
      await session.send({ State: "REQUEST", Id, File: "nothing", Digest: null });
      await session.message("DATA");
    }
  }, "too-many-messages"],
  ["asks for more at once than allowed, and reads none of it", async (session) => {
    await begin(session);
    for (let Id = 0; Id < 100; Id++) {
      await session.send({ State: "REQUEST", Id, File: "big", Digest: null });
    }
    await session.message("REQUEST");
  }, "too-many-messages"],
  ["says that it is done with requests open", async (session) => {
    await begin(session);
    await session.send({ State: "REQUEST", Id: 1, File: "big", Digest: null });
    await sendDone(session, "");
    await session.message("REQUEST");
  }, "message-unexpected"],
  ["lies in its numbers", async (session) => {
    await begin(session);
    await sendDone(session, "", { Created: 5 });
    await session.message("REQUEST");
  }, "message-unexpected"],
  ["reports what is no report", async (session) => {
    await begin(session);
    await sendDone(session, "no JSON\n");
    await session.message("REQUEST");
  }, "message-malformed"],
];

async function begin(session: Session): Promise<void> {
  const { Id } = await session.message("MANIFEST");
  await session.send({ State: "MANIFEST-REPLY", Id, Held: true });
}

async function sendDone(
  session: Session,
  results: string,
  counts: Record<string, number> = {},
): Promise<void> {
  const bytes = Buffer.from(results);
  await session.sendWithStream({
    State: "DONE",
    Counts: {
      ...{ Created: 0, Updated: 0, Reowned: 0, Removed: 0, Unchanged: 1, Missing: 0, Failed: 0 },
      ...counts,
    },
    Digest: createHash("sha256").update(bytes).digest("hex"),
  }, bytes);
}

Deno.test("keeper: ends a session with an agent that breaks the rules, and serves the others", async () => {
  await using site = await Site.open({ big: new Uint8Array(3 * 1_048_576) });
  const honest = await site.startAgent();
  const liars = AGENT_ABUSES.map(([, abuse]) =>
    listenAsAgent(async (session) => {
      await abuse(session).catch(() => {});
      await endOf(session);
    })
  );
  const addresses = [...liars, honest].map(({ address }) => address);
  const run = await site.deliver({ agents: addresses });
  await Promise.all(liars.map((liar) => liar[Symbol.asyncDispose]()));
  assertEquals(
    liars.map(({ address }, i) => [AGENT_ABUSES[i]?.[0], run.agents.get(address)?.code]),
    AGENT_ABUSES.map(([name, , code]) => [name, code]),
  );
  assertEquals([run.code, run.pass?.agentsWanted], [1, 1]);
});

Deno.test("keeper: sends an agent that asks again and again no more than it can need", async () => {
  const size = 3 * 1_048_576;
  await using site = await Site.open({ big: new Uint8Array(size) });
  let received = 0;
  await using greedy = listenAsAgent(async (session) => {
    await begin(session);
    try {
      for (let Id = 0;; Id++) {
        await session.send({ State: "REQUEST", Id, File: "big", Digest: null });
        received += (await session.stream(await session.message("DATA"))).length;
      }
    } catch {
      // The keeper has had enough.
    }
  });
  const run = await site.deliver({ agents: [greedy.address] });
  assertEquals([run.code, run.agents.get(greedy.address)?.code], [1, "too-many-messages"]);
  assertEquals(received, Math.floor((2 * size + SPARE_CONTENT_BYTES) / size) * size);
});

Deno.test("keeper: shows the words of an agent so that they do no harm on a terminal", async () => {
  await using site = await Site.open({ "db.password": "1" });
  await using liar = listenAsAgent(async (session) => {
    await begin(session);
    const names = ["db.password", "\u{202e}gnp.exe"];
    const lines = names.map((Path) =>
      JSON.stringify({ Path, Outcome: "failed", Code: "io-failed" })
    );
    await sendDone(session, lines.map((line) => `${line}\n`).join(""), { Unchanged: 0, Failed: 2 });
    await session.message("DONE-REPLY");
    await session.close();
  });
  const run = await site.run("keeper", [
    ...["--run-once", "--agent-ips", liar.address, "--vault-dir", "vault", "--state-dir", "state"],
    ...["--managed-files", "db.password"],
  ]);
  assertEquals(run.code, 1);
  assertMatch(run.stdout, /db\.password/);
  assertMatch(run.stdout, /gnp\.exe/);
  // deno-lint-ignore no-control-regex
  assert(!/[\u001b\u009b\u202e]/.test(run.stdout + run.stderr));
});
