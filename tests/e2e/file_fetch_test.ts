/**
 * Another container's side of the real agent program's file server: what waits for a file, and what
 * watches the agent.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";
import { getRaw } from "../support/http_peer.ts";
import { modeOf, type RunningAgent, Site } from "../support/site.ts";
import { deliverWhole } from "../support/whole_delivery.ts";

function startServing(site: Site, port: number): Promise<RunningAgent> {
  return site.startAgent({
    args: [
      ...["--fileserver", "--fileserver-address", "127.0.0.1", "--fileserver-port", `${port}`],
      ...["--health-port", "0"],
    ],
  });
}

async function healthPort(agent: RunningAgent): Promise<number> {
  return (await agent.program.waitForJson(({ event }) => event === "health-server")).port;
}

Deno.test("agent fetch: waits for the server, and for its keeper, and has the file then", async () => {
  await using site = await Site.open({ "db.password": "one" });
  const port = freePort();
  const out = site.path("password");
  const url = `http://127.0.0.1:${port}/files/db.password`;
  const waiting = site.start("agent", ["fetch", url, "--wait", "--out", out]);
  await waiting.waitForLog(/waiting for the file.*does not answer/);
  const agent = await startServing(site, port);
  await waiting.waitForLog(/waiting for the file.*503 nothing has been delivered yet/);
  await deliverWhole(site, agent);
  assertEquals((await waiting.end).code, 0);
  assertEquals([await Deno.readTextFile(out), await modeOf(out)], ["one", 0o600]);
  const missing = await site.run("agent", ["fetch", `${url}.none`, "--wait"]);
  assertEquals(missing.code, 1);
  assertMatch(missing.stderr, /404 no such file is managed/);
});

Deno.test("agent: says over HTTP whether it lives, has its files, and how each is", async () => {
  await using site = await Site.open({ "db.password": "one", "tls/key": "two" });
  const agent = await startServing(site, 0);
  const port = await healthPort(agent);
  assertEquals((await getRaw(port, "/healthz")).status, 200);
  assertEquals((await getRaw(port, "/readyz")).status, 503);
  await deliverWhole(site, agent);
  assertEquals((await getRaw(port, "/readyz")).status, 200);
  await Deno.writeTextFile(`${agent.files}/tls/key`, "TWO");
  const { body } = await getRaw(port, "/metrics");
  assert(body.includes('\nfluxvault_file_in_place{path="db.password"} 1\n'), body);
  assert(body.includes('\nfluxvault_file_in_place{path="tls/key"} 0\n'), body);
  assert(body.includes('\nfluxvault_sessions_total{wire="2",result="delivered"} 1\n'), body);
  assertMatch(body, /\nfluxvault_last_contact_timestamp_seconds \d+(?:\.\d+)?\n/);
  assertEquals((await getRaw(port, "/files/db.password")).status, 404);
});

Deno.test("agent: tells of a change at once, to whoever listens and to whoever waits", async () => {
  await using site = await Site.open({ "db.password": "one", "same": "two" });
  const port = freePort();
  const agent = await startServing(site, port);
  await deliverWhole(site, agent);
  const events = await fetch(`http://127.0.0.1:${port}/files/events`);
  assertEquals(events.headers.get("content-type"), "text/event-stream");
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  const [, last = ""] = /^id: (\d+)$/m.exec((await reader?.read())?.value ?? "") ?? [];
  const waiting = getRaw(port, `/files/events?after=${last}&wait=60`);
  await site.store({ "db.password": "three" });
  await deliverWhole(site, agent);
  const { changes } = JSON.parse((await waiting).body);
  const [change] = changes;
  assertEquals([changes.length, change.path, change.size], [1, "db.password", 5]);
  let told = "";
  while (!told.includes("data: ")) told += (await reader?.read())?.value ?? "";
  assertEquals(told.match(/^event: change\nid: (\d+)$/m)?.[1], `${change.id}`);
  assert(told.includes(`"digest":"${change.digest}"`));
  assertEquals((await agent.program.stop("SIGTERM")).code, 0);
  await reader?.cancel().catch(() => {});
});
