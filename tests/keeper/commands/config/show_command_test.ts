import { assert, assertEquals } from "../../../support/assert.ts";
import { configSite } from "./config_site.ts";

Deno.test("show writes what each component is to hold, and where that is written", async () => {
  await using site = await configSite();
  const { code, stdout, stderr } = await site.run("show", "demo", "--loadout", "SITE/loadout.yaml");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n"), [
    "demo (SITE/loadout.yaml:3:3)",
    "  vault               SITE/demo",
    "  agents              node:9000",
    '  hook reload         run ["nginx","-s","reload"], at most 30 s',
    "",
    "component web",
    "  TARGET            SOURCE   STRATEGY  MODE  OWNER  HOOK    ALSO                              FROM",
    "  motd              motd     STRICT    -     -      -       -                                 SITE/loadout.yaml:7:33",
    "  /etc/tls/key.pem  key.pem  STRICT    0640  5:-    reload  lease 3600 s, read by db and web  SITE/loadout.yaml:11:13",
    "",
    "component db",
    "  TARGET  SOURCE  STRATEGY  FROM",
    "  motd    motd    STRICT    SITE/loadout.yaml:7:33",
    "",
    "every other agent",
    "  TARGET  SOURCE  STRATEGY  FROM",
    "  motd    motd    STRICT    SITE/loadout.yaml:7:33",
    "",
  ]);
});

Deno.test("show writes all apps, or one component, of the loadout that is remembered", async () => {
  await using site = await configSite();
  await site.run("load", "SITE/loadout.yaml");
  const { stdout } = await site.run("show");
  assertEquals(stdout.match(/^\w+ \(/gm), ["demo (", "other ("]);
  assert(stdout.includes("every other agent\n  nothing\n"));
  const { stdout: one } = await site.run("show", "DEMO/Db");
  assertEquals(one.match(/^component .*|^every .*/gm), ["component db"]);
});

Deno.test("show writes a line of JSON for each entry of each component", async () => {
  await using site = await configSite();
  const args = ["--json", "--loadout", "SITE/loadout.yaml"];
  const { stdout } = await site.run("show", "demo", ...args);
  const entries = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(entries.map(({ component, target }) => [component, target]), [
    ["web", "motd"],
    ["web", "/etc/tls/key.pem"],
    ["db", "motd"],
    [null, "motd"],
  ]);
  assertEquals(entries[1], {
    app: "demo",
    component: "web",
    target: "/etc/tls/key.pem",
    source: "key.pem",
    certificate: null,
    part: null,
    strategy: "STRICT",
    mode: "0640",
    folderMode: null,
    uid: 5,
    gid: null,
    requires: null,
    hook: "reload",
    together: false,
    leaseS: 3600,
    readers: ["db", "web"],
    inPlace: false,
    symlinks: "refuse",
    compress: false,
    origin: "SITE/loadout.yaml:11:13",
  });
});

Deno.test("show says what a certificate is for, and where its files go", async () => {
  await using site = await configSite();
  await site.write(
    "certified.yaml",
    `version: 1
apps:
  demo:
    agents: [node:9000]
    certificates:
      web: { names: [web.example.org, 10.0.0.7], usage: [server], key: P-384, lifetime: 7d }
      own:
    groups:
      all:
        state_directives:
          - { certificate: web, target: /etc/tls/ }
          - { certificate: own, part: key, target: client.key }
`,
  );
  const args = ["--loadout", "SITE/certified.yaml"];
  const { stdout } = await site.run("show", "demo", ...args);
  assertEquals(stdout.split("\n").slice(3), [
    "  certificate web     web.example.org, 10.0.0.7; server, P-384, 604800 s",
    "  certificate own     the names of the container; server and client, P-256, 2592000 s",
    "",
    "every agent",
    "  TARGET      SOURCE                  STRATEGY  FROM",
    "  /etc/tls    certificate web         STRICT    SITE/certified.yaml:11:13",
    "  client.key  key of certificate own  STRICT    SITE/certified.yaml:12:13",
    "",
  ]);
  const json = await site.run("show", "demo", "--json", ...args);
  const entries = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(entries.map(({ source, certificate, part }) => [source, certificate, part]), [
    [null, "web", null],
    [null, "own", "key"],
  ]);
  const list = await site.run("check", "SITE/certified.yaml", "--json");
  assertEquals(JSON.parse(list.stdout).certificates, ["web", "own"]);
});

Deno.test("show exits with 2 where it knows no such app, component or loadout", async () => {
  await using site = await configSite();
  const loadout = ["--loadout", "SITE/loadout.yaml"];
  const hintOf = async (...args: readonly string[]) => {
    const { code, stderr } = await site.run("show", ...args);
    assertEquals(code, 2);
    return /hint: (.*)/.exec(stderr)?.[1];
  };
  assertEquals(await hintOf("dmeo", ...loadout), "Did you mean demo?");
  assertEquals(await hintOf("demo/wbe", ...loadout), "Did you mean web?");
  assert((await hintOf("nothing", ...loadout))?.startsWith("Its apps are: demo, other."));
  assert((await hintOf("demo/cache", ...loadout))?.startsWith("It names: web, db."));
  assert((await hintOf("demo/", ...loadout))?.startsWith("Write APP or APP/COMPONENT"));
  assert((await hintOf("demo/web/x", ...loadout))?.startsWith("Write APP or APP/COMPONENT"));
  assert((await hintOf("demo"))?.startsWith("Name one with --loadout"));
});
