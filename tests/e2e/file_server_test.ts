/**
 * The files of the real agent program, served over HTTP to others beside it: when, which, and to whom not.
 *
 * @module
 */
import { delay } from "../../protocol/delay.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { getRaw, sendRaw } from "../support/http_peer.ts";
import { HAS_PROC, readMemory } from "../support/process_memory.ts";
import { restoredLine, startSignedAgent } from "../support/signed_agent.ts";
import { deliverSigned, signerOf } from "../support/signing.ts";
import { type RunningAgent, sampleBytes, Site } from "../support/site.ts";
import { deliverWhole } from "../support/whole_delivery.ts";

const SERVED = ["--fileserver", "--fileserver-address", "127.0.0.1", "--fileserver-port", "0"];
const SIGNER = signerOf();
/** Many of them at once are no trifle. */
const BIG_BYTES = 20_000_000;

/** Returns the port on which an agent serves files. */
async function serverPort(agent: RunningAgent): Promise<number> {
  return (await agent.program.waitForJson(({ event }) => event === "file-server")).port;
}

async function startServing(
  site: Site,
): Promise<{ readonly agent: RunningAgent; readonly port: number }> {
  const agent = await site.startAgent({ args: SERVED });
  return { agent, port: await serverPort(agent) };
}

async function tagOf(text: string): Promise<string> {
  return `"${encodeHex(await sha256Digest(encodeUtf8(text)))}"`;
}

Deno.test("agent: serves what was delivered, and before that says when to ask again", async () => {
  await using site = await Site.open({ "db.password": "one", "tls/key.pem": "two" });
  const { agent, port } = await startServing(site);
  for (const target of ["/files/db.password", "/files/none", "/files/"]) {
    const early = await getRaw(port, target);
    assertEquals([early.status, early.fields["retry-after"]], [503, "5"], target);
  }
  await deliverWhole(site, agent);
  const whole = await getRaw(port, "/files/db.password");
  assertEquals([whole.status, whole.body], [200, "one"]);
  assertEquals(whole.fields["etag"], await tagOf("one"));
  assertEquals(whole.fields["cache-control"], "no-store");
  const pem = await getRaw(port, "/files/tls/key.pem");
  assertEquals([pem.body, pem.fields["content-type"]], ["two", "application/x-pem-file"]);
  const head = await getRaw(port, "/files/db.password", { method: "HEAD" });
  assertEquals([head.status, head.body, head.fields["content-length"]], [200, "", "3"]);
  const same = { fields: { "If-None-Match": await tagOf("one") } };
  assertEquals((await getRaw(port, "/files/db.password", same)).status, 304);
  const part = await getRaw(port, "/files/db.password", { fields: { Range: "bytes=1-" } });
  assertEquals([part.status, part.body, part.fields["content-range"]], [206, "ne", "bytes 1-2/3"]);
  assertEquals((await getRaw(port, "/files/none")).status, 404);
  const put = await getRaw(port, "/files/db.password", { method: "PUT" });
  assertEquals([put.status, put.fields["allow"]], [405, "GET, HEAD"]);
  const { files } = JSON.parse((await getRaw(port, "/files/")).body);
  assertEquals(files.map(({ path, size }: { path: string; size: number }) => [path, size]), [
    ["db.password", 3],
    ["tls/key.pem", 3],
  ]);
  await site.store({ "db.password": "three" });
  await deliverWhole(site, agent);
  assertEquals((await getRaw(port, "/files/db.password", same)).body, "three");
  assertEquals((await agent.program.stop("SIGTERM")).code, 0);
});

Deno.test("agent: serves no file that is not as it was delivered, until it is put right", async () => {
  await using site = await Site.open({ "db.password": "one", "gone": "two" });
  const { agent, port } = await startServing(site);
  await deliverWhole(site, agent);
  assertEquals((await getRaw(port, "/files/db.password")).status, 200);
  await Deno.writeTextFile(`${agent.files}/db.password`, "ONE");
  await Deno.remove(`${agent.files}/gone`);
  for (const name of ["db.password", "gone"]) {
    const reply = await getRaw(port, `/files/${name}`);
    assertEquals([reply.status, reply.fields["retry-after"]], [503, "5"]);
    assert(!reply.body.includes("ONE"));
  }
  await Deno.writeTextFile(`${agent.files}/own`, "application");
  assertEquals((await getRaw(port, "/files/own")).status, 404);
  await deliverWhole(site, agent);
  assertEquals((await getRaw(port, "/files/db.password")).body, "one");
  assertEquals((await getRaw(port, "/files/gone")).body, "two");
});

Deno.test("agent: serves a large file whole and in parts, also where it is exchanged meanwhile", async () => {
  const [one, two] = [sampleBytes(5_000_000, 1), sampleBytes(5_000_000, 2)];
  await using site = await Site.open({ "big": one });
  const { agent, port } = await startServing(site);
  await deliverWhole(site, agent);
  const url = `http://127.0.0.1:${port}/files/big`;
  const fetched = await (await fetch(url)).bytes();
  assertEquals(await sha256Digest(fetched), await sha256Digest(one));
  const part = await fetch(url, { headers: { Range: "bytes=4999990-" } });
  assertEquals([part.status, await part.bytes()], [206, one.slice(4_999_990)]);
  const slow = (await fetch(url)).body?.getReader();
  const pieces = [(await slow?.read())?.value ?? new Uint8Array()];
  await site.store({ "big": two });
  await deliverWhole(site, agent);
  for (let next; !(next = await slow?.read())?.done;) pieces.push(next?.value ?? new Uint8Array());
  const read = new Uint8Array(await new Blob(pieces).arrayBuffer());
  assertEquals(await sha256Digest(read), await sha256Digest(one));
  assertEquals(await sha256Digest(await (await fetch(url)).bytes()), await sha256Digest(two));
});

Deno.test("agent: serves after a restart what is signed, though no keeper has come", async () => {
  await using site = await Site.open();
  const start = { zelids: [SIGNER.address], args: SERVED };
  const files = { "db.password": "one", "other": "two" };
  const first = await startSignedAgent(site, start);
  await deliverSigned(first, files, { signer: SIGNER });
  await first.program.waitForJson(({ event }) => event === "delivery");
  assertEquals((await getRaw(await serverPort(first), "/files/other")).body, "two");
  await first.program.stop("SIGKILL");
  await Deno.writeTextFile(`${first.files}/other`, "changed");
  const second = await startSignedAgent(site, start);
  const port = await serverPort(second);
  await restoredLine(second);
  // The line comes just before the server takes up what it tells of.
  const get = async () => await getRaw(port, "/files/db.password");
  let reply = await get();
  for (let left = 600; reply.status === 503 && left > 0; left--, reply = await get()) {
    await delay(50);
  }
  assertEquals(reply.body, "one");
  assertEquals((await getRaw(port, "/files/other")).status, 503);
});

Deno.test("agent: serves nothing after a restart that nobody signed, until its keeper comes", async () => {
  await using site = await Site.open({ "db.password": "one" });
  const first = await startServing(site);
  await deliverWhole(site, first.agent);
  await first.agent.program.stop("SIGKILL");
  const second = await startServing(site);
  assertEquals((await getRaw(second.port, "/files/db.password")).status, 503);
  await deliverWhole(site, second.agent);
  assertEquals((await getRaw(second.port, "/files/db.password")).body, "one");
});

Deno.test({
  name: "agent: serves a large file to 64 at a time, and holds little of it",
  ignore: !HAS_PROC,
  fn: async () => {
    await using site = await Site.open({ "big": sampleBytes(BIG_BYTES) });
    const { agent, port } = await startServing(site);
    await deliverWhole(site, agent);
    // The first who asks has it read, for all who come after.
    assertEquals(
      (await getRaw(port, "/files/big", { fields: { Range: "bytes=0-0" } })).status,
      206,
    );
    const { residentBytes: before } = await readMemory(agent.program.pid);
    const conns = await Promise.all(Array.from({ length: 64 }, () => {
      return Deno.connect({ hostname: "127.0.0.1", port });
    }));
    const buffer = new Uint8Array(262_144);
    const counts = conns.map(() => 0);
    const readUntil = (count: number) =>
      Promise.all(conns.map(async (conn, i) => {
        for (let length; (counts[i] ?? 0) < count; counts[i] = (counts[i] ?? 0) + length) {
          if ((length = await conn.read(buffer)) === null) return;
        }
      }));
    try {
      const request = encodeUtf8("GET /files/big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      for (const conn of conns) await conn.write(request);
      // All have begun, and none goes on; whoever takes long to read is broken off.
      await readUntil(1);
      const beyond = await getRaw(port, "/files/big");
      assertEquals([beyond.status, beyond.fields["retry-after"]], [503, "1"]);
      await readUntil(Infinity);
      assert(counts.every((count) => count > BIG_BYTES), counts.join());
      const { residentBytes: after } = await readMemory(agent.program.pid);
      assert(after - before < 32_000_000, `${before} and then ${after} bytes`);
    } finally {
      for (const conn of conns) conn.close();
    }
  },
});

Deno.test("agent: refuses what can be read as two requests, and goes on", async () => {
  await using site = await Site.open({ "db.password": "one" });
  const { agent, port } = await startServing(site);
  await deliverWhole(site, agent);
  const line = "GET /files/db.password HTTP/1.1\r\n";
  const heads = [
    `${line}\r\n`,
    `${line}Host: a\r\nContent-Length: 5\r\n\r\nGET /`,
    `${line}Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${line}Host: a\r\nHost: b\r\n\r\n`,
    `${line}Host: a\r\nRange: bytes=0-0\r\nRange: bytes=1-1\r\n\r\n`,
    `${line}Host: a\r\n folded: 1\r\n\r\n`,
    `${line}Host : a\r\n\r\n`,
    `${line.replace(" HTTP", "  HTTP")}Host: a\r\n\r\n`,
    `${line.replace("\r\n", "\n")}Host: a\r\n\r\n`,
    "\x16\x03\x01\x00\xff\r\n\r\n",
  ];
  for (const head of heads) assertEquals((await sendRaw(port, head)).status, 400, head);
  assertEquals((await sendRaw(port, `${line}X: ${"x".repeat(9_000)}\r\n\r\n`)).status, 431);
  const kept = await sendRaw(
    port,
    `${line}Host: a\r\n\r\n${line}Host: a\r\nConnection: close\r\n\r\n`,
  );
  assertMatch(kept.body, /^oneHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\none$/);
});

Deno.test("agent: answers ten thousand requests rightly, two hundred at a time, and forgets them", async () => {
  // Small ones and such that are sent apart from their heads, none like another.
  const files = Array.from(
    { length: 50 },
    (_, i) => [`f${i}`, sampleBytes(1 + 300 * i, i)] as const,
  );
  await using site = await Site.open(Object.fromEntries(files));
  const { agent, port } = await startServing(site);
  await deliverWhole(site, agent);
  let [left, good] = [10_000, 0];
  await Promise.all(Array.from({ length: 200 }, async () => {
    while (left-- > 0) {
      const [name, contents] = files[left % files.length] ?? ["", new Uint8Array()];
      const isThere = left % 7 !== 0;
      const url = `http://127.0.0.1:${port}/files/${isThere ? name : `none-${name}`}`;
      const response = await fetch(url);
      const bytes = await response.bytes();
      const isSame = bytes.length === contents.length &&
        bytes.every((byte, i) => byte === contents[i]);
      if (isThere ? response.status === 200 && isSame : response.status === 404) good++;
    }
  }));
  assertEquals(good, 10_000);
  assertEquals((await agent.program.stop("SIGTERM")).code, 0);
});

Deno.test("agent: goes on serving where many say nothing, or say it slowly", async () => {
  await using site = await Site.open({ "db.password": "one" });
  const { agent, port } = await startServing(site);
  await deliverWhole(site, agent);
  const slow: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 500; i++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      slow.push(conn);
      if (i % 2 === 0) await conn.write(encodeUtf8("GET /files/db.pass"));
    }
    assertEquals((await getRaw(port, "/files/db.password")).body, "one");
    // The agent itself ends them, and they need not go on their own.
    for (const conn of slow.slice(0, 4)) {
      assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
    }
  } finally {
    for (const conn of slow) conn.close();
  }
});
