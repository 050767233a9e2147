import { DeliveryMeter, leftMs, sumProgress } from "../../../keeper/progress/delivery_meter.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { fileOf, folderOf } from "../plan/plan_fixtures.ts";

function metered(sizes: Readonly<Record<string, number>>): DeliveryMeter {
  const files = Object.entries(sizes).map(([path, size]) => fileOf(path, { size }));
  return new DeliveryMeter([folderOf("f"), ...files], 0);
}

Deno.test("DeliveryMeter counts what leaves, of what the agent asked for", () => {
  const meter = metered({ a: 1_000 });
  meter.start("a", 1_000);
  meter.send(400, 1_000);
  assertEquals(meter.read(1_000), {
    sentBytes: 400,
    totalBytes: 1_000,
    isGuess: false,
    bytesPerS: 400,
  });
});

Deno.test("DeliveryMeter guesses that an agent that asks for everything goes on to do so", () => {
  const meter = metered({ c: 300, a: 100, b: 200 });
  meter.start("a", 100);
  assertEquals([meter.read(0).totalBytes, meter.read(0).isGuess], [600, true]);
  meter.start("b", 200);
  meter.start("c", 300);
  assertEquals([meter.read(0).totalBytes, meter.read(0).isGuess], [600, false]);
});

Deno.test("DeliveryMeter guesses that an agent that passes over most goes on to do so", () => {
  const meter = metered({ a: 300, b: 100, c: 400 });
  // Of the first 400 bytes it asked for 100.
  meter.start("b", 100);
  assertEquals(meter.read(0).totalBytes, 200);
});

Deno.test("DeliveryMeter knows that an agent asks for large files behind all small ones", () => {
  const meter = metered({ a: 70_000, b: 100, c: 300, d: 80_000 });
  meter.start("b", 100);
  meter.start("c", 300);
  assertEquals([meter.read(0).totalBytes, meter.read(0).isGuess], [150_400, true]);
  meter.start("a", 70_000);
  assertEquals(meter.read(0).totalBytes, 150_400);
  meter.start("d", 80_000);
  assertEquals([meter.read(0).totalBytes, meter.read(0).isGuess], [150_400, false]);
});

Deno.test("DeliveryMeter counts what crosses the wire, where that is less than what is declared", () => {
  const meter = metered({ a: 1_000, b: 1_000 });
  meter.start("a", 100);
  assertEquals(meter.read(0).totalBytes, 200);
  meter.start("b", 300);
  assertEquals(meter.read(0).totalBytes, 400);
});

Deno.test("DeliveryMeter counts what no manifest declares as it comes", () => {
  const meter = metered({});
  meter.start("x", 50);
  meter.send(50, 10);
  assertEquals([meter.read(10).sentBytes, meter.read(10).totalBytes], [50, 50]);
});

Deno.test("DeliveryMeter says how fast it went of late, and nothing too soon", () => {
  const meter = metered({ a: 1_000_000 });
  meter.start("a", 1_000_000);
  meter.send(10, 100);
  assertEquals(meter.read(400).bytesPerS, null);
  for (let atMs = 1_000; atMs <= 60_000; atMs += 1_000) {
    meter.send(atMs <= 30_000 ? 5_000 : 100, atMs);
  }
  const { bytesPerS } = meter.read(60_000);
  assert(bytesPerS !== null && Math.abs(bytesPerS - 100) < 1, String(bytesPerS));
  const stalled = meter.read(600_000).bytesPerS;
  assert(stalled !== null && stalled < 3, String(stalled));
});

Deno.test("DeliveryMeter keeps few samples, however many pieces leave", () => {
  const meter = metered({ a: 2 ** 40 });
  meter.start("a", 2 ** 40);
  const beganMs = performance.now();
  for (let i = 0; i < 300_000; i++) meter.send(65_536, i);
  assert(performance.now() - beganMs < 30_000);
  assertEquals(meter.read(300_000).sentBytes, 300_000 * 65_536);
});

Deno.test("leftMs says how long the rest takes", () => {
  const progress = { sentBytes: 100, totalBytes: 1_100, isGuess: false, bytesPerS: 500 };
  assertEquals(leftMs(progress), 2_000);
  assertEquals(leftMs({ ...progress, bytesPerS: null }), null);
  assertEquals(leftMs({ ...progress, bytesPerS: 0 }), null);
  assertEquals(leftMs({ ...progress, sentBytes: 1_200 }), 0);
});

Deno.test("sumProgress adds up, and does not count a rate that nobody knows", () => {
  const one = { sentBytes: 1, totalBytes: 10, isGuess: false, bytesPerS: 5 };
  const sum = sumProgress([one, { ...one, isGuess: true, bytesPerS: null }]);
  assertEquals(sum, { sentBytes: 2, totalBytes: 20, isGuess: true, bytesPerS: 5 });
  assertEquals(sumProgress([]).bytesPerS, null);
});
