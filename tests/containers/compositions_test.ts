/**
 * Rule: the programs understand what the compositions in `dist/container/` tell them, nobody in them has
 * more than he needs, and what belongs together in them is together.
 *
 * @module
 */
import { parse } from "yaml";
import { AGENT_OPTIONS, HEALTH_OPTIONS } from "../../agent/options.ts";
import { formatContainerName } from "../../flux/mod.ts";
import { KEEPER_PROGRAM } from "../../keeper/program.ts";
import { parseLoadout } from "../../keeper/loadout/mod.ts";
import { optionsOf } from "../../protocol/host/command_line/program.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

interface Service {
  readonly container_name?: string;
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, { readonly driver_opts?: { readonly type: string } }>>;
  readonly networks: Readonly<Record<string, { readonly name?: string }>>;
}

const ZELID = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";

async function readText(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../../dist/container/${name}`, import.meta.url));
}

/** Reads one, with the variable that has no default. */
async function readComposition(name: string): Promise<Composition> {
  const text = (await readText(`${name}.yaml`)).replaceAll(/\$\{ZELID:\?[^}]*\}/g, ZELID);
  return parse(text, { merge: true });
}

/** Reads what an agent is told, as it does. */
async function readAgent(service: Service | undefined) {
  const { values, warnings } = await resolveSettings(AGENT_OPTIONS, {
    args: service?.command ?? [],
    env: fixedEnvironment(service?.environment ?? {}),
    otherOptions: HEALTH_OPTIONS,
  });
  assertEquals(warnings, []);
  return values;
}

/** Reads what a keeper is told, as it does. */
async function readKeeper(service: Service | undefined) {
  const [command = "", ...rest] = service?.command ?? [];
  const isNamed = !command.startsWith("--");
  const run = KEEPER_PROGRAM.commands.find(({ path }) => path.join() === (isNamed ? command : ""));
  assert(run !== undefined);
  const args = isNamed ? rest : [command, ...rest];
  return (await resolveSettings(optionsOf(run), { args, env: fixedEnvironment({}) })).values;
}

const SERVICES = {
  compose: ["keeper", "agent", "application"],
  companion: ["keeper", "agent", "application"],
  primary: ["keeper", "agent", "db", "web"],
};

for (const [name, expected] of Object.entries(SERVICES)) {
  Deno.test(`${name}.yaml gives nobody more than he needs`, async () => {
    const { services } = await readComposition(name);
    assertEquals(Object.keys(services), expected);
    for (const [service, { read_only, cap_drop, security_opt }] of Object.entries(services)) {
      const hard = [true, ["ALL"], ["no-new-privileges"]];
      assertEquals([read_only, cap_drop, security_opt], hard, service);
    }
  });
}

for (const name of ["companion", "primary"]) {
  Deno.test(`${name}.yaml names containers and their network as Flux does`, async () => {
    const { services, networks } = await readComposition(name);
    assertEquals(networks["app"]?.name, "fluxDockerNetwork_vaultdemo");
    for (
      const [service, { container_name, environment, networks = [] }] of Object.entries(services)
    ) {
      assertEquals(networks.includes("app"), service !== "keeper", service);
      if (service === "keeper") continue;
      const component = environment?.["FLUXVAULT_COMPONENT_NAME"] ?? "web";
      assertEquals(container_name, formatContainerName({ app: "vaultdemo", component }));
    }
  });
}

Deno.test("compose.yaml tells keeper and agent what they understand", async () => {
  const { services: { agent, keeper, application }, volumes } = await readComposition("compose");
  const values = await readAgent(agent);
  assertEquals(values.whitelistedAddresses, ["keeper"]);
  assertEquals(values.requireTmpfs, true);
  assertEquals((await readKeeper(keeper))["agentIps"], [`agent:${values.bindPort}`]);
  assertEquals(application?.volumes, ["secrets:/secrets:ro"]);
  assertEquals(agent?.volumes, ["secrets:/secrets", "agent-state:/state"]);
  assertEquals(volumes["secrets"]?.driver_opts?.type, "tmpfs");
});

Deno.test("companion.yaml has the application ask where the agent serves", async () => {
  const { services: { agent, keeper, application } } = await readComposition("companion");
  const values = await readAgent(agent);
  assertEquals([values.fileserver, values.whitelistedAddresses], [true, ["keeper"]]);
  const ofKeeper = await readKeeper(keeper);
  assertEquals(ofKeeper["agentIps"], [`agent:${values.bindPort}`]);
  const [file] = ofKeeper["managedFiles"] as readonly string[];
  const url = `http://${agent?.container_name}:${values.fileserverPort}/files/${file}`;
  assert(application?.command?.join(" ").includes(` ${url}\n`));
  assertEquals([application?.networks, application?.volumes], [["app"], undefined]);
});

Deno.test("primary.yaml has three agents of one image, which differ by what they are told", async () => {
  const { services: { agent, db, web } } = await readComposition("primary");
  const told = new Set(["container_name", "environment", "networks", "volumes"]);
  const same = [agent, db, web].map((service = {}) => {
    return Object.fromEntries(Object.entries(service).filter(([key]) => !told.has(key)));
  });
  assertEquals(same[1], same[0]);
  assertEquals(same[2], same[0]);
  const [primary, ...others] = await Promise.all([agent, db, web].map(readAgent));
  assertEquals([primary?.enableRegistrar, primary?.subordinate], [true, false]);
  for (const values of others) {
    assertEquals([values.enableRegistrar, values.subordinate], [false, true]);
    assertEquals(values.primaryAgentName, primary?.componentName);
  }
  for (const values of [primary, ...others]) {
    assertEquals([values?.signedVaultConnections, values?.zelid], [true, [ZELID]]);
  }
  // The keeper is in a network with the primary alone.
  assertEquals([agent, db, web].map((service) => service?.networks), [
    ...[["app", "delivery"], ["app"], ["app"]],
  ]);
});

Deno.test("primary.loadout.yaml gives each agent of primary.yaml something", async () => {
  const { services } = await readComposition("primary");
  // It serves the folders of apps in the vault, of which this is the file of one.
  assertEquals(services["keeper"]?.command, ["run"]);
  const text = await readText("primary.loadout.yaml");
  const resolveVault = () => "/vault/vaultdemo";
  const parsed = parseLoadout(text, { file: "fluxvault.yaml", app: "vaultdemo", resolveVault });
  assertEquals([parsed.problems, parsed.warnings], [[], []]);
  const [app] = parsed.apps;
  assert(app !== undefined);
  assertEquals(app.agents, [{ host: "agent", port: 8888 }]);
  assertEquals([app.signWith, app.firstUseLimit], [ZELID, 3]);
  const given = ["agent", "db", "web"].map((name) => app.declarationsOf(name).length);
  assertEquals(given, [1, 2, 2]);
});
