import { namesFrom, systemServer } from "../../../agent/neighbours/name_service.ts";
import { Neighbours } from "../../../agent/neighbours/neighbours.ts";
import { assertEquals } from "../../support/assert.ts";
import { answerDns, DatagramDnsServer, DnsServer } from "../../support/dns_server.ts";

const RECORDS = {
  names: {
    "172.23.0.3": ["fluxlucid_shop.fluxDockerNetwork_shop."],
    "172.23.0.4": ["fluxweb_other.fluxDockerNetwork_shop."],
    "172.23.0.5": ["fluxdb_shop.fluxDockerNetwork_shop."],
  },
  addresses: {
    fluxlucid_shop: ["172.23.0.3"],
    fluxweb_other: ["172.23.0.4"],
    fluxdb_shop: ["172.23.0.3"],
  },
};

Deno.test("namesFrom asks a DNS server as an engine has one", async () => {
  await using server = new DnsServer(RECORDS);
  const names = namesFrom({ ipAddr: "127.0.0.1", port: server.port });
  const neighbours = new Neighbours({ app: "shop", names });
  assertEquals(await neighbours.find("172.23.0.3"), { kind: "component", component: "lucid" });
  for (
    const [address, reason] of [
      ["172.23.0.4", "other-app"],
      ["172.23.0.5", "name-mismatch"],
      ["172.23.0.6", "no-name"],
    ] as const
  ) {
    assertEquals(await neighbours.find(address), { kind: "stranger", reason });
  }
});

Deno.test("namesFrom is cut short where the server never answers", async () => {
  await using server = new DnsServer(null);
  const names = namesFrom({ ipAddr: "127.0.0.1", port: server.port });
  const neighbours = new Neighbours({ app: "shop", names, timeoutMs: 200 });
  assertEquals(await neighbours.find("172.23.0.3"), { kind: "stranger", reason: "no-name" });
});

function neighboursOf(port: number, timeoutMs = 20_000): Neighbours {
  return new Neighbours({
    app: "shop",
    names: namesFrom({ ipAddr: "127.0.0.1", port }),
    timeoutMs,
  });
}

const LUCID = { kind: "component", component: "lucid" } as const;
const NO_NAME = { kind: "stranger", reason: "no-name" } as const;

Deno.test("namesFrom asks over UDP where nothing answers over TCP, and remembers that", async () => {
  await using server = await DatagramDnsServer.open(RECORDS);
  const neighbours = neighboursOf(server.port);
  assertEquals(await neighbours.find("172.23.0.3"), LUCID);
  assertEquals(await neighbours.find("172.23.0.6"), NO_NAME);
  assertEquals(server.asked, 3);
});

Deno.test("namesFrom asks over UDP where a server takes connections and says nothing", async () => {
  await using silent = new DnsServer(null);
  await using server = await DatagramDnsServer.open(RECORDS, { port: silent.port });
  assertEquals(await neighboursOf(server.port).find("172.23.0.3"), LUCID);
});

Deno.test("namesFrom asks again over UDP where a question was lost", async () => {
  const send = (answer: Uint8Array, count: number) => count === 1 ? [] : [answer];
  await using server = await DatagramDnsServer.open(RECORDS, { send });
  assertEquals(await neighboursOf(server.port).find("172.23.0.3"), LUCID);
});

Deno.test("namesFrom asks over TCP for what found no room in a datagram", async () => {
  await using stream = new DnsServer(RECORDS, { ended: 1 });
  const send = (answer: Uint8Array) => [
    Uint8Array.from(answer, (byte, i) => i === 2 ? byte | 2 : byte).subarray(0, 40),
  ];
  await using server = await DatagramDnsServer.open(RECORDS, { port: stream.port, send });
  assertEquals(await neighboursOf(server.port).find("172.23.0.3"), LUCID);
  assertEquals(server.asked, 2);
});

/** The answer with other bytes at places. */
function altered(answer: Uint8Array, ...changes: readonly (readonly [number, number])[]) {
  const bytes = Uint8Array.from(answer);
  for (const [place, mask] of changes) bytes[place] = (bytes[place] ?? 0) ^ mask;
  return bytes;
}

/** The same names for whoever asks: somebody wants to be of the app. */
const EVIL = {
  names: { "172.23.0.4": ["fluxevil_shop.fluxDockerNetwork_shop."] },
  addresses: { fluxevil_shop: ["172.23.0.4"] },
};

Deno.test("namesFrom takes no answer over UDP with another id, to another question, or none", async () => {
  const send = (answer: Uint8Array) => [
    altered(answer, [0, 1]),
    altered(answer, [1, 255]),
    altered(answer, [13, 1]),
    altered(answer, [2, 0x80]),
    answer.subarray(0, 11),
    new Uint8Array(0),
  ];
  await using server = await DatagramDnsServer.open(EVIL, { send });
  assertEquals(await neighboursOf(server.port, 1_000).find("172.23.0.4"), NO_NAME);
});

Deno.test("namesFrom takes no answer over UDP from another port, though it fits the question", async () => {
  const none = { names: {}, addresses: {} };
  const evil = (answer: Uint8Array) => [answerDns(questionOf(answer), EVIL)];
  await using server = await DatagramDnsServer.open(none, { sendElsewhere: evil });
  assertEquals(await neighboursOf(server.port).find("172.23.0.4"), NO_NAME);
});

/** The question of an answer. */
function questionOf(answer: Uint8Array): Uint8Array {
  const question = altered(answer, [2, 0x80]);
  question[7] = 0;
  return question;
}

Deno.test("namesFrom listens to nobody any more where many guess the answer over UDP", async () => {
  const send = (answer: Uint8Array) => {
    const guesses = Array.from({ length: 17 }, (_, i) => altered(answer, [0, i + 1]));
    return [...guesses, answer];
  };
  await using server = await DatagramDnsServer.open(EVIL, { send });
  assertEquals(await neighboursOf(server.port).find("172.23.0.4"), NO_NAME);
});

Deno.test("systemServer takes the first server that the system names", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "search a\nnameserver 10.0.0.53\nnameserver 10.0.0.54\n");
    assertEquals(await systemServer(path), { ipAddr: "10.0.0.53", port: 53 });
    await Deno.writeTextFile(path, "# nothing\n");
    assertEquals((await systemServer(path)).ipAddr, "127.0.0.11");
  } finally {
    await Deno.remove(path);
  }
  assertEquals((await systemServer(path)).ipAddr, "127.0.0.11");
});
