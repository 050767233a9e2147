import { assert, assertEquals, assertRejects } from "../../../../support/assert.ts";
import { CallError } from "../../../../../protocol/mod.ts";
import { PROJECT_ROOT } from "../../../../../dist/tasks/derived_config.ts";
import { actingCode, endOf, startWalled } from "../../../../support/walled_plugins.ts";

/** The flags of the programs that count here: those of the agent hold its heap, and with it that of a plugin. */
const AGENT_FLAGS = [
  "--v8-flags=--max-semi-space-size=1,--max-old-space-size=192,--optimize-for-size",
];

/** Runs a plugin in a process of its own, which ends only when no thread is left, and says all it said. */
async function runAlone(body: string, flags: readonly string[] = []): Promise<string> {
  const program = new URL("tests/support/ended_plugin.ts", PROJECT_ROOT).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--unstable-worker-options", ...flags, program, body, "700"],
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return `${code} ${decoder.decode(stdout).trim()}${decoder.decode(stderr)}`;
}

Deno.test("THREAD_SCRIPT ends a loop, and leaves no thread behind", async () => {
  assertEquals(await runAlone("for (;;);"), "0 plugin-stopped timed-out");
});

Deno.test("THREAD_SCRIPT ends a loop of microtasks that goes on after the answer", async () => {
  const body = "(async () => { for (;;) await 0; })(); return 5;";
  const said = await runAlone(body);
  assert(/^0 (?:5|plugin-stopped) timed-out$/.test(said), said);
});

Deno.test("THREAD_SCRIPT prints nothing of a plugin that throws where nobody catches it", async () => {
  const bodies = [
    `Promise.reject(new Error("CANARY")); await context.sleep(60000);`,
    `context.sleep(1).then(() => { throw "CANARY"; }); await context.sleep(60000);`,
    `context.sleep(1).then(() => { throw { get stack() { for (;;); }, get message() { for (;;); } }; });
     await context.sleep(60000);`,
  ];
  for (const body of bodies) assertEquals(await runAlone(body), "0 plugin-stopped threw");
});

const GREEDY: Readonly<Record<string, string>> = {
  objects: "const all = []; for (;;) all.push({ all: [all.length] });",
  texts:
    "const all = []; for (;;) all.push((all.length + 'x').repeat(1e5).split('').reverse().join(''));",
  "one list": "let all = [1.5]; for (;;) all = all.concat(all);",
  promises: "const all = []; for (;;) all.push(new Promise(() => {}));",
};

for (const [what, body] of Object.entries(GREEDY)) {
  Deno.test(`THREAD_SCRIPT ends a plugin that fills its memory with ${what}`, async () => {
    for (const flags of [[], AGENT_FLAGS]) {
      const said = await runAlone(body, flags);
      assert(/^0 plugin-stopped (?:memory|timed-out)$/.test(said), said);
    }
  });
}

Deno.test("THREAD_SCRIPT ends a plugin whose heap is full well before its time", async () => {
  assertEquals(await endOf("const all = []; for (;;) all.push({ all: [all.length] });"), "memory");
});

Deno.test("THREAD_SCRIPT ends a plugin that floods its host", async () => {
  const floods = [
    `for (;;) { for (let i = 0; i < 60; i++) context.progress("x"); await context.sleep(0); }`,
    `for (;;) { for (let i = 0; i < 60; i++) context.log("x"); await context.sleep(0); }`,
  ];
  for (const body of floods) assertEquals(await endOf(body), "flooded");
});

Deno.test("THREAD_SCRIPT passes on what a plugin says in one go only up to a bound", async () => {
  const heard: string[] = [];
  const code = actingCode(`for (let i = 0; i < 1000; i++) context.log("line " + i); return 5;`);
  await using plugin = await startWalled(code, { onLog: (text) => heard.push(text) });
  assertEquals(await plugin.call("act", 1), 5);
  assertEquals(heard.length, 64);
});

Deno.test("THREAD_SCRIPT sets no more timers than a plugin may ask for at once", async () => {
  const body = `const codes = new Set();
    for (let i = 0; i < 1000; i++) context.sleep(3600000).catch(({ code }) => codes.add(code));
    await 0; return [...codes];`;
  await using plugin = await startWalled(actingCode(body));
  assertEquals(await plugin.call("act", 1), ["busy"]);
  // Those of a call that is over are cleared: the next has all of them again.
  assertEquals(await plugin.call("act", 1), ["busy"]);
});

Deno.test("THREAD_SCRIPT keeps a plugin whose call was slow, and had an end in good time", async () => {
  const code = `plugin({ actions: { act: async (input, context) => {
    while (input === "slow" && !context.isCancelled()) await context.sleep(5).catch(() => {});
    return 2; } } });`;
  await using plugin = await startWalled(code, { callTimeoutMs: 1_000 });
  await assertRejects(() => plugin.call("act", "slow"), CallError, "timed-out");
  assertEquals(await plugin.call("act", "fast"), 2);
});

Deno.test("THREAD_SCRIPT ends a plugin that comes to no end of a call that was given up", async () => {
  const code = actingCode("await new Promise(() => {});");
  await using plugin = await startWalled(code, { callTimeoutMs: 50 });
  await assertRejects(() => plugin.call("act", 1), CallError, "timed-out");
  assertEquals(await plugin.ended, "timed-out");
});
