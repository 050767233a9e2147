/**
 * A primary and its sub-agents in a network as a Flux node has one for each app: found by the DNS of the
 * containers, with neighbours of all kinds.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { type Container, ContainerApp, missingForContainerApp } from "../support/container_app.ts";
import { countRegistered, untilRegistered } from "../support/sub_agents.ts";

const OPTIONS = { ignore: await missingForContainerApp() !== null };
const PLAYED = new URL("../support/sub_agents.ts", import.meta.url).href;

/** Has a keeper at home deliver through the primary; returns what was printed. */
async function deliverFromHome(
  network: ContainerApp,
  primary: { readonly host: string; readonly port: number },
  files: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<unknown> {
  const { host, port } = primary;
  return JSON.parse(
    await network.runIn(
      "home",
      `import { deliverThrough, outcome, withPrimary } from ${JSON.stringify(PLAYED)};
       const files = ${JSON.stringify(files)};
       const outcomes = await withPrimary(${JSON.stringify({ host, port })}, (desk) =>
         Promise.all(Object.entries(files).map(([component, files]) =>
           outcome(deliverThrough(desk, component, { files, revision: Date.now() })))));
       console.log(JSON.stringify(outcomes.map((each) =>
         typeof each === "string" ? each : each.files.map(({ outcome }) => outcome))));
       Deno.exit(0);`,
    ),
  );
}

Deno.test(
  "agent: sub-agents find their primary by the DNS, and a keeper reaches them",
  OPTIONS,
  async () => {
    await using network = await ContainerApp.open();
    const primary = await network.startPrimary();
    const db = await network.startSubAgent("db", "db");
    const web = await network.startSubAgent("web", "web");
    await untilRegistered(primary, "db");
    await untilRegistered(primary, "web");
    const files = { db: { "db.password": "one" }, web: { "tls.key": "two" } };
    assertEquals(await deliverFromHome(network, primary, files), [["created"], ["created"]]);
    assertEquals(await Deno.readTextFile(`${db.files}/db.password`), "one");
    assertEquals(await Deno.readTextFile(`${web.files}/tls.key`), "two");
  },
);

/** Who registers as the db, and what the primary says to that. */
const ROGUES: readonly (readonly [Container, RegExp])[] = [
  ["other", /403 this address is that of no container of the primary's app/],
  ["nameless", /403 the DNS of the containers has no name for this address/],
  ["liar", /403 the name of this address leads to another address/],
  ["web", /403 this address is that of the component web/],
];

Deno.test(
  "agent: a registrar refuses every neighbour that is not the component that it says",
  OPTIONS,
  async () => {
    await using network = await ContainerApp.open();
    const primary = await network.startPrimary();
    for (const [container, reason] of ROGUES) {
      const rogue = await network.startSubAgent(container, "db");
      await rogue.program.waitForLog(
        new RegExp(`cannot register with the primary.*${reason.source}`),
      );
      const address = network.addressOf(container).replaceAll(".", "\\.");
      await primary.program.waitForLog(new RegExp(`registrar turned somebody away.*${address}`));
      await rogue.program.stop("SIGKILL");
    }
    assertEquals(countRegistered(primary, "db"), 0);
    const db = await network.startSubAgent("db", "db");
    await untilRegistered(primary, "db");
    await db.program.waitForLog(/registered with the primary/);
  },
);

Deno.test(
  "agent: a sub-agent's door is open to its primary alone, wherever that is now",
  OPTIONS,
  async () => {
    await using network = await ContainerApp.open();
    const primary = await network.startPrimary();
    const db = await network.startSubAgent("db", "db");
    await untilRegistered(primary, "db");
    const knock = `const conn = await Deno.connect(${
      JSON.stringify({ hostname: db.host, port: db.port })
    });
    const read = await conn.read(new Uint8Array(1)).catch(() => null);
    console.log(read === null ? "turned away" : "let in");`;
    for (const container of ["web", "other", "nameless", "liar", "home"] as const) {
      assertEquals(await network.runIn(container, knock), "turned away", container);
    }
    assertEquals(await network.runIn("agent", knock), "let in");
    const address = "172.23.7.200";
    await primary.program.stop("SIGKILL");
    await network.movePrimary(address);
    const moved = await network.startPrimary(address);
    await untilRegistered(moved, "db");
    assertEquals(await network.runIn("agent", knock), "let in");
    assertEquals(await deliverFromHome(network, moved, { db: { a: "one" } }), [["created"]]);
    assertEquals(await Deno.readTextFile(`${db.files}/a`), "one");
  },
);
