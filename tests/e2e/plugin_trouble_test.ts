/**
 * Plugins of agents that do what they should not, by the real programs: the agent goes on, and says so.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { PluginSite } from "../support/plugin_site.ts";
import type { RunningAgent } from "../support/site.ts";

/** How the plugins of an agent are: by name the state and the last end. */
async function healthOf(place: PluginSite, agent: RunningAgent): Promise<Record<string, string>> {
  const listed = await place.list(agent);
  return Object.fromEntries(listed.map(({ Name, State, LastEnd, Code }) => {
    return [Name, `${State} ${LastEnd ?? Code ?? "-"}`];
  }));
}

Deno.test("plugins: that throw and hang are stopped and said, and the agent takes a delivery", async () => {
  await using place = await PluginSite.open({ a: "1", b: "2" });
  const agent = await place.startAgent("web");
  await place.deliver();
  const limits = { memoryMb: 32, callTimeoutS: 2 };
  const bad = {
    hang: "plugin({ actions: { greet: () => { for (;;); } } });",
    never: "plugin({ actions: { greet: () => new Promise(() => {}) } });",
    thrower: `plugin({ actions: { greet: async (_, { sleep }) => {
      (async () => { await sleep(1); throw new Error("canary-4e1f"); })();
      await sleep(1000);
    } } });`,
    refuser: `plugin({ actions: { greet: () => {
      throw Object.assign(new Error("canary-4e1f"), { code: "no-room" });
    } } });`,
  };
  for (const [name, code] of Object.entries(bad)) {
    const path = await place.write(`${name}.plugin`, { manifest: { name, limits }, code });
    assertEquals(await place.push(path), { code: 0, said: ["running"] });
  }
  const codes = [];
  for (const name of Object.keys(bad)) codes.push(await place.call(agent, `${name}-greet`));
  assertEquals(codes.slice(-1), ["no-room"]);
  assert(
    codes.slice(0, -1).every((code) => /^(?:timed-out|plugin-stopped)$/.test(`${code}`)),
    `${codes}`,
  );
  const delivered = await place.deliver(["--managed-files", "a,b"]);
  assertEquals(delivered.code, 0);
  assertEquals(await Deno.readTextFile(`${agent.files}/b`), "2");
  const health = await healthOf(place, agent);
  assertMatch(health["hang"] ?? "", /timed-out$/);
  assertEquals(health["refuser"], "running -");
  assert(!agent.program.stderr.includes("canary-4e1f"), agent.program.stderr);
});

Deno.test("plugins: that do not run at all are refused, and the one before runs on", async () => {
  await using place = await PluginSite.open();
  const agent = await place.startAgent("web");
  await place.deliver();
  await place.push(await place.write("one.plugin"));
  for (const code of ["}", "throw 1", "for (;;);", "1", "plugin({ actions: {} });"]) {
    const path = await place.write("two.plugin", { manifest: { version: "2.0.0" }, code });
    assertEquals((await place.push(path)).said, ["plugin-stopped"], code);
  }
  assertEquals(await place.call(agent, "greeter-greet"), "Hello, null");
});

Deno.test("plugins: that were changed on the disk are said and skipped, and the agent starts", async () => {
  await using place = await PluginSite.open();
  const agent = await place.startAgent("web");
  await place.deliver();
  for (const name of ["good", "bad"]) {
    await place.push(await place.write(`${name}.plugin`, { manifest: { name } }));
  }
  const bad = (await place.list(agent)).find(({ Name }) => Name === "bad");
  const file = `${agent.state}/plugins/${bad?.["Digest"]}.plugin`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("Hello", "Howdy"));
  const again = await place.restart(agent);
  assertEquals(await place.call(again, "good-greet", "x=1"), "Hello, [object Object]");
  assertEquals(await place.call(again, "bad-greet"), "unknown-action");
  assertEquals(await healthOf(place, again), {
    bad: "refused package-changed",
    good: "running -",
  });
  assertMatch(again.program.stderr, /a plugin that was kept is not run/);
  // It can be put there again as it was.
  assertEquals((await place.push(place.site.path("bad.plugin"))).said, ["running"]);

  await Deno.writeTextFile(`${again.state}/plugins/plugins.json`, "{}");
  const last = await place.restart(again);
  assertEquals(await place.call(last, "good-greet"), "unknown-action");
  assertEquals((await place.push(place.site.path("good.plugin"))).said, ["state-malformed"]);
  assertEquals((await place.deliver()).code, 0);
});
