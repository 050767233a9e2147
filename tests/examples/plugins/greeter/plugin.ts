/** A plugin of the agent: it greets who is named, and keeps count. */
import type { DefineAgentPlugin } from "@fluxvault/fluxvault/plugin";
import { readName } from "./name.ts";

declare const plugin: DefineAgentPlugin;

plugin({
  actions: {
    async greet(input, { storage, log }) {
      const name = readName(input);
      const count = Number(await storage.get("count") ?? 0) + 1;
      await storage.set("count", count);
      log(`The greeter greets for the ${count}. time.`);
      return `Hello, ${name}`;
    },
    async count(_input, { storage }) {
      return await storage.get("count") ?? 0;
    },
  },
});
