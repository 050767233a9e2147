// deno-lint-ignore-file no-console -- what is measured is part of the report.
/**
 * A primary and two sub-agents in containers, as a Flux node would run them, and a keeper outside.
 *
 * @module
 */
import { decodeWif } from "../../flux/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ContainedApp } from "../support/contained_app.ts";
import { ContainedKeeper } from "../support/contained_keeper.ts";
import { type Container, ContainerHost } from "../support/container_host.ts";
import { outcomesOf } from "../support/site.ts";

/** The key, which everybody knows, of the address that the pages show. */
const KEY = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
const ARGUMENTS = ["--app-name=shop", "--first-use-limit=3"];
const COMPONENTS = ["agent", "db", "web"] as const;
const host = ContainerHost.ofSuite();

async function openKeeper(app: ContainedApp) {
  const image = ContainedApp.imageOf("keeper");
  const ofKeeper = { image, place: app.placeOf("home"), secret: "first" };
  const keeper = await ContainedKeeper.open(host, ofKeeper);
  const zelId = await keeper.sign(KEY);
  const signed = { FLUXVAULT_SIGNED_VAULT_CONNECTIONS: "true", FLUXVAULT_ZELID: zelId };
  return { keeper, signed };
}

/** Starts a component of the app: the primary, or a sub-agent, by its environment alone. */
function startComponent(
  app: ContainedApp,
  component: typeof COMPONENTS[number],
  signed: Readonly<Record<string, string>>,
): Promise<Container> {
  const kind = component === "agent" ? "FLUXVAULT_ENABLE_REGISTRAR" : "FLUXVAULT_SUBORDINATE";
  return app.startAgent(component, { variables: { ...signed, [kind]: "true" } });
}

/** Waits until an agent has said something so many times since its container was made. */
async function untilLogged(agent: Container, message: string, times = 1): Promise<void> {
  const line = `"message":"${message}"`;
  await agent.waitForLog((logs) => logs.split(line).length > times || undefined);
}

const REGISTERED = "registered with the primary";
const UNDER_TLS = "keepers have to speak TLS from now on";

/** Brings all three agents the secret through one of them; returns what became of it, in order. */
async function deliverAll(app: ContainedApp, keeper: ContainedKeeper) {
  const { address } = app.placeOf("agent");
  const addresses = [`${address}:8888`, `${address}:8888/db`, `${address}:8888/web`];
  const { agents, stderr } = await keeper.deliver([app.placeOf("agent")], ...ARGUMENTS);
  assertEquals([...agents.keys()].sort(), addresses, stderr);
  return addresses.map((of) => outcomesOf(agents.get(of))["db.password"] ?? "unchanged");
}

/** Returns what an agent holds, or `null` where it holds nothing. */
async function readSecret(agent: Container): Promise<string | null> {
  return await Deno.readTextFile(await agent.pathOf("/secrets/db.password")).catch(() => null);
}

/** Waits until an agent holds this; looks after each delivery that it tells of. */
async function untilHeld(agent: Container, secret: string): Promise<void> {
  const count = (logs: string) => logs.match(/"event":"delivery"/g)?.length ?? 0;
  for (let seen = count(await agent.readLogs()); await readSecret(agent) !== secret;) {
    const before = seen;
    seen = await agent.waitForLog((logs) => count(logs) > before ? count(logs) : undefined);
  }
}

/** What the primary says to whoever registers as the db from somewhere else. */
const REFUSALS = {
  other: /403 this address is that of no container of the primary's app/,
  nameless: /403 the DNS of the containers has no name for this address/,
  liar: /403 the name of this address leads to another address/,
  web: /403 this address is that of the component web/,
};

/** Starts an agent that says it is the db, and asks nobody to sign. */
function startRogue(app: ContainedApp, place: keyof typeof REFUSALS): Promise<Container> {
  const variables = {
    FLUXVAULT_SUBORDINATE: "true",
    FLUXVAULT_TRUST_PRIMARY_AGENT: "true",
    // The true one of that place has the other.
    FLUXVAULT_BIND_PORT: "8889",
  };
  return app.startAgent(place, { component: "db", variables });
}

Deno.test("containers of an app: a keeper outside serves all over one connection, and nobody who is another than he says", async () => {
  await using app = await ContainedApp.open(host);
  const { keeper: opened, signed } = await openKeeper(app);
  await using keeper = opened;
  const deliver = () => deliverAll(app, keeper);
  await using primary = await startComponent(app, "agent", signed);
  await using db = await startComponent(app, "db", signed);
  await using web = await startComponent(app, "web", signed);
  const agents = [primary, db, web];
  for (const agent of [db, web]) await untilLogged(agent, REGISTERED);

  // 1. All three get it. From where the keeper is no way leads to the other two.
  const all = (outcome: string) => agents.map(() => outcome);
  assertEquals(await deliver(), all("created"));
  assertEquals(await app.countConnections("home"), 1);
  assertEquals(await Promise.all(agents.map(readSecret)), agents.map(() => "first"));

  // 2. Rogues beside them: each says that it is the db, and is refused.
  await using other = await startRogue(app, "other");
  await using nameless = await startRogue(app, "nameless");
  await using liar = await startRogue(app, "liar");
  await using another = await startRogue(app, "web");
  const rogues = { other, nameless, liar, web: another };
  for (const [place, reason] of Object.entries(REFUSALS)) {
    const rogue = rogues[place as keyof typeof rogues];
    await rogue.waitForLog((logs) => {
      return logs.split("\n").some((line) => {
        return line.includes("cannot register with the primary") && reason.test(line);
      }) || undefined;
    });
  }
  const registered = (await primary.readLogs()).match(/a sub-agent has registered/g);
  assertEquals(registered?.length, 2);

  // 3. What changes comes to those who got it before, and to nobody else.
  await keeper.keep("second");
  assertEquals(await deliver(), all("updated"));
  assertEquals(await Promise.all(agents.map(readSecret)), agents.map(() => "second"));
  assertEquals(await Promise.all(Object.values(rogues).map(readSecret)), [null, null, null, null]);
});

/** Who is killed first, and started first. */
const ORDERS = [
  ["primary", "sub-agents", "keeper"],
  ["primary", "keeper", "sub-agents"],
  ["sub-agents", "primary", "keeper"],
  ["sub-agents", "keeper", "primary"],
  ["keeper", "primary", "sub-agents"],
  ["keeper", "sub-agents", "primary"],
] as const;

Deno.test("containers of an app: deliveries go on, whoever is killed and started in whatever order", async () => {
  await using app = await ContainedApp.open(host);
  const { keeper: opened, signed } = await openKeeper(app);
  await using keeper = opened;
  await keeper.certify();
  await using primary = await startComponent(app, "agent", signed);
  await using db = await startComponent(app, "db", signed);
  await using web = await startComponent(app, "web", signed);
  // A keeper that comes before them looks again after half a minute.
  for (const agent of [db, web]) await untilLogged(agent, REGISTERED);
  await using serving = await keeper.serve([app.placeOf("agent")], ...ARGUMENTS);
  const pieces = { primary: [primary], "sub-agents": [db, web], keeper: [serving] };
  const agents = [primary, db, web];
  await Promise.all(agents.map((agent) => untilHeld(agent, "first")));
  // What a sub-agent is listed as does not hold any more once it was killed.
  for (const agent of [db, web]) await untilLogged(agent, UNDER_TLS);

  for (const [round, order] of ORDERS.entries()) {
    const startedMs = performance.now();
    const containers = order.flatMap((name) => pieces[name]);
    for (const container of containers) await container.kill();
    const secret = `of round ${round}`;
    await keeper.keep(secret);
    for (const container of containers) await container.do("start");
    await Promise.all(agents.map((agent) => untilHeld(agent, secret)));
    const seconds = (performance.now() - startedMs) / 1000;
    console.log(`${order.join(", ")}: all hold it after ${seconds.toFixed(1)} s`);
  }
  // Nobody came back as another, and nobody was let in for another.
  const report = await serving.readLogs();
  assert(!/places-taken|key-changed|"outcome":"pending"/.test(report), report);
});

/**
 * Connects to an agent from somewhere; returns how many bytes came before anything was said, and before
 * the patience of whoever knocks was over.
 */
async function knock(app: ContainedApp, from: "agent" | "web", patienceS = 3): Promise<number> {
  const script = `import socket, sys
s = socket.create_connection((sys.argv[1], 8888), 60)
s.settimeout(${patienceS})
try: print(len(s.recv(4096)))
except (socket.timeout, ConnectionError): print(0)`;
  return Number(await app.run(from, ["python3", "-c", script, app.placeOf("db").address]));
}

Deno.test("containers of an app: sub-agents enrol, are served under mutual TLS alone, and enrol anew after a kill", async () => {
  await using app = await ContainedApp.open(host);
  const { keeper: opened, signed } = await openKeeper(app);
  await using keeper = opened;
  await keeper.certify();
  await using _primary = await startComponent(app, "agent", signed);
  await using db = await startComponent(app, "db", signed);
  await using web = await startComponent(app, "web", signed);
  for (const agent of [db, web]) await untilLogged(agent, REGISTERED);

  // 1. The first session is without TLS. A neighbour gets not a byte, the primary the first one.
  assertEquals([await knock(app, "web"), await knock(app, "agent", 60) > 0], [0, true]);
  assertEquals(await deliverAll(app, keeper), ["created", "created", "created"]);
  for (const agent of [db, web]) await untilLogged(agent, UNDER_TLS);

  // 2. From then on nobody gets a byte who does not speak TLS, and the keeper does.
  assertEquals([await knock(app, "web"), await knock(app, "agent")], [0, 0]);
  await keeper.keep("second");
  assertEquals(await deliverAll(app, keeper), ["updated", "updated", "updated"]);

  // 3. A certificate is in memory alone: whoever was killed enrols once more.
  await db.kill();
  await db.do("start");
  await untilLogged(db, REGISTERED, 2);
  assertEquals(await deliverAll(app, keeper), ["unchanged", "created", "unchanged"]);
  await untilLogged(db, UNDER_TLS, 2);
  await keeper.keep("third");
  assertEquals(await deliverAll(app, keeper), ["updated", "updated", "updated"]);
  assertEquals([await readSecret(db), await readSecret(web)], ["third", "third"]);
});
