import { askByDatagram } from "../../../agent/neighbours/dns_datagrams.ts";
import { encodeQuestion } from "../../../agent/neighbours/dns_message.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { DatagramDnsServer } from "../../support/dns_server.ts";

const RECORDS = { names: {}, addresses: { a: ["172.23.0.3"] } };
const QUESTION = encodeQuestion({ id: 7, name: "a", type: "A" });
const NEVER = new AbortController().signal;

Deno.test("askByDatagram returns the first that is an answer, and counts what is none", async () => {
  const answers = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
  await using server = await DatagramDnsServer.open(RECORDS, { send: () => answers });
  const options = { signal: NEVER, isAnswer: ([first]: Uint8Array) => first === 2 };
  const place = { ipAddr: "127.0.0.1", port: server.port };
  assertEquals(await askByDatagram(place, QUESTION, options), Uint8Array.of(2));
  assertEquals(server.asked, 1);
});

Deno.test("askByDatagram asks from another port each time", async () => {
  const ports = new Set<number>();
  await using server = await DatagramDnsServer.open(RECORDS, {
    onQuestion: (port) => ports.add(port),
  });
  const place = { ipAddr: "127.0.0.1", port: server.port };
  const options = { signal: NEVER, isAnswer: () => true };
  for (let i = 0; i < 8; i++) await askByDatagram(place, QUESTION, options);
  // The system may draw one twice.
  assertEquals(ports.size >= 7, true);
});

Deno.test("askByDatagram ends where the signal does, and refuses too much that is no answer", async () => {
  const send = () => Array.from({ length: 17 }, () => new Uint8Array(1));
  await using server = await DatagramDnsServer.open(RECORDS, { send });
  const place = { ipAddr: "127.0.0.1", port: server.port };
  const ask = (signal: AbortSignal) =>
    askByDatagram(place, QUESTION, { signal, isAnswer: () => false });
  await assertRejects(() => ask(NEVER), RangeError);
  const control = new AbortController();
  const asking = ask(control.signal);
  control.abort(new TypeError("enough"));
  await assertRejects(() => asking, TypeError);
  await assertRejects(() => ask(control.signal), TypeError);
});
