import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { type Applicant, registerOnce } from "../../../agent/subordinate/registrar_client.ts";
import type { ExchangeReply, ExchangeRequest } from "../../../agent/subordinate/http_exchange.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { newIdentity, PLACES, PlayedRegistrar, requestOf } from "../../support/registrations.ts";

const SECRET = new Uint8Array(32).fill(7);
const KEY = encodeUtf8("correct-horse-battery");

async function applicant(component = "db"): Promise<Applicant> {
  return {
    claim: { app: "shop", component, port: 8_888, tls: true },
    identity: await newIdentity(),
    enrolmentSecret: SECRET,
    registrarKey: KEY,
  };
}

/** Asks a played registrar from the place of the db. */
function exchangeWith(played: PlayedRegistrar) {
  return {
    async ask({ method, path, body }: ExchangeRequest): Promise<ExchangeReply> {
      const { status, text } = await played.ask(requestOf(method, path, body), PLACES.db);
      return { status, body: encodeUtf8(text) };
    },
  };
}

function exchangeSaying(...replies: readonly (readonly [number, string])[]) {
  const left = [...replies];
  return {
    ask(): Promise<ExchangeReply> {
      const [status, text] = left.shift() ?? [500, ""];
      return Promise.resolve({ status, body: encodeUtf8(text) });
    },
  };
}

Deno.test("registerOnce proves what a registrar asks for, and learns which process that is", async () => {
  using played = await PlayedRegistrar.open({ key: KEY, enrolmentSecret: SECRET });
  const all = await applicant();
  const instance = await registerOnce(exchangeWith(played), all);
  assertEquals(instance, (await played.challenge(PLACES.db)).instance);
  assertEquals(played.agents.find("db")?.tls, true);
  await registerOnce(exchangeWith(played), all);
  assertEquals(played.agents.list().length, 1);
});

Deno.test("registerOnce tells what the primary says where it refuses", async () => {
  using played = await PlayedRegistrar.open();
  const all = await applicant("web");
  const asking = () => registerOnce(exchangeWith(played), all);
  const error = await assertRejects(asking, ConnectionError, "connection-failed");
  assertMatch(error.message, /403 this address is that of the component db/);
});

Deno.test("registerOnce shows of what a stranger says only what can be printed, and not much", async () => {
  const all = await applicant();
  const loud = exchangeSaying([403, `\x1b[2Jno\x00 ${"x".repeat(5_000)}`]);
  const error = await assertRejects(() => registerOnce(loud, all), ConnectionError);
  assertMatch(error.message, /403 \[2Jno +x+$/);
  assert(error.message.length < 300);
});

Deno.test("registerOnce refuses what is no registrar", async () => {
  const all = await applicant();
  const nonce = "00".repeat(32);
  const instance = "00".repeat(16);
  const cases: readonly (readonly (readonly [number, string])[])[] = [
    [[200, "<html>"]],
    [[200, JSON.stringify({ version: 2, nonce, instance })]],
    [[200, JSON.stringify({ version: 1, nonce: "00", instance })]],
    [[200, JSON.stringify({ version: 1, nonce })]],
    [[200, JSON.stringify({ version: 1, nonce, instance })], [200, "{}"]],
    [[302, ""]],
  ];
  for (const replies of cases) {
    const asking = () => registerOnce(exchangeSaying(...replies), all);
    await assertRejects(asking, ConnectionError, "connection-failed");
  }
});
