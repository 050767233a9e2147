import { ToldPlugin } from "../../../keeper/plugins/told_plugin.ts";
import { createDeferred, type Deferred, type KeeperDelivery } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { makePlugin } from "../../support/plugin_packages.ts";

function play(events: readonly "delivery"[] = ["delivery"]) {
  const told: string[] = [];
  const open: Deferred<boolean>[] = [];
  const logger = new MemoryLogger();
  const plugin = new ToldPlugin({
    plugin: makePlugin("plugin({});", { events }),
    tell(_event, data): Promise<boolean> {
      told.push((data as KeeperDelivery).address);
      const deferred = createDeferred<boolean>();
      open.push(deferred);
      return deferred.promise;
    },
  }, logger);
  const tell = (address: string) => plugin.tell({ address } as KeeperDelivery);
  return { plugin, told, open, logger, tell };
}

Deno.test("ToldPlugin tells four things at a time, in their order", async () => {
  const { told, open, tell } = play();
  for (const address of ["1", "2", "3", "4", "5", "6"]) tell(address);
  assertEquals(told, ["1", "2", "3", "4"]);
  open[1]?.resolve(true);
  await open[1]?.promise;
  assertEquals(told, ["1", "2", "3", "4", "5"]);
});

Deno.test("ToldPlugin settles when all was told, whatever came of it", async () => {
  const { plugin, told, open, tell } = play();
  await plugin.settle();
  for (const address of ["1", "2", "3", "4", "5"]) tell(address);
  let isSettled = false;
  const settled = plugin.settle().then(() => isSettled = true);
  for (let i = 0; i < 5; i++) {
    assertEquals(isSettled, false);
    open[i]?.resolve(i % 2 === 0);
    await open[i]?.promise;
  }
  await settled;
  assertEquals(told.length, 5);
});

Deno.test("ToldPlugin tells nothing to a plugin that does not want to know", () => {
  const { told, tell } = play([]);
  tell("1");
  assertEquals(told, []);
});

Deno.test("ToldPlugin loses what a slow plugin cannot take in, and says so once", () => {
  const { logger, tell } = play();
  for (let i = 0; i < 1_100; i++) tell(String(i));
  assertEquals(logger.messages("warn").length, 1);
});
