import { assert, assertEquals } from "../../../support/assert.ts";
import { ListeningAgent, LoadoutPlace } from "../../../support/loadout_place.ts";

/** Writes an app of a loadout, with what all its agents are given. */
function app(
  name: string,
  agents: readonly (string | ListeningAgent)[],
  ...directives: readonly string[]
): string {
  const addresses = agents.map((agent) => typeof agent === "string" ? agent : agent.address);
  return `  ${name}:
    agents: ${JSON.stringify(addresses)}
    first_use_limit: 2
    groups:
      all:
        state_directives:
${directives.map((directive) => `          - { ${directive} }\n`).join("")}`;
}

function loadout(...apps: readonly string[]): string {
  return `version: 1\napps:\n${apps.join("")}`;
}

const NOBODY = "127.0.0.1:1";

Deno.test("LoadoutRun.once serves each app from its own vault, with its own agents and settings", async () => {
  await using shop = await ListeningAgent.open({ app: "shop" });
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await LoadoutPlace.make({ "shop/motd": "shop", "blog/motd": "blog" });
  const text = loadout(
    app("shop", [shop], "source: motd, target: etc/"),
    app("blog", [blog], "source: motd"),
  );
  await place.write({ "all.yaml": text });
  const { code, lines } = await place.once(["--loadout", place.path("all.yaml")]);
  assertEquals(code, 0);
  assertEquals([shop.read("etc/motd"), blog.read("motd")], ["shop", "blog"]);
  const told = lines.map(({ type, app, wanted }) => [type, app, wanted]).sort();
  assertEquals(told, [
    ["agent", "blog", true],
    ["agent", "shop", true],
    ["pass", "blog", true],
    ["pass", "shop", true],
  ]);
  const [audit] = [await Deno.readTextFile(place.path("state/audit.jsonl"))];
  for (const name of ["shop", "blog"]) {
    assert(audit.includes(`"event":"start","app":"${name}"`), audit);
  }
});

Deno.test("LoadoutRun.once gives each component what is declared for it", async () => {
  await using web = await ListeningAgent.open({ app: "shop", component: "Web" });
  await using other = await ListeningAgent.open({ app: "shop", component: "cron" });
  await using place = await LoadoutPlace.make({ "shop/motd": "1", "shop/key": "2" });
  const agents = app("shop", [web, other], "source: motd");
  const component = "    components: { web: { state_directives: [{ source: key }] } }\n";
  await place.write({ "all.yaml": loadout(agents + component) });
  const { code } = await place.once(["--loadout", place.path("all.yaml")]);
  assertEquals(code, 0);
  const held = [web, other].map(({ agent }) => agent.store.paths().sort());
  assertEquals(held, [["key", "motd"], ["motd"]]);
});

Deno.test("LoadoutRun.once serves the others where one app cannot be, and exits as after a mistake", async () => {
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await LoadoutPlace.make({ "blog/motd": "blog" });
  const apps = [app("shop", [NOBODY], "source: motd"), app("blog", [blog], "source: motd")];
  await place.write({ "all.yaml": loadout(...apps) });
  const { code, lines } = await place.once(["--loadout", place.path("all.yaml")]);
  assertEquals([code, blog.read("motd")], [2, "blog"]);
  const broken = lines.find(({ app }) => app === "shop");
  assertEquals([broken?.type, broken?.wanted], ["pass", false]);
  assert(/its vault names no folder that can be read/.test(JSON.stringify(broken?.problems)));
});

Deno.test("LoadoutRun.once serves only the app that is named, however it is written", async () => {
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await LoadoutPlace.make({ "blog/motd": "blog" });
  const apps = [app("shop", [NOBODY], "source: motd"), app("blog", [blog], "source: motd")];
  await place.write({ "all.yaml": loadout(...apps) });
  const { code, lines } = await place.once([
    ...["--loadout", place.path("all.yaml"), "--app-name", "Blog"],
  ]);
  assertEquals([code, lines.map(({ app }) => app)], [0, ["blog", "blog"]]);
});

Deno.test("LoadoutRun.forever brings what the loadout declares anew, and what changes in the vault", async () => {
  await using shop = await ListeningAgent.open({ app: "shop" });
  await using place = await LoadoutPlace.make({ "shop/motd": "1", "shop/key": "2" });
  const path = place.path("all.yaml");
  await place.write({ "all.yaml": loadout(app("shop", [shop], "source: motd")) });
  const running = await place.start(["--loadout", path]);
  await shop.until(() => shop.read("motd") === "1");
  await place.write({
    "all.yaml": loadout(app("shop", [shop], "source: motd", "source: key, target: k/")),
  });
  await shop.until(() => shop.read("k/key") === "2");
  await place.write({ "shop/motd": "3" });
  await shop.until(() => shop.read("motd") === "3");
  // The keeper is the same one all the time: nobody had to be told of its start again.
  const starts = running.context.logger.messages("info").filter((message) =>
    /serves its fleet/.test(message)
  );
  assertEquals(starts.length, 1);
  await running.stop(shop);
});

Deno.test("LoadoutRun.forever starts and ends apps as the loadout names them, and serves one anew whose settings change", async () => {
  await using shop = await ListeningAgent.open({ app: "shop" });
  await using moved = await ListeningAgent.open({ app: "shop" });
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await LoadoutPlace.make({ "shop/motd": "shop", "blog/motd": "blog" });
  const write = (...apps: readonly string[]) => place.write({ "all.yaml": loadout(...apps) });
  await write(app("shop", [shop], "source: motd"));
  const running = await place.start(["--loadout", place.path("all.yaml")]);
  await shop.until(() => shop.read("motd") === "shop");
  await write(app("shop", [shop], "source: motd"), app("blog", [blog], "source: motd"));
  await blog.until(() => blog.read("motd") === "blog");
  await write(app("shop", [moved], "source: motd"), app("blog", [blog], "source: motd"));
  await moved.until(() => moved.read("motd") === "shop");
  await write(app("shop", [moved], "source: motd"));
  await running.logged(/An app is served no more.*"app":"blog"/);
  const contacts = blog.agent.contacts;
  await place.write({ "blog/motd": "changed", "shop/motd": "new" });
  await moved.until(() => moved.read("motd") === "new");
  assertEquals([blog.agent.contacts, blog.read("motd"), shop.read("motd")], [
    contacts,
    "blog",
    "shop",
  ]);
  await running.stop(shop, moved, blog);
});

Deno.test("LoadoutRun.forever keeps the last good loadout while what is there cannot be used, and says so", async () => {
  await using shop = await ListeningAgent.open({ app: "shop" });
  await using place = await LoadoutPlace.make({ "shop/motd": "1" });
  const good = loadout(app("shop", [shop], "source: motd"));
  await place.write({ "all.yaml": good });
  const running = await place.start(["--loadout", place.path("all.yaml")]);
  await shop.until(() => shop.read("motd") === "1");
  await place.write({ "all.yaml": good.replace("source: motd", "source: ../motd, targte: x") });
  await running.logged(/last good one stays in force.*all\.yaml:9/);
  await place.write({ "shop/motd": "2" });
  await shop.until(() => shop.read("motd") === "2");
  const errors = running.context.logger.messages("error").length;
  assert(errors >= 2, "each mistake is told, once");
  await place.write({ "all.yaml": good });
  await running.logged(/The loadout can be used again/);
  assertEquals(running.context.logger.messages("error").length, errors);
  await running.stop(shop);
});

Deno.test("LoadoutRun.forever serves the others while one app cannot be", async () => {
  await using blog = await ListeningAgent.open({ app: "blog" });
  await using place = await LoadoutPlace.make({ "blog/motd": "blog" });
  const apps = [app("shop", [NOBODY], "source: motd"), app("blog", [blog], "source: motd")];
  await place.write({ "all.yaml": loadout(...apps) });
  const running = await place.start(["--loadout", place.path("all.yaml")]);
  await running.logged(/An app cannot be served.*"app":"shop".*its vault names no folder/);
  await blog.until(() => blog.read("motd") === "blog");
  await place.write({ "blog/motd": "2" });
  await blog.until(() => blog.read("motd") === "2");
  await running.stop(blog);
});
