/**
 * Whatever a request names, the file server of the real agent program serves what the manifest names and
 * nothing else: no other file of the working folder, and none outside.
 *
 * @module
 */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { getRaw, type RawReply } from "../support/http_peer.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { deliverWhole } from "../support/whole_delivery.ts";
import vectors from "../vectors/hostile_paths.json" with { type: "json" };

const SERVED = ["--fileserver", "--fileserver-address", "127.0.0.1", "--fileserver-port", "0"];
/** Stands in every file that is not served. */
const CANARY = "canary-of-what-is-not-served";
const VAULT = { "db.password": "one", "tree/key.pem": "two", "odd/%2e%2e": "three" };

/** Starts an agent that serves, with files all around that nobody may get. */
async function startServing(
  site: Site,
): Promise<{ readonly agent: RunningAgent; readonly port: number }> {
  const agent = await site.startAgent({ args: SERVED });
  const { port } = await agent.program.waitForJson(({ event }) => event === "file-server");
  await deliverWhole(site, agent);
  const { files, state } = agent;
  const places = [`${files}/own`, `${files}/.fluxvault-stage-1`, `${files}/tree/.fluxvault-x`];
  for (const place of [...places, `${files}/../outside`, `${state}/secret`, `${files}/db`]) {
    await Deno.writeTextFile(place, CANARY);
  }
  await Deno.mkdir(`${files}/folder`);
  await Deno.writeTextFile(`${files}/folder/a`, CANARY);
  await Deno.symlink(state, `${files}/link`);
  await Deno.symlink(`${state}/secret`, `${files}/to-secret`);
  return { agent, port };
}

function assertNothing({ status, body }: RawReply, target: string): void {
  assert([400, 404, 431].includes(status), `${target}: ${status} ${body}`);
  assert(!body.includes(CANARY), target);
}

/** Writes a path in all the ways in which somebody may try to get it past a check. */
function disguises(path: string): string[] {
  const bytes = [...encodeUtf8(path)].map((byte) => byte.toString(16).padStart(2, "0"));
  const all = bytes.map((byte) => `%${byte}`).join("");
  const encoded = encodeURI(path.toWellFormed());
  return [
    ...[encoded, all, all.toUpperCase(), all.replaceAll("%", "%25")],
    ...[
      all.replaceAll("%", "%2525"),
      encoded.replaceAll("/", "%2f"),
      encoded.replaceAll("/", "\\"),
    ],
    ...[encoded.replaceAll("/", "%5C"), encoded.replaceAll(".", "%2E"), `${encoded}?a=b`],
  ];
}

/** What leads out, or to a file beside those that are served, if anything of it is taken at its word. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  "dots": ["../outside", "../state/secret", "tree/../own", "./own", "tree/../../outside", ".."],
  "encoded dots": [
    ...["%2e%2e/outside", "%2E%2E/outside", ".%2e/outside", "%2e./outside", "..%2foutside"],
    ...["%2e%2e%2foutside", "tree%2f%2e%2e%2fown", "%2e/own", "tree/%2e%2e/%2e%2e/outside"],
  ],
  "dots that are encoded twice": [
    ...["%252e%252e/outside", "%252e%252e%252foutside", "..%252foutside", "%25252e%25252e/outside"],
    ...["odd/%2e%2e", "odd/%2e%2e/%2e%2e/outside"],
  ],
  "backslashes": [
    ...["..\\outside", "..%5coutside", "..%5Coutside", "%2e%2e%5coutside", "tree\\..\\own"],
    ...["..%255coutside", "\\\\outside", "%5c%5coutside", "C:\\outside", "own%5c"],
  ],
  "NUL and other controls": [
    ...[
      "own%00",
      "own%00.txt",
      "db.password%00",
      "%00own",
      "db.password%0a",
      "db.password%0d%0aX:1",
    ],
    ...["own%7f", "own%09", "own%c2%85", "own%e2%80%a8", "db.password%20", "%20db.password"],
  ],
  "absolute paths": [
    ...["/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "%2f%2fetc/passwd", "file:///etc/passwd"],
    ...["/own", "/db.password", "~/own", "%7e/own"],
  ],
  "UTF-8 that is too long, or none": [
    ...["%c0%ae%c0%ae/outside", "%c0%ae%c0%ae%c0%afoutside", "..%c0%afoutside", "..%c1%9coutside"],
    ...["%e0%80%ae%e0%80%ae/outside", "%f0%80%80%ae%f0%80%80%ae/outside", "..%e0%80%afoutside"],
    ...["%f8%80%80%80%ae/outside", "%c0%80own", "%ff", "%80", "%ed%a0%80", "%u002e%u002e/outside"],
    ...["%ef%bc%8e%ef%bc%8e/outside", "..%ef%bc%8foutside", "%e2%80%a5/outside"],
  ],
  "symbolic links": ["link", "link/secret", "to-secret", "link/../own", "link/identity.json"],
  "names of the agent's own": [
    ...[".fluxvault-stage-1", "%2efluxvault-stage-1", "tree/.fluxvault-x", "tree/%2Efluxvault-x"],
    ...[".FLUXVAULT-stage-1", ".fluxvault-stage-1/../own"],
  ],
  "queries, fragments and parameters": [
    ...["own?", "own?db.password", "?db.password", "?file=db.password", "own#db.password", "#own"],
    ...["db.password#", "db.password#/../own", "own%3fdb.password", "db.password%3f", "own%23"],
    ...["..;/outside", "db.password;a=b", "..;a=b/outside", "db.password%3b"],
  ],
  "half of an encoding": ["%", "%2", "%zz", "own%", "%2e%2", "%%32%65%%32%65/outside", "%2%65/own"],
  "slashes": ["db.password/", "tree//key.pem", "tree/", "/", "//", "own/", "tree/key.pem/.", "./"],
  "names that are alike": ["DB.PASSWORD", "db.password.", "db", "db.passwor", "db.password::$DATA"],
};

/** Targets that are not those of files at all. */
const TARGETS = [
  ...[
    "/../files/own",
    "/%66iles/db.password",
    "//files/db.password",
    "/files../outside",
    "/filesx",
  ],
  ...[
    "/./files/db.password",
    "/x/../files/db.password",
    "/files%2fdb.password",
    "/FILES/db.password",
  ],
  ...["files/db.password", "http://files", "http://files/../outside", "http://files/files/../own"],
  ...["https://files/files/db.password", "file:///etc/passwd", "*", "/", "files:80"],
  ...["http://files/files/%2e%2e/outside", "http:///files/db.password", "/outside", "/etc/passwd"],
];

for (const [kind, paths] of Object.entries(WAYS)) {
  Deno.test(`agent: is led to no file that is not served by ${kind}`, async () => {
    await using site = await Site.open(VAULT);
    const { port } = await startServing(site);
    for (const path of paths) {
      for (const base of ["/files/", "http://files/files/"]) {
        const reply = await getRaw(port, `${base}${path}`);
        // The list is no file, and what it says is for whoever may ask.
        if (reply.status === 200 && reply.body.startsWith('{"files":[')) {
          assertEquals(/^\?/.test(path), true, path);
          continue;
        }
        assertNothing(reply, `${base}${path}`);
      }
    }
  });
}

Deno.test("agent: serves nothing but what the manifest names, whatever the target says", async () => {
  await using site = await Site.open(VAULT);
  const { agent, port } = await startServing(site);
  const paths = vectors.paths.flatMap(({ path }) => disguises(path));
  let refused = 0;
  for (const target of [...TARGETS, ...paths.map((path) => `/files/${path}`)]) {
    if (["/files/", "/files/?a=b"].includes(target)) continue;
    assertNothing(await getRaw(port, target), target);
    refused++;
  }
  assert(refused > 300, `${refused}`);
  const served: Readonly<Record<string, string>> = {
    "/files/db.password": "one",
    "http://other/files/db.password": "one",
    "/files/%64b.password": "one",
    "/files/db.password?../../own": "one",
    "/files/tree%2fkey.pem": "two",
    "/files/odd/%252e%252e": "three",
  };
  for (const [target, body] of Object.entries(served)) {
    assertEquals((await getRaw(port, target)).body, body, target);
  }
  assertEquals((await agent.program.stop("SIGTERM")).code, 0);
});

Deno.test("agent: serves nothing through a link that somebody put in the place of a file or folder", async () => {
  await using site = await Site.open(VAULT);
  const { agent, port } = await startServing(site);
  const { files, state } = agent;
  const outside = `${files}/../outside-tree`;
  await Deno.mkdir(outside);
  // The same contents at the end of the link: it is the way that is refused.
  for (const name of ["key.pem", "db.password"]) {
    await Deno.writeTextFile(`${outside}/${name}`, name === "key.pem" ? "two" : "one");
  }
  await Deno.rename(`${files}/tree`, `${files}/tree-before`);
  await Deno.symlink(outside, `${files}/tree`);
  for (const target of [`${outside}/db.password`, `${state}/secret`, "own", "/dev/zero"]) {
    await Deno.remove(`${files}/db.password`);
    await Deno.symlink(target, `${files}/db.password`);
    const reply = await getRaw(port, "/files/db.password");
    assertEquals([reply.status, reply.body.includes(CANARY)], [503, false], target);
  }
  assertEquals((await getRaw(port, "/files/tree/key.pem")).status, 503);
});
