/**
 * Rule: the specifications in `dist/flux/` are what FluxOS 8.17 registers, as far as its own checks are
 * known: the limits below are those of its validator (`appValidator`, `appUtilities`), its list of ports
 * that no app may have, and its parser of `containerData`. They say nothing that everybody could read
 * and should not, and the agent understands what they give it.
 *
 * @module
 */
import { AGENT_OPTIONS, HEALTH_OPTIONS } from "../../agent/options.ts";
import {
  isRegistrableAppName,
  isRegistrableComponentName,
  isReplicatedPath,
  isZelId,
} from "../../flux/mod.ts";
import { readAppSpecification } from "../../flux/app_specification.ts";
import { readContainerMounts } from "../../flux/container_data.ts";
import { fixedEnvironment, GLOBAL_OPTIONS, resolveSettings } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

interface Component {
  readonly name: string;
  readonly ports: readonly number[];
  readonly containerPorts: readonly number[];
  readonly domains: readonly string[];
  readonly environmentParameters: readonly string[];
  readonly commands: readonly string[];
  readonly containerData: string;
  readonly cpu: number;
  readonly ram: number;
  readonly hdd: number;
}

interface Specification {
  readonly version: number;
  readonly name: string;
  readonly owner: string;
  readonly instances: number;
  readonly enterprise: string;
  readonly compose: readonly Component[];
}

const KEYS_OF_APP = [
  ...["compose", "contacts", "description", "enterprise", "expire", "geolocation", "instances"],
  ...["name", "nodes", "owner", "staticip", "version"],
];
const KEYS_OF_COMPONENT = [
  ...["commands", "containerData", "containerPorts", "cpu", "description", "domains"],
  ...["environmentParameters", "hdd", "name", "ports", "ram", "repoauth", "repotag"],
];
const MAX_COMPONENTS = 10;
const MAX_PORTS = 5;
const MAX_WORDS = 20;
const MAX_WORD_LENGTH = 400;
const MAX_INSTANCES = 100;
/** What its makers advise, and older specifications allow; no banned port is among them. */
const ADVISED_PORTS = { first: 31_000, last: 39_999 };
const MAX_CPU = 15;

function isMultiple(value: number, step: number): boolean {
  return Math.abs(value / step - Math.round(value / step)) < 1e-9;
}

function findComponentFaults(component: Component): string[] {
  const { ports, containerPorts, domains, environmentParameters, commands } = component;
  const { containerData, cpu, ram, hdd } = component;
  const words = [environmentParameters, commands];
  const checks: readonly (readonly [boolean, string])[] = [
    [Object.keys(component).sort().join() === KEYS_OF_COMPONENT.join(), "other keys"],
    [isRegistrableComponentName(component.name), "a name that is not letters and digits"],
    [ports.length <= MAX_PORTS, "too many ports"],
    [ports.length === containerPorts.length, "a port that leads nowhere"],
    [ports.length === domains.length, "not one domain for each port"],
    [
      ports.every((port) => ADVISED_PORTS.first <= port && port <= ADVISED_PORTS.last),
      "a port that is not advised",
    ],
    [words.every(({ length }) => length <= MAX_WORDS), "too many variables or commands"],
    [words.flat().every(({ length }) => length <= MAX_WORD_LENGTH), "a variable that is too long"],
    [containerData.length >= 2 && containerData.length <= 200, "a volume of another length"],
    [cpu >= 0.1 && cpu <= MAX_CPU && isMultiple(cpu, 0.1), "another share of the CPU"],
    [ram >= 100 && isMultiple(ram, 100), "another size of memory"],
    [hdd >= 1 && isMultiple(hdd, 1), "another size of disk"],
  ];
  return checks.filter(([holds]) => !holds).map(([, fault]) => `${component.name}: ${fault}`);
}

/** Says what FluxOS would not register, or what we would not give it. */
function findFaults(specification: Specification): string[] {
  const { version, name, owner, instances, enterprise, compose } = specification;
  const faults = compose.flatMap(findComponentFaults);
  const ports = compose.flatMap((component) => component.ports);
  const names = compose.map((component) => component.name);
  const mounts = readContainerMounts(compose.map(({ containerData }) => containerData));
  const variables = compose.flatMap(({ environmentParameters }) => environmentParameters);
  const checks: readonly (readonly [boolean, string])[] = [
    [Object.keys(specification).sort().join() === KEYS_OF_APP.join(), "other keys"],
    [version === 8, "another version"],
    [isRegistrableAppName(name), "a name that cannot be registered"],
    [isZelId(owner), "an owner who holds no key"],
    [compose.length >= 1 && compose.length <= MAX_COMPONENTS, "another number of components"],
    [new Set(names).size === names.length, "a name twice"],
    [new Set(ports).size === ports.length, "a port twice"],
    [instances >= 3 && instances <= MAX_INSTANCES, "another number of instances"],
    [
      compose.every(({ containerData }, i) =>
        containerData.split("|").length === mounts[i]?.length
      ),
      "a volume that cannot be read",
    ],
    [
      ["/secrets", "/state"].every((path) => !mounts.some((of) => isReplicatedPath(of, path))),
      "secrets or state that every node gets",
    ],
    [
      enterprise !== "" || !variables.some((text) => text.startsWith("FLUXVAULT_ENROLL_SECRET")),
      "a secret that everybody can read",
    ],
  ];
  return [...faults, ...checks.filter(([holds]) => !holds).map(([, fault]) => fault)];
}

async function read(name: string): Promise<Specification> {
  return JSON.parse(
    await Deno.readTextFile(new URL(`../../dist/flux/${name}.json`, import.meta.url)),
  );
}

/** Reads what a component gives its agent, as the agent does. */
function readSettings({ environmentParameters, commands }: Component) {
  const pairs = environmentParameters.map((text) => text.split(/=(.*)/s).slice(0, 2));
  const end = commands.indexOf("--");
  return resolveSettings([...AGENT_OPTIONS, ...GLOBAL_OPTIONS], {
    args: end < 0 ? commands : commands.slice(0, end),
    env: fixedEnvironment(Object.fromEntries(pairs)),
    otherOptions: HEALTH_OPTIONS,
  });
}

for (const name of ["companion", "entrypoint", "primary"]) {
  Deno.test(`the Flux recipe ${name} could be registered, and our own reader reads it`, async () => {
    const specification = await read(name);
    assertEquals(findFaults(specification), []);
    const { components, instances } = readAppSpecification(specification, specification.name);
    assertEquals(components.length, specification.compose.length);
    assertEquals(instances, specification.instances);
  });

  Deno.test(`the Flux recipe ${name} gives its agent what it understands`, async () => {
    const { owner, compose: [agent] } = await read(name);
    assert(agent !== undefined);
    const { values, warnings } = await readSettings(agent);
    assertEquals(warnings, []);
    assertEquals([values.signedVaultConnections, values.zelid], [true, [owner]]);
    assert(agent.containerPorts.includes(values.bindPort));
  });
}

Deno.test("the Flux recipe companion lets the application see the agent's files and no more", async () => {
  const { compose } = await read("companion");
  const [agent = [], web = []] = readContainerMounts(compose.map((part) => part.containerData));
  assertEquals(agent.map(({ path }) => path), ["/secrets", "/state"]);
  assertEquals(web.map(({ path }) => path), ["/data", "/secrets"]);
});

Deno.test("the Flux recipe entrypoint starts the application behind the agent", async () => {
  const { compose: [web] } = await read("entrypoint");
  assert(web !== undefined);
  const { values } = await readSettings(web);
  assertEquals([values.env, values.onChange], [["DB_PASSWORD=db.password"], "restart"]);
  assertEquals(web.commands.slice(web.commands.indexOf("--")), ["--", "/bin/my-app"]);
});

Deno.test("the Flux recipe primary has sub-agents that find their primary, and that nobody else reaches", async () => {
  const { owner, compose: [agent, ...others] } = await read("primary");
  assert(agent !== undefined);
  const primary = (await readSettings(agent)).values;
  assertEquals(primary.enableRegistrar, true);
  // Whoever registers comes by the app's own network.
  assert(!agent.containerPorts.includes(primary.registrarPort));
  assertEquals(others.map(({ name }) => name), ["db", "web"]);
  for (const component of others) {
    const { values, warnings } = await readSettings(component);
    assertEquals(warnings, []);
    const { subordinate, signedVaultConnections, zelid, trustPrimaryAgent } = values;
    assertEquals([subordinate, signedVaultConnections, zelid, trustPrimaryAgent], [
      ...[true, true, [owner], false],
    ]);
    assertEquals(values.primaryAgentName, agent.name);
    assertEquals(values.primaryAgentPort, primary.registrarPort);
    assert(!component.containerPorts.includes(values.bindPort));
    // It is the entrypoint of its component's image, and starts the application.
    assert(component.commands.includes("--"));
  }
});

const FAULTS: Readonly<Record<string, readonly [Partial<Specification>, Partial<Component>]>> = {
  "other keys": [{ secrets: "" } as Partial<Specification>, {}],
  "another version": [{ version: 7 }, {}],
  "a name that cannot be registered": [{ name: "fluxdemo" }, {}],
  "an owner who holds no key": [{ owner: "nobody" }, {}],
  "another number of components": [{ compose: [] }, {}],
  "another number of instances": [{ instances: 101 }, {}],
  "a port twice": [{}, { ports: [38080] }],
  "a name twice": [{}, { name: "web" }],
  "secrets or state that every node gets": [{}, { containerData: "r:/secrets|m:state:/state" }],
  "a volume that cannot be read": [{}, { containerData: "/secrets|m:/state" }],
  "a secret that everybody can read": [{}, {
    environmentParameters: ["FLUXVAULT_ENROLL_SECRET=x"],
  }],
  "fluxagent: a name that is not letters and digits": [{}, { name: "fluxagent" }],
  "agent: other keys": [{}, { tiered: false } as Partial<Component>],
  "agent: a port that leads nowhere": [{}, { containerPorts: [] }],
  "agent: not one domain for each port": [{}, { domains: [] }],
  "agent: a port that is not advised": [{}, { ports: [16_127] }],
  "agent: too many variables or commands": [{}, { commands: Array(21).fill("x") }],
  "agent: a variable that is too long": [{}, { commands: ["x".repeat(401)] }],
  "agent: a volume of another length": [{}, { containerData: `/${"x".repeat(200)}` }],
  "agent: another share of the CPU": [{}, { cpu: 0.15 }],
  "agent: another size of memory": [{}, { ram: 64 }],
  "agent: another size of disk": [{}, { hdd: 0.5 }],
};

for (const [fault, [ofApp, ofAgent]] of Object.entries(FAULTS)) {
  Deno.test(`the rules for Flux recipes find ${fault}`, async () => {
    const specification = await read("companion");
    const [agent, ...others] = specification.compose;
    assert(agent !== undefined);
    const compose = [{ ...agent, ...ofAgent }, ...others];
    assert(findFaults({ ...specification, compose, ...ofApp }).includes(fault));
  });
}
