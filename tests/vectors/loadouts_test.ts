/**
 * Loadouts as people write them: each of `loadouts/good` is taken by the keeper and by the schema that
 * editors use, each of `loadouts/bad` is refused by the keeper with the problems of the golden file, and
 * by the schema as far as a schema can see.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { APP_KEYS, COMPONENT_KEYS, GROUP_KEYS } from "../../keeper/loadout/written_app.ts";
import {
  CERTIFICATE_KEYS,
  CERTIFICATE_USAGES,
  KEY_KINDS,
} from "../../keeper/loadout/certificates.ts";
import { CERTIFICATE_PARTS } from "../../keeper/loadout/issued_directive.ts";
import { DIRECTIVE_KEYS, REQUIRED_LEVELS, STRATEGIES } from "../../keeper/loadout/directive.ts";
import {
  HEALTH_KEYS,
  RESTARTS,
  SERVICE_KEYS,
  STOP_SIGNALS,
} from "../../keeper/loadout/services.ts";
import { HOOK_KEYS, HOOK_SIGNALS } from "../../keeper/loadout/hooks.ts";
import { LOADOUT_KEYS, parseLoadout, readLoadoutText } from "../../keeper/loadout/loadout_text.ts";
import { TRUST_POLICIES } from "../../keeper/loadout/app_settings.ts";
import schema from "../../keeper/loadout/loadout.schema.json" with { type: "json" };
import { assert, assertEquals } from "../support/assert.ts";
import { assertGolden } from "../support/golden.ts";

const FOLDER = new URL("loadouts/", import.meta.url);

/** What a schema cannot see, since it knows nothing of how a value is written or what others say. */
const ONLY_THE_KEEPER_SEES: readonly string[] = [
  "app_declares_nothing",
  "app_twice_but_for_case",
  "apps_missing",
  "component_twice_but_for_case",
  "conflict_of_a_group_and_all",
  "conflict_of_own_entries",
  "file_in_a_file",
  "tags",
  "trust_on_the_originals_wire",
  "version_of_yaml",
];

interface Vector {
  readonly name: string;
  readonly text: string;
}

async function readVectors(folder: "good" | "bad"): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for await (const { name } of Deno.readDir(new URL(folder, FOLDER))) {
    const text = await Deno.readTextFile(new URL(`${folder}/${name}`, FOLDER));
    vectors.push({ name: name.replace(/\.yaml$/, ""), text });
  }
  return vectors.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The file of one app says so in its first line. */
function optionsFor({ name, text }: Vector) {
  return {
    file: `${name}.yaml`,
    app: text.startsWith("# own\n") ? "demo" : null,
    resolveVault: (app: string, vault: string | undefined) => vault ?? app,
  };
}

const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);

/** Asks the schema; `null` where the text is no YAML. */
function isValid(text: string): boolean | null {
  let value: unknown;
  try {
    value = parse(text, { logLevel: "error" });
  } catch {
    return null;
  }
  return validate(value) as boolean;
}

const good = await readVectors("good");
const bad = await readVectors("bad");

for (const vector of good) {
  Deno.test(`parseLoadout and the schema take ${vector.name}`, () => {
    assert(parseLoadout(vector.text, optionsFor(vector)).apps.length > 0);
    assertEquals(isValid(vector.text), true, JSON.stringify(validate.errors));
  });
}

Deno.test("readLoadoutText says of each bad loadout what is wrong, where, and what to write", async () => {
  assertEquals([good.length, bad.length], [7, 60]);
  const texts = bad.map((vector) => {
    const { problems } = readLoadoutText(vector.text, optionsFor(vector));
    const lines = problems.map(({ place, problem, hint }) => {
      return `${place.replace(/^[a-z_]+\.yaml:/, "")}  ${problem}\n      ${hint}\n`;
    });
    return `${vector.name}\n${lines.join("")}`;
  });
  await assertGolden("loadout_problems", texts.join("\n"));
});

for (const vector of bad) {
  Deno.test(`readLoadoutText refuses ${vector.name}`, () => {
    const { problems } = readLoadoutText(vector.text, optionsFor(vector));
    assert(problems.length > 0);
    for (const { place, problem, hint } of problems) {
      assert(/^[a-z_]+\.yaml:\d+:\d+$/.test(place), place);
      assert(!/\.$/.test(problem) && /[.?:]$/.test(hint), `${problem} | ${hint}`);
    }
  });
}

Deno.test("the schema refuses each bad loadout of which it can see what is wrong", () => {
  const accepted = bad.filter(({ text }) => isValid(text) === true).map(({ name }) => name);
  assertEquals(accepted, ONLY_THE_KEEPER_SEES);
});

const PAGES = ["keeper/README.md", "keeper/loadout/README.md"];

for (const page of PAGES) {
  Deno.test(`parseLoadout and the schema take the examples of ${page}`, async () => {
    const text = await Deno.readTextFile(new URL(`../../${page}`, import.meta.url));
    const examples = [...text.matchAll(/^```yaml\n(version: [^]*?)^```$/gm)].map(([, yaml]) =>
      yaml
    );
    assert(examples.length > 0);
    for (const example of examples) {
      const app = /^apps:$/m.test(example ?? "") ? null : "demo";
      const options = { file: page, app, resolveVault: (name: string) => name };
      const { warnings } = parseLoadout(example ?? "", options);
      assertEquals([warnings, isValid(example ?? "")], [[], true]);
    }
  });
}

Deno.test("the page on loadouts has every key and word of the schema", async () => {
  const url = new URL("../../keeper/loadout/README.md", import.meta.url);
  const page = await Deno.readTextFile(url);
  const words = [
    ...[...APP_KEYS, ...COMPONENT_KEYS, ...DIRECTIVE_KEYS, ...HOOK_KEYS],
    ...[...CERTIFICATE_KEYS, ...SERVICE_KEYS, ...HEALTH_KEYS],
  ];
  const choices = [
    ...[...STRATEGIES, ...REQUIRED_LEVELS, ...TRUST_POLICIES, ...HOOK_SIGNALS],
    ...[...CERTIFICATE_USAGES, ...KEY_KINDS, ...CERTIFICATE_PARTS],
    ...[...RESTARTS, ...STOP_SIGNALS],
  ];
  assertEquals([...words, ...choices].filter((word) => !page.includes(`\`${word}\``)), []);
});

Deno.test("the schema knows the keys and words that the keeper knows", () => {
  const { app, certificate, component, directive, group, hook, loadout, ownFile, service } =
    schema.$defs;
  const keysOf = (form: { readonly properties: object }) => Object.keys(form.properties);
  assertEquals(keysOf(app), [...APP_KEYS]);
  assertEquals(keysOf(ownFile), ["version", ...APP_KEYS]);
  assertEquals(keysOf(loadout), [...LOADOUT_KEYS]);
  assertEquals(keysOf(group), [...GROUP_KEYS]);
  assertEquals(keysOf(component), [...COMPONENT_KEYS]);
  assertEquals(keysOf(directive), [...DIRECTIVE_KEYS]);
  assertEquals(keysOf(hook), [...HOOK_KEYS]);
  assertEquals(keysOf(certificate), [...CERTIFICATE_KEYS]);
  assertEquals(keysOf(service), [...SERVICE_KEYS]);
  assertEquals(keysOf(service.properties.health), [...HEALTH_KEYS]);
  assertEquals(service.properties.restart.enum, [...RESTARTS]);
  assertEquals(service.properties.stop_signal.enum, [...STOP_SIGNALS]);
  assertEquals(certificate.properties.usage.items.enum, [...CERTIFICATE_USAGES]);
  assertEquals(certificate.properties.key.enum, [...KEY_KINDS]);
  assertEquals(directive.properties.part.enum, [...CERTIFICATE_PARTS]);
  assertEquals(directive.properties.strategy.enum, [...STRATEGIES]);
  assertEquals(directive.properties.requires.enum, [...REQUIRED_LEVELS]);
  assertEquals(app.properties.trust.enum, [...TRUST_POLICIES]);
  assertEquals(hook.properties.signal.enum, [...HOOK_SIGNALS]);
});
