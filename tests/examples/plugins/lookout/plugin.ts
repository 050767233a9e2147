/** A plugin of the keeper: it remembers how deliveries went, and asks agents how they are. */
import type { DefineKeeperPlugin } from "@fluxvault/fluxvault/plugin";

declare const plugin: DefineKeeperPlugin;

plugin({
  actions: {
    async troubles(_input, { storage }) {
      const agents: unknown[] = [];
      for (const address of await storage.list()) agents.push(await storage.get(address));
      return agents;
    },
    async reports(_input, { agents, call, progress }) {
      const reports: Record<string, unknown> = {};
      for (const { address } of await agents()) {
        progress({ asks: address });
        try {
          reports[address] = await call(address, "report");
        } catch (error) {
          // Whoever is away is said to be, and costs the others nothing.
          reports[address] = { failed: (error as { code: string }).code };
        }
      }
      return reports;
    },
  },
  events: {
    async delivery({ address, outcome, code, isWanted }, { storage }) {
      if (isWanted) await storage.delete(address);
      else await storage.set(address, { address, outcome, code });
    },
  },
});
