import fc from "fast-check";
import { parseSingleApp, type SingleAppFlags } from "../../../keeper/loadout/single_app.ts";
import { ConfigErrors } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

function parse(flags: Partial<SingleAppFlags>) {
  return parseSingleApp({ app: "demo", vaultFolder: "vault", directives: ["motd"], ...flags });
}

/** Lists what a component gets, as `source -> target STRATEGY`. */
function show(flags: Partial<SingleAppFlags>, component: string | null): string[] {
  return parse(flags).app.declarationsOf(component).map(({ source, target, strategy }) => {
    return `${source} -> ${target} ${strategy}`;
  });
}

function problemsOf(flags: Partial<SingleAppFlags>): (string | undefined)[] {
  const { errors } = assertThrows(() => parse(flags), ConfigErrors);
  return errors.map(({ source, message }) => `${source}: ${message}`);
}

Deno.test("parseSingleApp gives every agent what names nobody", () => {
  const { app, warnings } = parse({});
  assertEquals([app.app, app.vaultFolder, app.components, app.agents], ["demo", "vault", [], null]);
  assertEquals(warnings, []);
  assertEquals(app.declarationsOf(null), [{
    source: "motd",
    target: "motd",
    strategy: "STRICT",
    symlinks: "refuse",
    origin: "--state-directives, item 1",
  }]);
});

Deno.test("parseSingleApp reads each form of a directive", () => {
  const directives = [
    ...["a", "b:etc/", "c:/etc/c", "d:A", "e:/etc/:C", "f::E", "g:./S/", "h:x/h:STRICT", "tls/"],
  ];
  assertEquals(show({ directives }, null), [
    "a -> a STRICT",
    "b -> etc/b STRICT",
    "c -> /etc/c STRICT",
    "d -> d ALLOW_ADDS",
    "e -> /etc/e ENSURE_CREATED",
    "f -> f ENSURE_CREATED",
    "g -> S/g STRICT",
    "h -> x/h STRICT",
    "tls -> tls STRICT",
  ]);
});

Deno.test("parseSingleApp gives components and groups what names them", () => {
  const flags = {
    components: ["web:front:tls,db", "cache:tls"],
    directives: ["motd", "key.pem:/etc/tls/@tls, index:/srv/@front", "seed:C@DB", "own:@all"],
  };
  assertEquals(parse(flags).app.components, ["web", "db", "cache"]);
  const common = ["motd -> motd STRICT", "own -> own STRICT"];
  assertEquals(show(flags, "web"), [
    ...common,
    "index -> /srv/index STRICT",
    "key.pem -> /etc/tls/key.pem STRICT",
  ]);
  assertEquals(show(flags, "db"), [...common, "seed -> seed ENSURE_CREATED"]);
  assertEquals(show(flags, "cache"), [...common, "key.pem -> /etc/tls/key.pem STRICT"]);
  assertEquals(show(flags, null), common);
});

Deno.test("parseSingleApp begins relative remote paths at one folder, and keeps the settings", () => {
  const settings = { agents: [{ host: "node", port: 1 }], fluxApi: [], port: 1, wire: [] };
  const { app } = parse({ directives: ["a", "b:/b"], remoteWorkdir: "/tmp/x/", settings });
  assertEquals(app.declarationsOf(null).map(({ target }) => target), ["/tmp/x/a", "/b"]);
  assertEquals(app.agents, settings.agents);
});

Deno.test("parseSingleApp refuses a remote path that the original would take for a folder", () => {
  const { errors } = assertThrows(
    () => parse({ directives: ["blah.txt:/tmp/myfiles:S"] }),
    ConfigErrors,
  );
  assertEquals(errors.map(({ source, hint }) => [source, hint]), [[
    "--state-directives, item 1",
    "Write /tmp/myfiles/ for the folder that blah.txt goes into. To give it another name, write a " +
    "loadout.",
  ]]);
});

Deno.test("parseSingleApp tells of every item that cannot be used", () => {
  const directives = [
    ...["/a", "../b", "c:..", "d:x:y:z", "e@x@y", "f@", "g@nobody", "h:/etc/:X", "C:\\x", "i@Web"],
  ];
  const problems = problemsOf({ components: ["web"], directives });
  assertEquals(problems.map((problem) => problem?.split(":")[0]), [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((item) => `--state-directives, item ${item}`),
  ]);
});

Deno.test("parseSingleApp refuses names that nothing can have, and conflicts", () => {
  assertEquals(problemsOf({ app: "my_app" }), ['APP: an app cannot be called "my_app"']);
  assertEquals(problemsOf({ components: ["web_1", "db:"] }).length, 2);
  assertEquals(problemsOf({ components: ["web", "WEB"] }).length, 1);
  assertEquals(problemsOf({ components: ["web:web"], directives: ["a@web"] }), [
    '--state-directives, item 1: "web" is a component and a group',
  ]);
  assertEquals(problemsOf({ directives: [] }), [
    "--state-directives: there is nothing to deliver",
  ]);
  assertEquals(problemsOf({ remoteWorkdir: ".." }).length, 1);
  assertEquals(problemsOf({ components: ["web:x"], directives: ["a", "b/a:./@x"] }), [
    '--state-directives, item 2: the target "a" is declared twice for the same component, first ' +
    "at --state-directives, item 1",
  ]);
});

Deno.test("parseSingleApp lets a component's own directive win over its groups'", () => {
  const flags = { components: ["web:x"], directives: ["a:conf/@x", "own/a:conf/@web"] };
  assertEquals(show(flags, "web"), ["own/a -> conf/a STRICT"]);
});

Deno.test("parseSingleApp throws nothing but its own error, whatever the flags", () => {
  const word = fc.array(
    fc.constantFrom("a", "web", "S", ":", "@", ",", "/", "..", "~", "\\", " ", "\u00e9"),
  )
    .map((parts) => parts.join(""));
  const flags = fc.record({
    components: fc.array(word, { maxLength: 3 }),
    directives: fc.array(word, { maxLength: 4 }),
  });
  fc.assert(fc.property(flags, (flags) => {
    try {
      const { app } = parse(flags);
      const all = [null, ...app.components].flatMap((component) => app.declarationsOf(component));
      assert(all.every(({ target }) => !target.split("/").includes("..")));
    } catch (error) {
      assert(error instanceof ConfigErrors, String(error));
    }
  }));
});
