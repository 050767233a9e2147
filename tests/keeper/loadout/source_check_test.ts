import { parseLoadout } from "../../../keeper/loadout/loadout_text.ts";
import { checkSources, type SourceCheck } from "../../../keeper/loadout/source_check.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

/** Checks the state directives of every agent against a vault with a file, a folder and a link. */
async function check(directives: readonly string[]): Promise<SourceCheck> {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/tls`);
  await Deno.writeTextFile(`${folder.path}/tls/key.pem`, "k");
  await Deno.writeTextFile(`${folder.path}/motd`, "m");
  await Deno.symlink("tls", `${folder.path}/link`);
  const text = "version: 1\napps:\n  demo:\n    groups:\n      all:\n        state_directives:\n" +
    directives.map((directive) => `          - ${directive}\n`).join("");
  const { apps: [app] } = parseLoadout(text, {
    file: "f",
    app: null,
    resolveVault: () => folder.path,
  });
  assert(app !== undefined);
  const { problems, warnings } = await checkSources(app);
  const clean = (list: SourceCheck["problems"]) => {
    return list.map((one) => ({ ...one, problem: one.problem.replaceAll(folder.path, "VAULT") }));
  };
  return { problems: clean(problems), warnings: clean(warnings) };
}

function lines(list: SourceCheck["problems"]): string[] {
  return list.map(({ place, problem }) => `${place} ${problem}`);
}

Deno.test("checkSources says nothing of what is there", async () => {
  const directives = ["source: motd", "source: tls/key.pem", "{ source: tls, target: x }"];
  assertEquals(await check(directives), { problems: [], warnings: [] });
  assertEquals(await check(["{ source: link/key.pem, symlinks: copy }"]), {
    problems: [],
    warnings: [],
  });
});

Deno.test("checkSources warns of what cannot be delivered now", async () => {
  const { problems, warnings } = await check([
    "source: gone",
    "source: motd/x",
    "source: link",
    "source: link/key.pem",
    "{ source: motd, target: m, together: true }",
    "{ source: tls, in_place: true }",
  ]);
  assertEquals(problems, []);
  assertEquals(lines(warnings), [
    'f:7:13 there is no "gone" in the vault folder "VAULT"',
    'f:8:13 there is no "motd/x" in the vault folder "VAULT"',
    'f:9:13 "link" is a symbolic link, or behind one, and is refused',
    'f:10:13 "link/key.pem" is a symbolic link, or behind one, and is refused',
    'f:11:13 "motd" is a file, and together is for folders',
    'f:12:13 "tls" is a folder, and in_place is for one file',
  ]);
});

Deno.test("checkSources finds a target inside of a file", async () => {
  const { problems } = await check([
    "{ source: motd, target: etc/conf }",
    "{ source: tls, target: etc/conf/tls }",
    "{ source: tls, target: srv }",
    "{ source: motd, target: srv/motd }",
  ]);
  assertEquals(lines(problems), [
    'f:8:13 the target "etc/conf/tls" needs a folder where "etc/conf", declared at f:7:13, is a file',
  ]);
});

Deno.test("checkSources warns once where the vault folder itself is missing", async () => {
  const { apps: [app] } = parseLoadout(
    "version: 1\napps: { demo: { groups: { all: { state_directives: [{ source: a }] } } } }",
    { file: "f", app: null, resolveVault: () => "/nowhere/vault" },
  );
  assert(app !== undefined);
  const { warnings } = await checkSources(app);
  assertEquals(lines(warnings), [
    'f:2:9 the vault folder of demo is no folder that can be read: "/nowhere/vault"',
  ]);
});

Deno.test("checkSources looks for no certificate in the vault", async () => {
  await using folder = await temporaryFolder();
  const { apps: [app] } = parseLoadout(
    "version: 1\napps:\n  demo:\n    certificates: { web: }\n" +
      "    groups: { all: { state_directives: [{ certificate: web }] } }\n",
    { file: "f", app: null, resolveVault: () => folder.path },
  );
  assert(app !== undefined);
  assertEquals(await checkSources(app), { problems: [], warnings: [] });
});
