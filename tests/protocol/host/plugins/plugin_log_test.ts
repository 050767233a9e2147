import { PluginLog } from "../../../../protocol/host/plugins/plugin_log.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";

Deno.test("PluginLog passes on 30 lines at once, then one a second, and says how many it dropped", () => {
  const log = new MemoryLogger();
  let nowMs = 0;
  const pluginLog = new PluginLog({ plugin: "tried", log, now: () => nowMs });
  for (let index = 0; index < 100; index++) pluginLog.say(`line ${index}`);
  assertEquals(log.events.length, 30);
  nowMs += 1_000;
  pluginLog.say("later");
  assertEquals(log.events.at(-1)?.properties, { plugin: "tried", text: "later", dropped: 70 });
  pluginLog.say("too soon");
  assertEquals(log.events.length, 31);
});

Deno.test("PluginLog makes one harmless line of what a plugin says", () => {
  const log = new MemoryLogger();
  const pluginLog = new PluginLog({ plugin: "tried", log });
  pluginLog.say(`a\nerror: forged\u001b[2J\u202e${"x".repeat(2_000)}`);
  const text = String(log.events[0]?.properties["text"]);
  assertEquals(log.messages("info"), ["a plugin says"]);
  assert(text.startsWith("a\\x0aerror: forged\\x1b[2J\\u{202e}xxx") && text.length < 540, text);
});
