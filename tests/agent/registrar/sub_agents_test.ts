import { type SubAgentPlace, SubAgents } from "../../../agent/registrar/sub_agents.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function place(component: string, key = 1, address = "172.23.0.3"): SubAgentPlace {
  const publicKey = new Uint8Array(32).fill(key);
  return { component, address, port: 8_888, tls: false, publicKey, fingerprint: `SHA256:${key}` };
}

Deno.test("SubAgents finds what was registered, whatever the case of its letters", () => {
  const agents = new SubAgents();
  assertEquals(agents.register(place("Web")), "registered");
  assertEquals(agents.register(place("db", 2)), "registered");
  assertEquals(agents.find("wEB")?.component, "Web");
  assertEquals(agents.find("none"), null);
  assertEquals(agents.list().map(({ component }) => component), ["Web", "db"]);
});

Deno.test("SubAgents forgets who does not say so again, and says it", () => {
  const clock = new FakeClock();
  const gone: string[] = [];
  const agents = new SubAgents({ ...clock, onGone: ({ component }) => gone.push(component) });
  agents.register(place("db"));
  agents.register(place("web", 2));
  clock.advance(44_000);
  assertEquals(agents.register(place("db")), "renewed");
  clock.advance(1_500);
  assertEquals(agents.list().map(({ component }) => component), ["db"]);
  assertEquals(gone, ["web"]);
  const [db] = agents.list();
  assertEquals([db?.ageMs, db?.silentMs], [45_500, 1_500]);
});

Deno.test("SubAgents lets an identity move, and its place go to another, but not its name", () => {
  const clock = new FakeClock();
  const agents = new SubAgents(clock);
  assertEquals(agents.register(place("db", 1, "172.23.0.3")), "registered");
  assertEquals(agents.register(place("db", 1, "172.23.0.4")), "renewed");
  assertEquals(agents.register(place("db", 2, "172.23.0.3")), "conflict");
  assertEquals(agents.find("db")?.fingerprint, "SHA256:1");
  assertEquals(agents.register(place("db", 2, "172.23.0.4")), "registered");
  clock.advance(45_000);
  assertEquals(agents.register(place("db", 3, "172.23.0.9")), "registered");
});

Deno.test("SubAgents takes so many, and goes on to renew them", () => {
  const agents = new SubAgents({ maxAgents: 2 });
  const outcomes = ["a", "b", "c"].map((name, i) => agents.register(place(name, i)));
  assertEquals(outcomes, ["registered", "registered", "full"]);
  assertEquals(agents.register(place("a", 0)), "renewed");
});
