import { base64urlnopad } from "@scure/base";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { type Container, ContainerHost } from "../support/container_host.ts";
import { carriersOfSuite } from "../support/container_images.ts";
import { RunningComposition } from "../support/running_composition.ts";

const CONTAINER_FOLDER = new URL("../../dist/container/", import.meta.url);
/** The key, which everybody knows, of the address that the pages show. */
const KEY = "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7";
const ZELID = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
const host = ContainerHost.ofSuite();

async function untilSaid(container: Container, pattern: RegExp): Promise<string> {
  return await container.waitForLog((logs) => pattern.exec(logs)?.[0]);
}

for (const carrier of carriersOfSuite()) {
  Deno.test(`compose.yaml brings an application its secret, and another one later (${carrier})`, async () => {
    await using composition = await RunningComposition.up(host, {
      file: "compose.yaml",
      carrier,
      files: { "vault/db.password": "correct horse" },
    });
    const application = composition.container("application");
    await untilSaid(application, /the password has 13 bytes/);
    const agent = composition.container("agent");
    await untilSaid(agent, /a keeper has delivered/);
    // One check may take longer than it may on a busy machine; an engine asks again and again.
    let { status } = await agent.checkHealth();
    for (let i = 0; status !== "healthy" && i < 5; i++) ({ status } = await agent.checkHealth());
    assertEquals(status, "healthy");

    await composition.write("vault/db.password", "battery staple");
    await untilSaid(composition.container("keeper"), /1 updated/);
    const path = await application.pathOf("/secrets/db.password");
    assertEquals(await Deno.readTextFile(path), "battery staple");
    assertMatch(await Deno.readTextFile(path.replace(/root.*/, "mounts")), /^tmpfs \/secrets /m);
  });
}

// What is told of these holds for all carriers alike.
const carrier = carriersOfSuite().at(-1) ?? "deno";

Deno.test("companion.yaml brings an application its secret over the network of the app", async () => {
  await using composition = await RunningComposition.up(host, {
    file: "companion.yaml",
    carrier,
    files: { "vault/db.password": "correct horse" },
    services: ["agent", "application"],
  });
  const application = composition.container("fluxweb_vaultdemo");
  await untilSaid(application, /503 Service Unavailable/);
  await composition.startRest();
  await untilSaid(application, /the password has 13 bytes/);
  const path = await application.pathOf("/run/db.password");
  assertEquals(await Deno.readTextFile(path), "correct horse");
});

Deno.test("primary.yaml brings three agents of one app what each is to hold", async () => {
  const loadout = await Deno.readTextFile(new URL("primary.loadout.yaml", CONTAINER_FOLDER));
  const all = { "api.token": "for all" };
  const ofDb = { "db.password": "correct horse" };
  const ofWeb = { "session.key": "battery staple" };
  const inVault = (files: Readonly<Record<string, string>>) => {
    return Object.entries(files).map(([name, text]) => [`vault/vaultdemo/${name}`, text]);
  };
  await using composition = await RunningComposition.up(host, {
    file: "primary.yaml",
    carrier,
    variables: { ZELID },
    files: {
      ...Object.fromEntries(inVault({ ...all, ...ofDb, ...ofWeb, "fluxvault.yaml": loadout })),
      "credentials/fluxvault-key": KEY,
      "credentials/fluxvault-authority": base64urlnopad.encode(new Uint8Array(32).fill(7)),
    },
  });
  await untilSaid(composition.container("keeper"), /3 agents, 3 as wanted/);
  const held = { agent: all, db: { ...all, ...ofDb }, web: { ...all, ...ofWeb } };
  for (const [component, files] of Object.entries(held)) {
    const folder = await composition.container(`flux${component}_vaultdemo`).pathOf("/secrets");
    const there: Record<string, string> = {};
    for await (const { name } of Deno.readDir(folder)) {
      there[name] = await Deno.readTextFile(`${folder}/${name}`);
    }
    assertEquals(there, files, component);
  }
  for (const component of ["db", "web"]) {
    const agent = composition.container(`flux${component}_vaultdemo`);
    await untilSaid(agent, /keepers have to speak TLS from now on/);
  }
});
