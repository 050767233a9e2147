import fc from "fast-check";
import { stringify } from "yaml";
import {
  type ParsedLoadout,
  parseLoadout,
  readLoadoutText,
} from "../../../keeper/loadout/loadout_text.ts";
import { encodeWif, generatePrivateKey } from "../../../flux/mod.ts";
import { ConfigErrors } from "../../../protocol/mod.ts";
import {
  arbitraryLoadout,
  PLAIN_COMPONENTS,
  reckonTargets,
} from "../../support/arbitrary_loadout.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";

const MANY = { file: "f", app: null, resolveVault: (app: string) => `/vaults/${app}` };
const APP = "{ groups: { all: { state_directives: [{ source: motd }] } } }";

/** All that a loadout says, but for where it is written. */
function meaningOf({ apps }: ParsedLoadout): unknown {
  return apps.map(({ declarationsOf, servicesOf, origin: _, ...app }) => {
    const declarations = PLAIN_COMPONENTS.map((component) => {
      return declarationsOf(component).map(({ origin: _, ...declaration }) => declaration);
    });
    return { ...app, declarations, services: PLAIN_COMPONENTS.map((each) => servicesOf(each)) };
  });
}

Deno.test("parseLoadout throws one error with every mistake", () => {
  const text = "version: 2\napps:\n  a: { port: 0 }\n  b: { trust: x }\n";
  const { errors } = assertThrows(() => parseLoadout(text, MANY), ConfigErrors, "config-invalid");
  assertEquals(errors.map(({ source }) => source), [
    ...["f:1:10", "f:3:3", "f:3:14", "f:4:3", "f:4:15"],
  ]);
});

Deno.test("parseLoadout reads the apps in their order", () => {
  const { apps } = parseLoadout(`version: 1\napps:\n  b: ${APP}\n  a: ${APP}\n`, MANY);
  assertEquals(apps.map(({ app, vaultFolder }) => [app, vaultFolder]), [
    ["b", "/vaults/b"],
    ["a", "/vaults/a"],
  ]);
});

Deno.test("parseLoadout reads the file of one app, whose name is that of its folder", () => {
  const own = { ...MANY, app: "demo" };
  const text = `version: 1\n${APP.slice(2, -2)}\n`;
  assertEquals(parseLoadout(text, own).apps.map(({ app, origin }) => [app, origin]), [
    ["demo", "f:1:1"],
  ]);
  const bad = readLoadoutText(text, { ...MANY, app: "my_app" });
  assertEquals(bad.problems.map(({ problem }) => problem), [
    'the folder of the file is called "my_app", and no app can be',
  ]);
});

Deno.test("readLoadoutText wants an app, and does not tell apps apart by case", () => {
  const problemsOf = (text: string) => {
    return readLoadoutText(text, MANY).problems.map(({ problem }) => problem);
  };
  assertEquals(problemsOf("version: 1\napps: {}\n"), ["apps has to be a mapping of names to apps"]);
  assertEquals(problemsOf("version: 1\napps:\n"), ["apps has to be a mapping of names to apps"]);
  assertEquals(problemsOf("version: 1\n"), ["apps is missing"]);
  assertEquals(problemsOf(`version: 1\napps:\n  a: ${APP}\n  A: ${APP}\n`), [
    'the app "A" stands twice, first at f:3:3: case does not tell apps apart',
  ]);
});

Deno.test("readLoadoutText repeats nothing of a file that was named by mistake", () => {
  for (const [text, kind] of [["hunter2", "a text"], ["4821", "a number"], ["no: x\n- y", null]]) {
    for (const where of [MANY, { ...MANY, app: "demo" }]) {
      const said = readLoadoutText(text ?? "", where).problems.map(({ problem, hint }) => {
        return `${problem} ${hint}`;
      }).join();
      assert(said !== "" && !/hunter2|4821/.test(said), said);
      if (kind !== null) assertMatch(said, new RegExp(`has to be a mapping, and this is ${kind} `));
    }
  }
});

/** Every place of a loadout that holds a text. */
function placesOf(secret: string): string[] {
  const app = (inner: string) => `version: 1\napps:\n  demo: { agents: [a], ${inner} }\n`;
  const withDirective = (directive: string) =>
    app(`groups: { all: { state_directives: [${directive}] } }`);
  const keys = ["vault", "flux_api", "port", "wire", "trust", "first_use_limit", "sign_with"];
  const more = ["polling_interval", "discovery_interval", "remote_workdir", "hooks", "components"];
  const ofDirective = ["target", "strategy", "mode", "folder_mode", "uid", "gid", "requires"];
  const flags = ["hook", "together", "lease", "in_place", "symlinks", "compress", secret];
  const hooks = [
    ...[`{ run: [${secret}] }`, `{ run: [a, ${secret}] }`, `{ touch: ${secret} }`, secret],
    ...[`{ signal: ${secret} }`, `{ signal: SIGHUP, pid_file: ${secret} }`],
    ...[`{ touch: a, timeout: ${secret} }`, `{ ${secret}: 1 }`],
  ];
  return [
    secret,
    `- ${secret}`,
    `${secret}: 1`,
    `version: ${secret}\napps: {}`,
    `version: 1\napps: { ${secret}: ${APP} }`,
    `version: 1\napps: { demo: { agents: [${secret}] } }`,
    ...[...keys, ...more].map((key) => app(`${key}: ${secret}`)),
    ...hooks.map((hook) => app(`hooks: { h: ${hook} }`)),
    app(`hooks: { ${secret}: { touch: a } }`),
    app(`groups: { ${secret}: { state_directives: [{ source: a }] } }`),
    app(`components: { ${secret}: { state_directives: [{ source: a }] } }`),
    app(`components: { c: { member_of: [${secret}] } }`),
    withDirective(secret),
    withDirective(`{ source: ${secret} }`),
    withDirective(`{ source: " ${secret} " }`),
    ...[...ofDirective, ...flags].map((key) => withDirective(`{ source: a, ${key}: ${secret} }`)),
    withDirective(`{ source: a, ${secret}: 1 }`),
  ];
}

/** Secrets by their form. */
const SECRETS = {
  "a private key": encodeWif(generatePrivateKey()),
  "an enrolment secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
};

for (const [what, secret] of Object.entries(SECRETS)) {
  Deno.test(`readLoadoutText refuses ${what} in whatever place, and repeats it nowhere`, () => {
    for (const text of placesOf(secret)) {
      const { problems, warnings } = readLoadoutText(text, MANY);
      const said = JSON.stringify([problems, warnings]);
      assert(!said.includes(secret), said);
      assert(said.includes(`${what} stands here, and no file of settings may hold one`), text);
    }
  });
}

Deno.test("parseLoadout throws nothing but its own error, whatever the text", () => {
  const word = fc.constantFrom(
    ...[
      "version: 1\n",
      "apps:\n",
      "  demo:\n",
      "groups:",
      "components:",
      "all:",
      "- ",
      "source: a",
    ],
    ...["state_directives: [", "{", "}", "]", ", ", "&a ", "*a", "!t ", "\t", "'", '"', "\n", "? "],
    ...[
      "<<: *a",
      "0600",
      "~",
      "mode: ",
      "hooks: ",
      "run: ",
      "    ",
      "#",
      "|",
      "%YAML 1.1\n",
      "---\n",
    ],
    ...["__proto__: ", "constructor: ", "\ud800", "\u0000", "\u2028", "wire: ", "agents: [x]\n"],
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
    fc.array(word, { maxLength: 20 }).map((words) =>
      `version: 1\napps:\n  demo:\n    ${words.join("")}`
    ),
    fc.jsonValue().map((value) => stringify({ version: 1, apps: { demo: value } })),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(null, "demo"), (text, app) => {
      try {
        const { apps } = parseLoadout(text, { ...MANY, app });
        assert(apps.length > 0);
      } catch (error) {
        assert(error instanceof ConfigErrors && error.errors.length > 0, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseLoadout reads what was printed from data, however it was printed", () => {
  fc.assert(fc.property(arbitraryLoadout(), (plain) => {
    const printed = [
      stringify(plain, { aliasDuplicateObjects: false }),
      stringify(plain, { collectionStyle: "flow", lineWidth: 30 }),
      stringify(plain, { indent: 4, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" }),
      JSON.stringify(plain),
    ];
    const meanings = printed.map((text) => meaningOf(parseLoadout(text, MANY)));
    for (const meaning of meanings) assertEquals(meaning, meanings[0]);
    const { apps: [app] } = parseLoadout(printed[0] ?? "", MANY);
    for (const component of PLAIN_COMPONENTS) {
      const targets = app?.declarationsOf(component).map(({ target, source }) => {
        return [target, source] as const;
      });
      const expected = reckonTargets(plain.apps["demo"] as never, component);
      assertEquals(new Map(targets), expected);
      assertEquals(targets?.length, expected.size);
    }
  }));
});

Deno.test("parseLoadout comes to the same each time, but for the objects themselves", () => {
  fc.assert(fc.property(arbitraryLoadout(), (plain) => {
    const text = stringify(plain);
    const first = parseLoadout(text, MANY);
    const second = parseLoadout(text, MANY);
    assertEquals(meaningOf(first), meaningOf(second));
    assertEquals(first.warnings, second.warnings);
  }));
});
