/** The plugins among the examples do what their pages say, by the types that they are written to. */
import type {
  AgentPluginContext,
  DefineAgentPlugin,
  PluginDefinition,
} from "@fluxvault/fluxvault/plugin";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** Loads a plugin in this process: what is tested here is what it does, and not its walls. */
async function load(source: string): Promise<PluginDefinition<AgentPluginContext>> {
  const defined: PluginDefinition<AgentPluginContext>[] = [];
  const plugin: DefineAgentPlugin = (definition) => void defined.push(definition);
  Object.assign(globalThis, { plugin });
  try {
    await import(source);
  } finally {
    Reflect.deleteProperty(globalThis, "plugin");
  }
  const [definition] = defined;
  if (definition === undefined || defined.length > 1) throw new Error("plugin() is called once");
  return definition;
}

function playContext(): AgentPluginContext {
  const kept = new Map<string, unknown>();
  const parts: Partial<AgentPluginContext> = {
    storage: {
      get: (key) => Promise.resolve(kept.get(key) ?? null),
      set: (key, value) => Promise.resolve(void kept.set(key, value)),
      delete: (key) => Promise.resolve(void kept.delete(key)),
      list: () => Promise.resolve([...kept.keys()]),
    },
    log: () => {},
  };
  return parts as AgentPluginContext;
}

Deno.test("the greeter greets who is named, counts, and refuses nobody's name", async () => {
  const { actions = {} } = await load("./plugins/greeter/plugin.ts");
  const context = playContext();
  assertEquals(await actions.greet?.({ name: "Ada" }, context), "Hello, Ada");
  await assertRejects(async () => await actions.greet?.({}, context), Error);
  assertEquals(await actions.count?.(null, context), 1);
});
