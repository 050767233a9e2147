/**
 * A primary and its sub-agents, the real programs, and a keeper that reaches them through the primary.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { getRaw } from "../support/http_peer.ts";
import { signerOf } from "../support/signing.ts";
import {
  AppSite,
  deliverThrough,
  listComponents,
  outcome,
  untilRegistered,
  withPrimary,
} from "../support/sub_agents.ts";

Deno.test("agent: a keeper reaches two sub-agents side by side through one session", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const subAgents = {
    db: await app.startSubAgent("db"),
    web: await app.startSubAgent("web"),
  };
  await untilRegistered(primary, "db");
  await untilRegistered(primary, "web");
  const large = "0123456789abcdef".repeat(65_536);
  const reports = await withPrimary(primary, async (desk) => {
    assertEquals(await listComponents(desk), ["db", "web"]);
    return await Promise.all([
      deliverThrough(desk, "db", { files: { "db.password": "one", "large": large } }),
      deliverThrough(desk, "web", { files: { "tls.key": "two" } }),
    ]);
  });
  assertEquals(reports.map(({ files }) => files.map(({ outcome }) => outcome)), [
    ["created", "created"],
    ["created"],
  ]);
  assertEquals(await Deno.readTextFile(`${subAgents.db.files}/db.password`), "one");
  assertEquals(await Deno.readTextFile(`${subAgents.db.files}/large`), large);
  assertEquals(await Deno.readTextFile(`${subAgents.web.files}/tls.key`), "two");
  // The primary itself was given nothing.
  assertEquals([...Deno.readDirSync(primary.files)], []);
});

Deno.test("agent: a sub-agent registers again after the primary has restarted", async () => {
  await using app = await AppSite.open();
  const first = await app.startPrimary();
  const db = await app.startSubAgent("db");
  await untilRegistered(first, "db");
  // The primary knows it before it has heard so.
  await db.program.waitForLog(/registered with the primary/);
  await first.program.stop("SIGKILL");
  const second = await app.startPrimary({ port: first.port });
  await untilRegistered(second, "db");
  await db.program.waitForLog(/the primary has restarted; registered with it again/);
  await withPrimary(second, (desk) => deliverThrough(desk, "db", { files: { a: "one" } }));
  assertEquals(await Deno.readTextFile(`${db.files}/a`), "one");
});

Deno.test("agent: a sub-agent that has restarted is known again at once, with another port", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const first = await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  await first.program.stop("SIGKILL");
  const gone = await withPrimary(primary, (desk) => {
    return outcome(deliverThrough(desk, "db", { files: { a: "one" } }));
  });
  assertEquals(gone, "component-unreachable");
  const second = await app.startSubAgent("db");
  assertEquals(second.fingerprint, first.fingerprint);
  await second.program.waitForLog(/registered with the primary/);
  await withPrimary(primary, (desk) => deliverThrough(desk, "db", { files: { a: "one" } }));
  assertEquals(await Deno.readTextFile(`${second.files}/a`), "one");
});

Deno.test("agent: a sub-agent waits for a primary that starts after it, and says why", async () => {
  await using app = await AppSite.open();
  const db = await app.startSubAgent("db");
  await db.program.waitForLog(/cannot register with the primary; trying again.*ECONNREFUSED/);
  const primary = await app.startPrimary();
  await untilRegistered(primary, "db");
  await db.program.waitForLog(/registered with the primary/);
});

Deno.test("agent: both restart, in either order, and find each other", async () => {
  await using app = await AppSite.open();
  let primary = await app.startPrimary();
  let db = await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  for (const isPrimaryFirst of [true, false]) {
    await Promise.all([primary.program.stop("SIGTERM"), db.program.stop("SIGTERM")]);
    if (isPrimaryFirst) primary = await app.startPrimary({ port: primary.port });
    db = await app.startSubAgent("db");
    if (!isPrimaryFirst) {
      await db.program.waitForLog(/cannot register/);
      primary = await app.startPrimary({ port: primary.port });
    }
    await untilRegistered(primary, "db");
    const text = `${isPrimaryFirst}`;
    await withPrimary(primary, (desk) => {
      return deliverThrough(desk, "db", { files: { a: text }, revision: Date.now() });
    });
    assertEquals(await Deno.readTextFile(`${db.files}/a`), text);
  }
});

Deno.test("agent: a sub-agent that hangs costs the others, and the primary, nothing", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const db = await app.startSubAgent("db");
  const web = await app.startSubAgent("web");
  await untilRegistered(primary, "db");
  await untilRegistered(primary, "web");
  db.program.kill("SIGSTOP");
  try {
    const stop = new AbortController();
    await withPrimary(primary, async (desk) => {
      // It takes connections, since the system does, and says nothing.
      const hanging = await Promise.all([1, 2, 3, 4].map(() => {
        return desk.openDuplex("relay", { input: { Component: "db" }, signal: stop.signal });
      }));
      const busy = await outcome(desk.openDuplex("relay", { input: { Component: "db" } }));
      assertEquals(busy, "relay-busy");
      for (let revision = 1; revision < 4; revision++) {
        const files = { a: `${revision}` };
        await deliverThrough(desk, "web", { files, revision });
      }
      for (const duplex of hanging) duplex.close();
    });
  } finally {
    db.program.kill("SIGCONT");
  }
  assertEquals(await Deno.readTextFile(`${web.files}/a`), "3");
  await withPrimary(primary, (desk) => deliverThrough(desk, "db", { files: { a: "late" } }));
  assertEquals(await Deno.readTextFile(`${db.files}/a`), "late");
});

Deno.test("agent: a sub-agent asks every keeper to sign, whoever it comes through", async () => {
  const signer = signerOf();
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const args = ["--signed-vault-connections", `--zelid=${signer.address}`];
  const db = await app.startSubAgent("db", { isTrusting: false, args });
  await untilRegistered(primary, "db");
  const files = { a: "one" };
  const outcomes = await withPrimary(primary, async (desk) => [
    await outcome(deliverThrough(desk, "db", { files })),
    await outcome(deliverThrough(desk, "db", { files, signer: signerOf() })),
  ]);
  assertEquals(outcomes, ["statement-missing", "statement-invalid"]);
  assertEquals([...Deno.readDirSync(db.files)], []);
  await withPrimary(primary, (desk) => deliverThrough(desk, "db", { files, signer }));
  assertEquals(await Deno.readTextFile(`${db.files}/a`), "one");
});

Deno.test("agent: keepers that a sub-agent turns away cost those behind the same primary nothing", async () => {
  const signer = signerOf();
  await using app = await AppSite.open();
  const primary = await app.startPrimary();
  const args = ["--signed-vault-connections", `--zelid=${signer.address}`];
  await app.startSubAgent("db", { isTrusting: false, args });
  await untilRegistered(primary, "db");
  const outcomes = await withPrimary(primary, async (desk) => {
    for (let i = 0; i < 8; i++) {
      const files = { a: "rogue" };
      assertEquals(await outcome(deliverThrough(desk, "db", { files })), "statement-missing");
    }
    return await Promise.all([1, 2, 3, 4].map((revision) => {
      const files = { [`${revision}`]: "one" };
      return outcome(deliverThrough(desk, "db", { files, signer, revision: 1_000 + revision }));
    }));
  });
  assertEquals(
    outcomes.filter((each) => typeof each === "string" && each !== "manifest-stale"),
    [],
  );
});

Deno.test("agent: a primary that knows the enrolment secret asks its sub-agents for it", async () => {
  const variables = { FLUXVAULT_ENROLL_SECRET: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" };
  await using app = await AppSite.open();
  const primary = await app.startPrimary({ variables });
  const web = await app.startSubAgent("web");
  await web.program.waitForLog(/cannot register.*403 the enrolment secret is wrong or missing/);
  await app.startSubAgent("db", { variables });
  await untilRegistered(primary, "db");
  assertEquals(await withPrimary(primary, listComponents), ["db"]);
  assert(!primary.program.stderr.includes(variables.FLUXVAULT_ENROLL_SECRET));
});

Deno.test("agent: files are served where sub-agents register, to each what it asks for", async () => {
  await using app = await AppSite.open();
  const port = app.registrarPort;
  const args = ["--fileserver", "--fileserver-address=127.0.0.1", `--fileserver-port=${port}`];
  const primary = await app.startPrimary({ args });
  const places = await Promise.all(["file-server", "registrar"].map((name) => {
    return primary.program.waitForJson(({ event }) => event === name);
  }));
  assertEquals(places.map(({ port }) => port), [port, port]);
  await app.startSubAgent("db");
  await untilRegistered(primary, "db");
  assertEquals((await getRaw(port, "/files/")).status, 503);
  assertEquals((await getRaw(port, "/registrations")).status, 405);
});

Deno.test("agent: a primary and a sub-agent measure what they are for each other", async () => {
  await using app = await AppSite.open();
  const primary = await app.startPrimary({ args: ["--health-port=0"] });
  const db = await app.startSubAgent("db", { args: ["--health-port=0"] });
  await untilRegistered(primary, "db");
  await db.program.waitForLog(/registered with the primary/);
  await withPrimary(primary, (desk) => deliverThrough(desk, "db", { files: { a: "one" } }));
  const metrics = async ({ program }: typeof db) => {
    const { port } = await program.waitForJson(({ event }) => event === "health-server");
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  };
  assertMatch(await metrics(db), /\nfluxvault_registered 1\n/);
  const text = await metrics(primary);
  assertMatch(text, /\nfluxvault_sub_agents 1\n/);
  assert(/\nfluxvault_relays_total\{result="ended"\} 1\n/.test(text), text);
});

Deno.test("agent: ends with status 2 where it is told to be both, or cannot tell keepers apart", async () => {
  await using app = await AppSite.open();
  const names = ["--app-name=shop", "--component-name=db"];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--subordinate", ...names], /needs --signed-vault-connections[^]*--trust-primary-agent/],
    [["--subordinate", "--registrar", ...names], /contradicts --enable-registrar/],
    [["--subordinate", "--component-name=db"], /needs the name of the app[^]*--app-name/],
    [["--registrar", "--whitelisted-addresses=127.0.0.1"], /needs an app[^]*--app-name/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await app.site.run("agent", [...args, "--bind-port=0"]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, message);
  }
});
