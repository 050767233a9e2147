import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { RequestRate } from "../../../agent/registrar/request_rate.ts";
import { SubAgents } from "../../../agent/registrar/sub_agents.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import {
  type Changes,
  findPlayed,
  newIdentity,
  PLACES,
  PlayedRegistrar,
  requestOf,
} from "../../support/registrations.ts";

const SECRET = new Uint8Array(32).fill(7);
const KEY = encodeUtf8("correct-horse-battery");

Deno.test("Registrar takes a sub-agent that proves what it says", async () => {
  using played = await PlayedRegistrar.open();
  const { status, text } = await played.register(await newIdentity(), "db");
  assertEquals(status, 200);
  const { lifetime, renew } = JSON.parse(text);
  assertEquals([lifetime, renew], [45, 10]);
  const [agent] = played.agents.list();
  assertEquals([agent?.component, agent?.address, agent?.port], ["db", PLACES.db, 8_888]);
  assertMatch(agent?.fingerprint ?? "", /^SHA256:/);
  assertEquals(played.logger.messages("info"), ["a sub-agent has registered"]);
});

Deno.test("Registrar knows an agent at the address that it asks from, whatever it says", async () => {
  using played = await PlayedRegistrar.open();
  const elsewhere = { address: "127.0.0.1", host: "192.0.2.7", hostname: "192.0.2.7" };
  const json = JSON.parse(await played.compose(await newIdentity(), "db"));
  const body = JSON.stringify({ ...json, ...elsewhere });
  const { status } = await played.ask(requestOf("POST", "/registrations", body), PLACES.db);
  assertEquals(status, 200);
  assertEquals(played.agents.list().map(({ address }) => address), [PLACES.db]);
});

Deno.test("Registrar renews without another word in the log", async () => {
  using played = await PlayedRegistrar.open();
  const identity = await newIdentity();
  for (let i = 0; i < 3; i++) assertEquals((await played.register(identity, "db")).status, 200);
  assertEquals(played.logger.events.length, 1);
});

const other = { app: "other" };
const REFUSED: readonly (readonly [string, Changes, RegExp])[] = [
  ["another app", { claim: other }, /registrar of another app/],
  ["another component", { claim: { component: "web" } }, /that of the component db/],
  ["the primary's own", { claim: { component: "agent" } }, /that of the component db/],
  ["a nonce of its own", { claim: { nonce: new Uint8Array(32) } }, /not one of this registrar/],
  ["another process", { claim: { instance: new Uint8Array(16) } }, /not one of this registrar/],
  ["another port than is signed", {
    bend: (all) => ({ ...all, claim: { ...all.claim, port: 99 } }),
  }, /signature does not hold/],
  ["TLS where it is not signed", {
    bend: (all) => ({ ...all, claim: { ...all.claim, tls: true } }),
  }, /signature does not hold/],
  ["a signature of zeros", {
    bend: (all) => ({ ...all, signature: new Uint8Array(64) }),
  }, /signature does not hold/],
];

for (const [what, changes, reason] of REFUSED) {
  Deno.test(`Registrar refuses ${what}`, async () => {
    using played = await PlayedRegistrar.open();
    const { status, text } = await played.register(await newIdentity(), "db", changes);
    assertEquals(status, 403);
    assertMatch(text, reason);
    assertEquals(played.agents.list(), []);
  });
}

Deno.test("Registrar refuses the key of one agent under the signature of another", async () => {
  using played = await PlayedRegistrar.open();
  const [victim, rogue] = [await newIdentity(), await newIdentity()];
  const stolen = { publicKey: victim.publicKey, sign: rogue.sign };
  const { status } = await played.register(stolen, "db");
  assertEquals([status, played.agents.list().length], [403, 0]);
});

Deno.test("Registrar refuses its own identity, which a copied folder of state brings", async () => {
  const identity = await newIdentity();
  using played = await PlayedRegistrar.open({ publicKey: identity.publicKey });
  const { status, text } = await played.register(identity, "db");
  assertEquals(status, 403);
  assertMatch(text, /identity of the primary/);
});

Deno.test("Registrar takes a registration once", async () => {
  using played = await PlayedRegistrar.open();
  const body = await played.compose(await newIdentity(), "db");
  const send = () => played.ask(requestOf("POST", "/registrations", body), PLACES.db);
  const answers = await Promise.all([send(), send(), send()]);
  assertEquals(answers.map(({ status }) => status).sort(), [200, 403, 403]);
  const { status, text } = await send();
  assertEquals(status, 403);
  assertMatch(text, /answered before/);
});

Deno.test("Registrar takes no registration from another address than its challenge went to", async () => {
  using played = await PlayedRegistrar.open({ key: KEY });
  const body = await played.compose(await newIdentity(), "db", { registrarKey: KEY });
  const { status, text } = await played.ask(
    requestOf("POST", "/registrations", body),
    PLACES.web,
  );
  assertEquals(status, 403);
  assertMatch(text, /not one of this registrar/);
});

Deno.test("Registrar takes no challenge past its time", async () => {
  using played = await PlayedRegistrar.open();
  const body = await played.compose(await newIdentity(), "db");
  played.clock.advance(11_000);
  const { status } = await played.ask(requestOf("POST", "/registrations", body), PLACES.db);
  assertEquals(status, 403);
});

Deno.test("Registrar refuses another identity for a live component, but not one in its place", async () => {
  using played = await PlayedRegistrar.open({ key: KEY });
  const [first, second] = [await newIdentity(), await newIdentity()];
  const keyed = { registrarKey: KEY };
  assertEquals((await played.register(first, "db", keyed)).status, 200);
  const asDb = { ...keyed, claim: { component: "db" } };
  const { status, text } = await played.register(second, "web", asDb);
  assertEquals(status, 409);
  assertMatch(text, /under another identity/);
  assertEquals((await played.register(second, "db", keyed)).status, 200);
});

Deno.test("Registrar asks everybody for its key where there is one, and no DNS", async () => {
  const find = (): never => {
    throw new Error("asked");
  };
  using played = await PlayedRegistrar.open({ key: KEY, neighbours: { find } });
  const identity = await newIdentity();
  for (const changes of [{}, { registrarKey: encodeUtf8("another-horse-battery") }]) {
    const { status, text } = await played.register(identity, "db", changes);
    assertEquals(status, 403);
    assertMatch(text, /key is wrong or missing/);
  }
  assertEquals((await played.register(identity, "db", { registrarKey: KEY })).status, 200);
});

Deno.test("Registrar asks for the enrolment secret that the primary has", async () => {
  using played = await PlayedRegistrar.open({ enrolmentSecret: SECRET });
  const identity = await newIdentity();
  for (const changes of [{}, { enrolmentSecret: new Uint8Array(32) }]) {
    const { status, text } = await played.register(identity, "db", changes);
    assertEquals(status, 403);
    assertMatch(text, /enrolment secret is wrong or missing/);
  }
  const { status } = await played.register(identity, "db", { enrolmentSecret: SECRET });
  assertEquals(status, 200);
});

Deno.test("Registrar turns strangers away before it reads what they say, and logs each once", async () => {
  using played = await PlayedRegistrar.open();
  const challenge = requestOf("GET", "/registrations/challenge");
  const strangers = [
    [PLACES.other, /no container of the primary's app/],
    ["172.23.0.9", /no name for this address/],
  ] as const;
  for (const [address, reason] of strangers) {
    for (const request of [challenge, challenge, requestOf("POST", "/registrations", "x")]) {
      const { status, text } = await played.ask(request, address);
      assertEquals(status, 403);
      assertMatch(text, reason);
    }
  }
  assertEquals(played.logger.messages("warn").length, strangers.length);
});

Deno.test("Registrar turns public addresses away where a key decides, and its own container where names do", async () => {
  const challenge = requestOf("GET", "/registrations/challenge");
  using keyed = await PlayedRegistrar.open({ key: KEY });
  assertEquals((await keyed.ask(challenge, "198.51.100.7")).status, 403);
  using own = await PlayedRegistrar.open({ neighbours: { find: () => ({ kind: "self" }) } });
  assertEquals((await own.ask(challenge, "127.0.0.1")).status, 403);
  using busy = await PlayedRegistrar.open({ neighbours: { find: () => ({ kind: "unknown" }) } });
  assertEquals((await busy.ask(challenge, PLACES.db)).status, 503);
});

Deno.test("Registrar answers pages of strangers that lead to it with nothing", async () => {
  using played = await PlayedRegistrar.open();
  const request = requestOf("GET", "/registrations/challenge", "", "rebound.example");
  assertEquals((await played.ask(request, PLACES.db)).status, 403);
});

Deno.test("Registrar answers an address no more often than it may ask", async () => {
  const rate = new RequestRate({ now: () => 0, burst: 5 });
  using played = await PlayedRegistrar.open({ rate });
  const challenge = requestOf("GET", "/registrations/challenge");
  const statuses: number[] = [];
  for (let i = 0; i < 100; i++) statuses.push((await played.ask(challenge, PLACES.db)).status);
  assertEquals(statuses.filter((status) => status === 200).length, 5);
  assertEquals(statuses.filter((status) => status === 429).length, 95);
  assertEquals((await played.ask(challenge, PLACES.web)).status, 200);
});

Deno.test("Registrar counts no requests of public addresses, which could be more than it counts", async () => {
  const rate = new RequestRate({ now: () => 0, burst: 1, maxAddresses: 2 });
  using played = await PlayedRegistrar.open({ rate, key: KEY });
  const challenge = requestOf("GET", "/registrations/challenge");
  for (let i = 0; i < 9; i++) {
    assertEquals((await played.ask(challenge, `198.51.100.${i}`)).status, 403);
  }
  const places = [PLACES.db, PLACES.web];
  const answers = await Promise.all(places.map((place) => played.ask(challenge, place)));
  assertEquals(answers.map(({ status }) => status), [200, 200]);
});

Deno.test("Registrar says so where there are enough sub-agents", async () => {
  using played = await PlayedRegistrar.open({ agents: new SubAgents({ maxAgents: 1 }) });
  assertEquals((await played.register(await newIdentity(), "db")).status, 200);
  assertEquals((await played.register(await newIdentity(), "web")).status, 503);
});

Deno.test("Registrar refuses what is no registration, other methods and other paths", async () => {
  using played = await PlayedRegistrar.open();
  const cases: readonly (readonly [string, string, string, number])[] = [
    ["POST", "/registrations", "", 400],
    ["POST", "/registrations", "{}", 400],
    ["POST", "/registrations", "x".repeat(4_096), 400],
    ["POST", "/registrations", "[".repeat(4_096), 400],
    ["POST", "/registrations", '{"version":'.repeat(372), 400],
    ["GET", "/registrations", "", 405],
    ["POST", "/registrations/challenge", "", 405],
    ["GET", "/registrations/else", "", 404],
  ];
  for (const [method, target, body, status] of cases) {
    const answer = await played.ask(requestOf(method, target, body), PLACES.db);
    assertEquals(answer.status, status, `${method} ${target}`);
  }
  assert(findPlayed(PLACES.db).kind === "component");
});
