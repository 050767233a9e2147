import { StaticFleet } from "../../../keeper/fleet/fleet.ts";
import { assertEquals } from "../../support/assert.ts";

const A = { host: "a", port: 1 };

Deno.test("StaticFleet lists all that it was given, however many", async () => {
  const addresses = Array.from({ length: 3_000 }, (_, i) => ({ host: `h${i}`, port: 1 }));
  assertEquals((await new StaticFleet(addresses).list()).length, 3_000);
});

Deno.test("StaticFleet lists what it was given", async () => {
  const fleet = new StaticFleet([A], { app: "demo" });
  assertEquals([await fleet.list(), fleet.app], [[A], "demo"]);
});
