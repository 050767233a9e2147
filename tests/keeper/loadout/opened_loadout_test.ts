import { findApp, openLoadout } from "../../../keeper/loadout/opened_loadout.ts";
import { ConfigErrors } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const BODY = "groups: { all: { state_directives: [{ source: motd }] } }";
const OWN = `version: 1\n${BODY}\n`;
const many = (...apps: readonly string[]) =>
  `version: 1\napps:\n${apps.map((app) => `  ${app}: { ${BODY} }\n`).join("")}`;

Deno.test("openLoadout finds the folder of each app's sources", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/loadout.yaml`;
  await Deno.writeTextFile(path, many("a", "b").replace("b: {", "b: { vault: ../x,"));
  const { loadout } = await openLoadout(path);
  assertEquals([loadout.path, loadout.files], [path, [path]]);
  assertEquals(loadout.apps.map(({ app, vaultFolder }) => [app, vaultFolder]), [
    ["a", `${folder.path}/a`],
    ["b", `${folder.path.slice(0, folder.path.lastIndexOf("/"))}/x`],
  ]);
  assertEquals(findApp(loadout, "B")?.app, "b");
  assertEquals(findApp(loadout, "c"), undefined);
});

Deno.test("openLoadout reads a folder with a folder for each app", async () => {
  await using folder = await temporaryFolder();
  for (const app of ["a", "b"]) {
    await Deno.mkdir(`${folder.path}/${app}`);
    await Deno.writeTextFile(`${folder.path}/${app}/fluxvault.yaml`, OWN);
  }
  const { loadout } = await openLoadout(folder.path);
  assertEquals(loadout.apps.map(({ app, vaultFolder }) => [app, vaultFolder]), [
    ["a", `${folder.path}/a`],
    ["b", `${folder.path}/b`],
  ]);
  assertEquals(
    loadout.apps[0]?.declarationsOf(null)[0]?.origin,
    `${folder.path}/a/fluxvault.yaml:2:37`,
  );
});

Deno.test("openLoadout tells of the mistakes in all files at once, unreadable ones included", async () => {
  await using folder = await temporaryFolder();
  const texts = { a: "version: 2\n", A: OWN, "my_app": OWN, c: "\0", d: OWN };
  for (const [app, text] of Object.entries(texts)) {
    await Deno.mkdir(`${folder.path}/${app}`);
    await Deno.writeTextFile(`${folder.path}/${app}/fluxvault.yaml`, text);
  }
  await Deno.writeFile(`${folder.path}/c/fluxvault.yaml`, new Uint8Array([0xff]));
  const { errors } = await assertRejects(() => openLoadout(folder.path), ConfigErrors);
  const at = errors.map(({ source }) => source?.slice(folder.path.length + 1));
  assertEquals(at, [
    ...["a/fluxvault.yaml:1:1", "a/fluxvault.yaml:1:10", "a/fluxvault.yaml:1:1"],
    ...["c/fluxvault.yaml", "my_app/fluxvault.yaml:1:1"],
  ]);
});

Deno.test({
  name: "openLoadout warns where others can change what is given to whom",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/loadout.yaml`;
    await Deno.writeTextFile(path, many("a"));
    await Deno.chmod(path, 0o644);
    assertEquals((await openLoadout(path)).loadout.warnings, []);
    await Deno.chmod(path, 0o664);
    const { loadout: { warnings } } = await openLoadout(path);
    assertEquals(warnings.map(({ place }) => place), [path]);
  },
});

Deno.test("reload returns the same object until something else is written", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/loadout.yaml`;
  await Deno.writeTextFile(path, many("a"));
  const opened = await openLoadout(path);
  const first = opened.loadout;
  assertEquals(await opened.reload(), { loadout: first, problem: null });
  assert((await opened.reload()).loadout === first);
  await Deno.writeTextFile(path, many("a"));
  assert((await opened.reload()).loadout === first);
  await Deno.writeTextFile(path, many("a", "b"));
  const { loadout, problem } = await opened.reload();
  assertEquals([loadout.apps.length, problem], [2, null]);
  assert(opened.loadout === loadout && (await opened.reload()).loadout === loadout);
});

Deno.test("reload keeps the old loadout in force while the new one is bad, with one problem", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/loadout.yaml`;
  await Deno.writeTextFile(path, many("a"));
  const opened = await openLoadout(path);
  const first = opened.loadout;
  await Deno.writeTextFile(path, "version: 1\napps:\n  a: { port: 0 }\n");
  const bad = await opened.reload();
  assert(bad.loadout === first && bad.problem !== null);
  assertEquals(bad.problem.errors.length, 2);
  assert((await opened.reload()).problem === bad.problem);
  await Deno.writeTextFile(path, "version: [");
  const worse = await opened.reload();
  assert(worse.loadout === first && worse.problem !== bad.problem);
  await Deno.writeTextFile(path, many("a"));
  const mended = await opened.reload();
  assert(mended.loadout === first && mended.problem === null);
});

Deno.test("reload keeps the old loadout in force while the file is gone", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/loadout.yaml`;
  await Deno.writeTextFile(path, many("a"));
  const opened = await openLoadout(path);
  const first = opened.loadout;
  await Deno.remove(path);
  const gone = await opened.reload();
  assert(gone.loadout === first && gone.problem !== null);
  assert((await opened.reload()).problem === gone.problem);
  await Deno.writeTextFile(path, many("a"));
  assertEquals(await opened.reload(), { loadout: first, problem: null });
});

Deno.test("reload notices folders of apps that come and go", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/a`);
  await Deno.writeTextFile(`${folder.path}/a/fluxvault.yaml`, OWN);
  const opened = await openLoadout(folder.path);
  await Deno.mkdir(`${folder.path}/b`);
  assert((await opened.reload()).loadout === opened.loadout);
  await Deno.writeTextFile(`${folder.path}/b/fluxvault.yaml`, OWN);
  assertEquals((await opened.reload()).loadout.apps.map(({ app }) => app), ["a", "b"]);
  await Deno.remove(`${folder.path}/a`, { recursive: true });
  assertEquals((await opened.reload()).loadout.apps.map(({ app }) => app), ["b"]);
});
