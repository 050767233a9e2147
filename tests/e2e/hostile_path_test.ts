/**
 * Paths that lead where nobody may write or read: declared by a hostile keeper to the real agent, and
 * asked for by hostile agents of the real keeper.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { findPathFault } from "../../protocol/mod.ts";
import { deliver } from "../interop/second_implementation/keeper.ts";
import type { Fields } from "../interop/second_implementation/json.ts";
import type { VaultFile } from "../interop/second_implementation/manifest.ts";
import type { Session } from "../interop/second_implementation/session.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { dialAsKeeper, listenAsAgent } from "../support/second_ends.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";
import vectors from "../vectors/hostile_paths.json" with { type: "json" };

const POISON: VaultFile = {
  contents: Buffer.from("poison"),
  mode: 0o777,
  strategy: "STRICT",
};

/** Fills in the folders of a machine. */
function hostilePaths(site: Site, root: string): { path: string; code: string }[] {
  const places: Readonly<Record<string, string>> = {
    $ROOT: root,
    $STATE: site.path("agent/state"),
    $OUTSIDE: site.path("outside"),
    $ALLOWED: site.path("allowed"),
    $LONG_SEGMENT: "x".repeat(256),
    $LONG_PATH: "deep/".repeat(205) + "file",
  };
  return vectors.paths.map(({ path, code }) => ({
    path: path.replaceAll(/\$[A-Z_]+/g, (name) => places[name] ?? name),
    code,
  }));
}

/** Lays out what the vectors speak of. */
async function layOut(site: Site, root: string): Promise<void> {
  const folders = [`${root}/real`, site.path("outside"), site.path("allowed")];
  for (const folder of folders) await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${root}/real/file`, "untouched");
  await Deno.writeTextFile(site.path("outside/sentinel"), "untouched");
  const links: readonly (readonly [string, string])[] = [
    [site.path("outside"), `${root}/link`],
    [site.path("outside/sentinel"), `${root}/link_file`],
    ["loop", `${root}/loop`],
    [site.path("outside/new"), `${root}/dangling`],
    ["..", `${root}/up`],
    [".", `${root}/self`],
    [site.path("outside"), `${root}/real/link`],
    [site.path("agent/state"), `${root}/real/state`],
    [site.path("outside"), site.path("allowed/link")],
  ];
  for (const [target, link] of links) await Deno.symlink(target, link);
  const { code } = await new Deno.Command("mkfifo", { args: [`${root}/fifo`] }).output();
  assertEquals(code, 0);
}

/** Everything below the site but what the agent may write: its manifest. */
async function world(site: Site): Promise<Record<string, string>> {
  const tree = await readTree(site.folder);
  const { "agent/state/manifest": _, ...rest } = tree;
  return rest;
}

/** Sorts paths into manifests that are well formed: no file is the folder of another. */
function batches(paths: readonly string[]): string[][] {
  const manifests: string[][] = [];
  for (const path of new Set(paths)) {
    const fits = manifests.find((others) =>
      others.every((other) => !other.startsWith(`${path}/`) && !path.startsWith(`${other}/`))
    );
    if (fits === undefined) manifests.push([path]);
    else fits.push(path);
  }
  return manifests;
}

/** Delivers poison to paths, and a good file beside it; returns the code of each path. */
async function poison(agent: RunningAgent, paths: readonly string[]): Promise<string[]> {
  const files = new Map(paths.map((path) => [path, POISON]));
  using keeper = await dialAsKeeper(agent);
  const { results } = await deliver(keeper.session, { files });
  return results.map(({ Path, Outcome, Code }) => `${Path}: ${Outcome} ${Code}`).sort();
}

Deno.test("agent: writes to none of the hostile paths of a keeper, and touches nothing there", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using site = await Site.open({ good: "1" });
  const allow = ["--allow-absolute", site.path("allowed")];
  await Deno.mkdir(site.path("agent/files"), { recursive: true });
  await layOut(site, site.path("agent/files"));
  const agent = await site.startAgent({ args: allow });
  const before = await world(site);
  const paths = hostilePaths(site, agent.files);
  assert(paths.length >= 60, `${paths.length} paths`);

  // What the text alone forbids makes the whole manifest malformed.
  const malformed = paths.filter(({ path }) => findPathFault(path) !== null);
  for (const { path } of malformed) {
    using keeper = await dialAsKeeper(agent);
    const failure = await deliver(keeper.session, { files: new Map([[path, POISON]]) })
      .then(() => "taken", (error) => error.code);
    assertEquals(failure, "manifest-malformed", JSON.stringify(path));
  }
  // What the disk forbids is the fault of that file alone.
  const wellFormed = paths.filter(({ path }) => findPathFault(path) === null);
  const codeOf = new Map(wellFormed.map(({ path, code }) => [path, code]));
  for (const batch of batches([...codeOf.keys()])) {
    const expected = batch.map((path) => `${path}: failed ${codeOf.get(path)}`).sort();
    assertEquals(await poison(agent, batch), expected);
  }
  assert(malformed.length > 20 && wellFormed.length > 20);
  assertEquals(await world(site), before);

  const run = await site.deliver({ agents: [agent.address] });
  assertEquals(run.code, 0);
});

/** Asks for one path and returns what came back, to the end of the session. */
async function ask(session: Session, path: string): Promise<Fields[]> {
  const heard: Fields[] = [];
  try {
    const manifest = await session.message("MANIFEST");
    await session.send({ State: "MANIFEST-REPLY", Id: manifest.Id, Held: false });
    await session.stream(await session.message("MANIFEST-DATA"));
    await session.send({ State: "REQUEST", Id: 1, File: path, Digest: null });
    const answer = await session.message();
    heard.push(answer);
    if (answer.Stream !== undefined) heard.push({ contents: `${await session.stream(answer)}` });
    await session.close();
  } catch (error) {
    heard.push({ State: "FAILED", Code: (error as { code?: string }).code });
  }
  return heard;
}

Deno.test("keeper: reads none of the hostile paths that agents ask for", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using site = await Site.open({ good: "1", secret: "of another app" });
  await layOut(site, site.path("vault"));
  const paths = [
    "secret",
    "real/file",
    ...hostilePaths(site, site.path("vault")).map((p) => p.path),
  ];
  const answers = new Map<string, Fields[]>();
  const agents = paths.map((path) =>
    listenAsAgent(async (session) => {
      answers.set(path, await ask(session, path));
    })
  );
  const honest = await site.startAgent({ args: ["--files", "secret,real/file"] });
  const addresses = [...agents, honest].map(({ address }) => address);
  const run = await site.deliver({ agents: addresses, managed: ["good"] });
  await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()));
  assertEquals([run.code, run.agents.size], [1, addresses.length]);
  for (const path of paths) {
    const heard = answers.get(path) ?? [];
    // Either the words "not yours", or the end, because that is no path at all.
    const isRefused = heard.length === 1 &&
      (heard[0]?.Status === "Denied" || heard[0]?.State === "FAILED");
    assert(isRefused, `${JSON.stringify(path)}: ${JSON.stringify(heard)}`);
  }
  assert([...answers.values()].filter(([first]) => first?.Status === "Denied").length > 20);
  assertEquals(Object.keys(await readTree(honest.files)), ["good"]);
});
