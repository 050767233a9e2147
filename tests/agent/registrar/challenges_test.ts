import { Challenges } from "../../../agent/registrar/challenges.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const ADDRESS = "172.23.0.3";

Deno.test("Challenges knows what it gave to an address, for some seconds", async () => {
  const clock = new FakeClock();
  const challenges = new Challenges(clock);
  clock.advance(12_345);
  const nonce = await challenges.issue(ADDRESS);
  assertEquals(nonce.length, 32);
  assert(await challenges.isCurrent(nonce, ADDRESS));
  assert(!await challenges.isCurrent(nonce, "172.23.0.4"));
  clock.advance(9_000);
  assert(await challenges.isCurrent(nonce, ADDRESS));
  clock.advance(3_000);
  assert(!await challenges.isCurrent(nonce, ADDRESS));
});

Deno.test("Challenges gives no challenge twice", async () => {
  const challenges = new Challenges();
  const all = await Promise.all(Array.from({ length: 100 }, () => challenges.issue(ADDRESS)));
  assertEquals(new Set(all.map((nonce) => nonce.join())).size, 100);
});

Deno.test("Challenges knows none that somebody made up, changed, or had of another", async () => {
  const challenges = new Challenges();
  const nonce = await challenges.issue(ADDRESS);
  for (let i = 0; i < nonce.length; i++) {
    const changed = nonce.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    assert(!await challenges.isCurrent(changed, ADDRESS), `byte ${i}`);
  }
  assert(!await challenges.isCurrent(nonce.slice(1), ADDRESS));
  assert(!await challenges.isCurrent(await new Challenges().issue(ADDRESS), ADDRESS));
});

Deno.test("Challenges takes each once, for as long as it is current", async () => {
  const clock = new FakeClock();
  const challenges = new Challenges(clock);
  const nonce = await challenges.issue(ADDRESS);
  assertEquals(challenges.take(nonce), "taken");
  for (let i = 0; i < 12; i++) {
    const isCurrent = await challenges.isCurrent(nonce, ADDRESS);
    assert(!isCurrent || challenges.take(nonce) === "replayed", `after ${i} s`);
    clock.advance(1_000);
  }
});

Deno.test("Challenges remembers so many, and others once these are past their time", async () => {
  const clock = new FakeClock();
  const challenges = new Challenges({ ...clock, maxRemembered: 2 });
  const take = async () => challenges.take(await challenges.issue(ADDRESS));
  assertEquals([await take(), await take(), await take()], ["taken", "taken", "busy"]);
  clock.advance(11_000);
  assertEquals(await take(), "taken");
});
