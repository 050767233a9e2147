import type { AppLoadout } from "../../../keeper/loadout/app_loadout.ts";
import { MAX_DECLARATIONS } from "../../../keeper/loadout/limits.ts";
import { type ParsedLoadout, readLoadoutText } from "../../../keeper/loadout/loadout_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Reads an app by what stands below its name, in lines that begin with four spaces. */
function read(body: string): ParsedLoadout & { app: AppLoadout } {
  const parsed = readLoadoutText(`version: 1\napps:\n  demo:\n${body}`, {
    file: "f",
    app: null,
    resolveVault: (name, vault) => `/vaults/${vault ?? name}`,
  });
  const [app] = parsed.apps;
  assert(app !== undefined);
  return { ...parsed, app };
}

function show(app: AppLoadout, component: string | null): string[] {
  return app.declarationsOf(component).map(({ source, target, origin }) => {
    return `${source} -> ${target} (${origin})`;
  });
}

function problemsOf({ problems }: ParsedLoadout): string[] {
  return problems.map(({ place, problem }) => `${place} ${problem}`);
}

Deno.test("declarationsOf gives the group all to every agent, named or not", () => {
  const { app, problems } = read(`
    vault: x
    groups: { all: { state_directives: [{ source: motd }] } }
    components: { web: { state_directives: [{ source: a }] }, db: }
`);
  assertEquals(problems, []);
  assertEquals([app.app, app.origin, app.vaultFolder], ["demo", "f:3:3", "/vaults/x"]);
  assertEquals(app.components, ["web", "db"]);
  assertEquals(show(app, "web"), ["motd -> motd (f:6:41)", "a -> a (f:7:45)"]);
  for (const other of ["db", "unheard-of", null]) {
    assertEquals(show(app, other), ["motd -> motd (f:6:41)"]);
  }
});

Deno.test("declarationsOf does not tell components apart by case", () => {
  const { app } = read("    components: { Web: { state_directives: [{ source: a }] } }\n");
  assertEquals(show(app, "wEB").length, 1);
});

Deno.test("declarationsOf lets an own entry win over those of groups, also over two of them", () => {
  const { app, problems } = read(`
    groups:
      all: { state_directives: [{ source: all.conf, target: conf }] }
      a: { state_directives: [{ source: a.conf, target: conf }, { source: a }] }
    components:
      web: { member_of: [a], state_directives: [{ source: own.conf, target: ./conf }] }
`);
  assertEquals(problems, []);
  assertEquals(app.declarationsOf("web").map(({ source }) => source), ["a", "own.conf"]);
  assertEquals(app.declarationsOf(null).map(({ source }) => source), ["all.conf"]);
});

Deno.test("declarationsOf begins relative targets at the folder of the group, component or app", () => {
  const { app } = read(`
    remote_workdir: /app
    groups:
      all: { state_directives: [{ source: a }] }
      g: { remote_workdir: /group, state_directives: [{ source: b }, { source: c, target: /c }] }
    components:
      web: { member_of: [g], remote_workdir: web, state_directives: [{ source: d }] }
      db: { member_of: [g], state_directives: [{ source: d }] }
`);
  const targets = (name: string | null) => app.declarationsOf(name).map(({ target }) => target);
  assertEquals(targets("web"), ["web/a", "/group/b", "/c", "web/d"]);
  assertEquals(targets("db"), ["/app/a", "/group/b", "/c", "/app/d"]);
  assertEquals(targets(null), ["/app/a"]);
});

Deno.test("readLoadoutText names both places of two groups with one target", () => {
  const { problems } = read(`
    groups:
      a: { state_directives: [{ source: a, target: conf }] }
      b: { state_directives: [{ source: b, target: conf }] }
    components: { web: { member_of: [b, a] }, db: { member_of: [a] } }
`);
  assertEquals(problems.map(({ place, problem }) => `${place} ${problem}`), [
    'f:7:31 the target "conf" is declared twice for the same component, first at f:6:31',
  ]);
});

Deno.test("readLoadoutText finds two entries that meet only by the folders that they begin at", () => {
  const body = (workdir: string) =>
    `
    groups: { all: { state_directives: [{ source: a, target: /srv/conf }] } }
    components:
      web: { remote_workdir: ${workdir}, member_of: [g] }
`.replace("groups: {", "groups: { g: { state_directives: [{ source: b, target: conf }] },");
  assertEquals(read(body("/srv")).problems.length, 1);
  assertEquals(read(body("/etc")).problems.length, 0);
});

Deno.test("readLoadoutText finds what a group says twice, be it of no component", () => {
  const text = "    groups: { g: { state_directives: [{ source: a }, { source: ./a }] } }\n";
  assertEquals(read(text).problems.length, 1);
});

Deno.test("readLoadoutText refuses a target inside of a file, and a set inside of a set", () => {
  const body = (outer: string, inner: string) => `
    groups:
      all:
        state_directives:
          - { source: b, target: conf/x, ${inner} }
          - { source: a, target: conf, ${outer} }
`;
  assertEquals(problemsOf(read(body("in_place: true", ""))), [
    'f:9:13 the target "conf/x" is inside of "conf", which is a file (in_place); the other is at ' +
    "f:8:13",
  ]);
  assertEquals(read(body("together: true", "together: true")).problems.length, 1);
  assertEquals(read(body("together: true", "in_place: true")).problems.length, 1);
  assertEquals(read(body("together: true", "")).problems, []);
  assertEquals(read(body("", "together: true")).problems, []);
});

Deno.test("readLoadoutText keeps targets apart that differ in case or Unicode form, and warns", () => {
  const { app, problems, warnings } = read(`
    agents: [node]
    groups:
      all:
        state_directives:
          - { source: a, target: "caf\\u00e9" }
          - { source: b, target: "cafe\\u0301" }
          - { source: c, target: X }
          - { source: d, target: x }
`);
  assertEquals(problems, []);
  assertEquals(app.declarationsOf(null).length, 4);
  assertEquals(warnings.map(({ place }) => place), ["f:10:13", "f:12:13"]);
});

Deno.test("readLoadoutText warns of what has no effect", () => {
  const { problems, warnings } = read(`
    polling_interval: 5m
    hooks: { used: { touch: a }, unused: { touch: b } }
    groups:
      lonely: { state_directives: [{ source: a, hook: used, lease: 300s }] }
    components: { web-1: { state_directives: [{ source: b, lease: 301s }] } }
`);
  assertEquals(problems, []);
  assertEquals(warnings.map(({ problem }) => problem), [
    'no state directive names the hook "unused"',
    'no component is a member of the group "lonely"',
    "its lease of 300 s ends before the next pass, 300 s later",
    'no component on the Flux network can be called "web-1"',
  ]);
});

Deno.test("readLoadoutText refuses an app that declares nothing, or a name that the network has not", () => {
  assertEquals(problemsOf(read("    components: { web: , db: { state_directives: [] } }\n")), [
    "f:3:3 the app declares nothing to deliver",
  ]);
  const text = (agents: string) =>
    `version: 1\napps: { fluxdemo: { ${agents}groups: { all: { state_directives: [{ source: a }] } } } }`;
  const options = { file: "f", app: null, resolveVault: (name: string) => name };
  assertEquals(readLoadoutText(text(""), options).problems.length, 1);
  assertEquals(readLoadoutText(text("agents: [node], "), options).problems, []);
});

Deno.test("readLoadoutText bounds what the components hold in all", () => {
  const count = Math.ceil(Math.sqrt(MAX_DECLARATIONS)) + 1;
  const names = Array.from({ length: count }, (_, i) => i);
  const { problems } = read(`
    groups: { all: { state_directives: [${names.map((i) => `{ source: s${i} }`).join(", ")}] } }
    components: { ${names.map((i) => `c${i}: `).join(", ")} }
`);
  assertEquals(problems.map(({ place }) => place), ["f:3:3"]);
  assert(problems[0]?.problem.includes(`over ${MAX_DECLARATIONS} files`));
});

Deno.test("readLoadoutText warns of a certificate that nobody gets, and of one that no pass may renew in time", () => {
  const { app, problems, warnings } = read(`
    certificates: { unused: , short: { lifetime: 1h }, good: { lifetime: 1h } }
    polling_interval: 30m
    groups: { all: { state_directives: [{ certificate: short }] } }
`);
  assertEquals(problems, []);
  assertEquals(app.certificates.map(({ name }) => name), ["unused", "short", "good"]);
  assertEquals(warnings.map(({ place, problem }) => `${place} ${problem}`), [
    'f:5:21 no state directive names the certificate "unused"',
    'f:5:31 the certificate "short" lives for 3600 s, and a pass may come too late to renew it in ' +
    "its last third",
    'f:5:56 no state directive names the certificate "good"',
  ]);
});
