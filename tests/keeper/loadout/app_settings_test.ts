import {
  type AppSettings,
  readSettings,
  SETTING_KEYS,
} from "../../../keeper/loadout/app_settings.ts";
import { Mapping } from "../../../keeper/loadout/mapping.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const SIGNER = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";

function read(text: string): { settings: AppSettings; errors: readonly string[] } {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const mapping = Mapping.read(tree, { form: { what: "an app", keys: SETTING_KEYS }, problems });
  assert(mapping !== null);
  const settings = readSettings(mapping, problems);
  return { settings, errors: problems.errors().map(({ problem }) => problem) };
}

Deno.test("readSettings leaves out what is not said, but for what has one meaning alone", () => {
  assertEquals(read("{}"), {
    settings: { agents: null, fluxApi: [], port: 8888, wire: [] },
    errors: [],
  });
});

Deno.test("readSettings reads all that can be said", () => {
  const { settings, errors } = read(`
agents: [203.0.113.20, "[2001:DB8::1]:9000"]
port: 9999
wire: [original, 203.0.113.20=2]
trust: first-use
first_use_limit: 3
sign_with: ${SIGNER}
polling_interval: 10m
discovery_interval: 90
`);
  assertEquals(errors, []);
  assertEquals(settings, {
    agents: [{ host: "203.0.113.20", port: 9999 }, { host: "2001:db8::1", port: 9000 }],
    fluxApi: [],
    port: 9999,
    wire: ["original", "203.0.113.20=2"],
    trust: "first-use",
    firstUseLimit: 3,
    signWith: SIGNER,
    pollingIntervalS: 600,
    discoveryIntervalS: 90,
  });
});

Deno.test("readSettings takes one Flux API or several, and the wire as a number", () => {
  assertEquals(read("flux_api: https://api.example.org\nwire: 2").settings.fluxApi, [
    "https://api.example.org",
  ]);
  const { settings } = read(
    "flux_api: [https://a.example.org, http://b.example.org]\nwire: original",
  );
  assertEquals([settings.fluxApi.length, settings.wire], [2, ["original"]]);
});

Deno.test("readSettings refuses what has no use beside something else", () => {
  const useless = [
    "agents: [node]\nflux_api: https://api.example.org",
    "wire: original\ntrust: approve",
    `wire: original\nsign_with: ${SIGNER}`,
    "wire: original\nfirst_use_limit: 1",
  ];
  assertEquals(useless.map((text) => read(text).errors.length), [1, 1, 1, 1]);
  assertEquals(read("wire: [original, node=2]\ntrust: approve").errors, []);
});

Deno.test("readSettings names each agent, API and wire that cannot be used", () => {
  const { errors } = read(
    "agents: [node, node:8888, 1.2.3, 2001:db8::1]\nwire: [x, node=original]",
  );
  assertEquals(errors, [
    "the agent node:8888 stands twice",
    'the agent "1.2.3" is no IPv4 address',
    'the agent "2001:db8::1" is an IPv6 address without brackets',
    'wire: "x" names no wire',
  ]);
  assertEquals(read("agents: []").errors, ["agents names no agent"]);
  assertEquals(read("wire: []\nflux_api: []").errors.length, 2);
});

Deno.test("readSettings does not repeat a key in the place of its address", () => {
  const { errors } = read("sign_with: 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ");
  assertEquals(errors, [
    "sign_with is a private key (not repeated here), which is no address of a key",
  ]);
});
