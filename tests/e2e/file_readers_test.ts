/**
 * Which components the file server of the real agent program lets read which files, as the loadout of the
 * real keeper says.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { AppNetwork, missingForAppNetwork } from "../support/app_network.ts";
import { getRaw } from "../support/http_peer.ts";
import { deliverDemo, DEMO_AGENT, startDemoKeeper, writeLoadout } from "../support/loadout_site.ts";
import { Site } from "../support/site.ts";

const MISSING = await missingForAppNetwork();
const OPTIONS = { ignore: MISSING !== null };

const WEB = "172.23.7.3";
const DB = "172.23.7.4";
const NO_NAME = "172.23.7.5";
const NEIGHBOURS = [WEB, DB, NO_NAME];
const RECORDS = {
  names: {
    [WEB]: ["fluxWeb_demo.fluxDockerNetwork_demo."],
    [DB]: ["fluxdb_demo.fluxDockerNetwork_demo."],
  },
  addresses: { fluxweb_demo: [WEB], fluxdb_demo: [DB] },
};
const VAULT = { "motd": "0", "db.password": "1", "tree/a": "2", "tree/b/c": "3", "private": "4" };

function directives(readers: string): string[] {
  return [
    "{ source: motd }",
    `{ source: db.password, readers: ${readers} }`,
    "{ source: tree, readers: [db] }",
    "{ source: private, readers: [] }",
  ];
}

interface Events {
  readonly last: number;
  readonly changes: readonly { readonly path: string; readonly digest: string | null }[];
}

Deno.test(
  "agent: serves each file to its readers, and keeps from every other that there is one",
  OPTIONS,
  async () => {
    await using network = await AppNetwork.open(RECORDS, NEIGHBOURS);
    await using site = await Site.open(VAULT);
    const agent = await network.startServing(site, DEMO_AGENT);
    const deliver = async (readers: string) => {
      await writeLoadout(site, { agents: [agent.address], directives: directives(readers) });
      assertEquals((await deliverDemo(site)).code, 0);
    };
    const status = async (from: string, path: string, args: readonly string[] = []) => {
      return (await network.ask(from, `/files/${path}`, args))[0];
    };
    const statuses = (from: string) => {
      return Promise.all(Object.keys(VAULT).map((path) => status(from, path)));
    };
    const listed = async (from: string) => {
      const [, text] = await network.ask(from, "/files/");
      return JSON.parse(text).files.map(({ path }: { readonly path: string }) => path);
    };
    const events = async (from: string, query: string): Promise<Events> => {
      return JSON.parse((await network.ask(from, `/files/events?${query}`))[1]);
    };
    await deliver("[WEB]");
    assertEquals(await statuses(WEB), ["200", "200", "404", "404", "404"]);
    assertEquals(await statuses(DB), ["200", "404", "200", "200", "404"]);
    assertEquals(await listed(WEB), ["db.password", "motd"]);
    assertEquals(await listed(DB), ["motd", "tree/a", "tree/b/c"]);

    // Nothing tells a file that is there from one that is not.
    const [none, secret] = [
      await network.ask(DB, "/files/none"),
      await network.ask(DB, "/files/db.password"),
    ];
    assertEquals(secret, none);
    const [, reply] = await network.ask(WEB, "/files/db.password", ["-D", "-", "-o", "/dev/null"]);
    const tag = /etag: (\S+)/i.exec(reply)?.[1] ?? "";
    assert(tag !== "");
    const tricks = [
      ["-H", `If-None-Match: ${tag}`],
      ["-H", "If-None-Match: *"],
      ["-H", "Range: bytes=0-0"],
      ["-I"],
      ["-H", "X-Forwarded-For: 172.23.7.3"],
      ["-H", "Host: fluxweb_demo"],
      ["-H", "Authorization: Bearer web"],
    ];
    for (const trick of tricks) assertEquals(await status(DB, "db.password", trick), "404");
    for (const path of ["%64b.password", "db.password?web", "DB.PASSWORD"]) {
      assertEquals(await status(DB, path), "404", path);
    }

    // A change of the readers alone leaves the file as it is, and is told only to those concerned.
    const before = await Deno.stat(`${agent.files}/db.password`);
    const { last } = await events(WEB, "wait=0");
    const { last: lastOfDb } = await events(DB, "wait=0");
    const waiting = events(WEB, `after=${last}&wait=40`);
    await writeLoadout(site, { agents: [agent.address], directives: directives("[db]") });
    const plan = await startDemoKeeper(site, { words: ["plan"] }).end;
    assertEquals(plan.code, 0, plan.stdout + plan.stderr);
    assertEquals(await status(WEB, "db.password"), "200");
    await deliver("[db]");
    assertEquals((await waiting).changes.map(({ path, digest }) => [path, digest]), [
      ["db.password", null],
    ]);
    const seen = await events(DB, `after=${lastOfDb}`);
    assertEquals(seen.changes.map(({ path, digest }) => [path, digest]), [
      ["db.password", tag.slice(1, -1)],
    ]);
    assertEquals(await statuses(WEB), ["200", "404", "404", "404", "404"]);
    assertEquals(await statuses(DB), ["200", "200", "200", "200", "404"]);
    const after = await Deno.stat(`${agent.files}/db.password`);
    assertEquals([after.ino, after.mtime], [before.ino, before.mtime]);

    // What only the other may read is not even counted.
    const { last: beforeSecret } = await events(WEB, "wait=0");
    await site.store({ "private": "5", "tree/a": "6" });
    await deliver("[db]");
    assertEquals((await events(WEB, "wait=0")).last, beforeSecret);
  },
);

Deno.test(
  "agent: knows the readers of a file by the DNS, and never by the key",
  OPTIONS,
  async () => {
    const key = "correct-horse-battery-staple";
    await using network = await AppNetwork.open(RECORDS, NEIGHBOURS);
    await using site = await Site.open({ ...VAULT, "server.key": key });
    const args = [...DEMO_AGENT, "--fileserver-key", "server.key"];
    const agent = await network.startServing(site, args);
    const all = [...directives("[web]"), "{ source: server.key, readers: [] }"];
    await writeLoadout(site, { agents: [agent.address], directives: all });
    assertEquals((await deliverDemo(site)).code, 0);
    const shown = ["-H", `Authorization: Bearer ${key}`];
    const statuses = (from: string) => {
      return Promise.all(["motd", "db.password", "tree/a", "none"].map(async (path) => {
        return (await network.ask(from, `/files/${path}`, shown))[0];
      }));
    };
    assertEquals(await statuses(NO_NAME), ["200", "404", "404", "404"]);
    assertEquals(await statuses(WEB), ["200", "200", "404", "404"]);
    assertEquals(await statuses(DB), ["200", "404", "200", "404"]);
    assertEquals((await network.ask(WEB, "/files/db.password"))[0], "401");
  },
);

Deno.test("agent: tells of a file that goes since its lease is over, and that it is back", async () => {
  await using site = await Site.open({ "leased": "one", "stays": "two" });
  const serving = ["--fileserver", "--fileserver-address", "127.0.0.1", "--fileserver-port", "0"];
  const agent = await site.startAgent({ args: [...DEMO_AGENT, ...serving] });
  const { port } = await agent.program.waitForJson(({ event }) => event === "file-server");
  const events = async (query: string): Promise<Events> => {
    return JSON.parse((await getRaw(port, `/files/events?${query}`)).body);
  };
  const declare = async (lease: string) => {
    await writeLoadout(site, {
      agents: [agent.address],
      directives: [`{ source: leased, lease: ${lease} }`, "{ source: stays }"],
    });
  };
  // Longer than it takes to hear that it has come.
  await declare("5s");
  const { last: first } = await events("wait=0");
  assertEquals((await deliverDemo(site)).code, 0);
  const brought = await events(`after=${first}&wait=40`);
  assertEquals(brought.changes.map(({ path }) => path), ["leased", "stays"]);
  const expired = await events(`after=${brought.last}&wait=40`);
  assertEquals(expired.changes.map(({ path, digest }) => [path, digest]), [["leased", null]]);
  assertEquals((await getRaw(port, "/files/leased")).status, 503);
  await declare("1h");
  assertEquals((await deliverDemo(site)).code, 0);
  const back = await events(`after=${expired.last}&wait=40`);
  assertEquals(back.changes.map(({ path, digest }) => [path, digest === null]), [
    ["leased", false],
  ]);
});
