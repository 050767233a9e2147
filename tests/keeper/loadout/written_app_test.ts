import { Problems } from "../../../keeper/loadout/problems.ts";
import { componentKey, readApp, type WrittenApp } from "../../../keeper/loadout/written_app.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function read(
  text: string,
  isOwnFile = false,
): { app: WrittenApp | null; errors: readonly string[] } {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const heading = { name: "demo", place: tree.place, isOwnFile };
  const app = readApp(tree, { heading, problems });
  return { app, errors: problems.errors().map(({ problem, hint }) => `${problem} | ${hint}`) };
}

Deno.test("readApp reads groups and components, those without entries as well", () => {
  const { app, errors } = read(`
vault: ../x
remote_workdir: /srv/
groups:
  all: { state_directives: [{ source: motd }] }
  web_1: { remote_workdir: etc }
  none:
components:
  web:
    member_of: [web_1, all]
    remote_workdir: ./w
    state_directives: [{ source: a }, { source: b }]
  db:
`);
  assertEquals(errors, []);
  assert(app !== null);
  assertEquals([app.vault, app.workdir, app.isWhole], ["../x", "/srv", true]);
  assertEquals([...app.groups.values()].map(({ name, workdir, count }) => [name, workdir, count]), [
    ["all", undefined, 1],
    ["web_1", "etc", 0],
    ["none", undefined, 0],
  ]);
  assertEquals(
    app.components.map(({ name, memberOf, workdir, count }) => [name, memberOf, workdir, count]),
    [["web", ["web_1"], "w", 2], ["db", [], undefined, 0]],
  );
});

Deno.test("readApp wants a version in a file of its own alone", () => {
  assertEquals(read("version: 1\ngroups: {}", true).errors, []);
  assertEquals(read("groups: {}", true).errors, ["version is missing | Write version: 1."]);
  assertEquals(read("version: '1'\ngroups: {}", true).errors, [
    'version is "1", and this keeper reads 1 | Write version: 1.',
  ]);
  assert(read("version: 1\ngroups: {}").errors[0]?.startsWith('an app has no key "version"'));
});

Deno.test("readApp knows the words of the original", () => {
  const { errors } = read("fluxnode_ips: [x]\ncomms_port: 1\nvault_dir: x\nsign_connections: true");
  assertEquals(errors.map((error) => error.split(" | ")[1]), [
    "It is called agents here.",
    "It is called port here.",
    "It is called vault here.",
    "Write sign_with and the address of the key that signs.",
  ]);
});

Deno.test("readApp refuses groups that are not there, and names that nothing can have", () => {
  const { errors } = read(`
groups: { tls: , "": }
components:
  web: { member_of: [tsl, tls, tls, x] }
  fluxweb_demo:
  WEB:
`);
  assertEquals(errors.map((error) => error.split(" | ")[0]), [
    'a group cannot be called ""',
    'member_of names "tsl", which is not defined under groups:',
    'member_of names "tls" twice',
    'member_of names "x", which is not defined under groups:',
    'a component cannot be called "fluxweb_demo"',
    'the component "WEB" is "web" again, at f:4:3: case does not tell components apart',
  ]);
});

Deno.test("readApp says of an app with keys that it cannot read that it is not whole", () => {
  assertEquals(read("component: {}").app?.isWhole, false);
  assertEquals(read("components: [web]").app?.isWhole, false);
  assertEquals(read("groups: *x").app?.isWhole, false);
});

Deno.test("componentKey does not tell components apart by case", () => {
  assertEquals(componentKey("Web"), componentKey("wEB"));
});
