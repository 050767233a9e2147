import fc from "fast-check";
import { FluxApiError } from "../../../flux/errors.ts";
import { fetchHostInfo, type HostInfo, readHostInfo } from "../../../flux/node/host_info.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { FakeFluxApi, readFluxFixtureData } from "../../support/fake_flux_api.ts";

const NODE_ID = "30661a8caf2463bcfe8524486cfabb47ca284c3c49c8206d4e179a6ec7e4dc8f0";
const SOUND = { appName: "vaultdemo", id: NODE_ID, ip: "203.0.113.10", geo: { countryCode: "DE" } };
const READ: HostInfo = { app: "vaultdemo", nodeId: NODE_ID, ip: "203.0.113.10", country: "DE" };

async function fetchFixture(suffix: string): Promise<HostInfo> {
  await using api = FakeFluxApi.start();
  await api.useFixture("/hostinfo", `fluxnode_service_hostinfo_${suffix}.json`);
  return await fetchHostInfo({ baseUrl: api.url });
}

Deno.test("fetchHostInfo reads what a node says about itself", async () => {
  assertEquals(await fetchFixture("ok"), READ);
});

Deno.test("fetchHostInfo says that the node takes the container for none of its own", async () => {
  const error = await assertRejects(() => fetchFixture("unauthorized"), FluxApiError, "api-error");
  assertEquals(error.transient, false);
  assertMatch(error.message, /Unauthorized/);
});

Deno.test("fetchHostInfo says that the node has no answer yet", async () => {
  const error = await assertRejects(() => fetchFixture("unavailable"), FluxApiError, "api-error");
  assertEquals(error.transient, true);
});

Deno.test("fetchHostInfo asks fluxnode.service once, by default", async () => {
  const urls: string[] = [];
  const asking = () =>
    fetchHostInfo({
      fetch: (url) => {
        urls.push(url);
        return Promise.reject(new TypeError("no such host"));
      },
    });
  const error = await assertRejects(asking, FluxApiError, "api-unreachable");
  assertEquals(urls, ["http://fluxnode.service:16101/hostinfo"]);
  assertMatch(error.hint ?? "", /inside a container/);
  assert(error.transient && error.cause instanceof TypeError);
});

Deno.test("fetchHostInfo gives up on a node that is silent", async () => {
  await using api = FakeFluxApi.start();
  api.answerNext({ ending: "silent" });
  const asking = () => fetchHostInfo({ baseUrl: api.url, timeoutMs: 30 });
  const error = await assertRejects(asking, FluxApiError, "api-unreachable");
  assertMatch(error.message, /no complete answer within 30 ms$/);
});

Deno.test("fetchHostInfo reads 64 KiB and not a byte more", async () => {
  const body = JSON.stringify({ status: "success", data: SOUND });
  const answer = (length: number) => () => Promise.resolve(new Response(body.padEnd(length)));
  assertEquals(await fetchHostInfo({ fetch: answer(65_536) }), READ);
  const asking = () => fetchHostInfo({ fetch: answer(65_537) });
  await assertRejects(asking, FluxApiError, "response-too-large");
});

Deno.test("fetchHostInfo follows no redirect", async () => {
  await using elsewhere = FakeFluxApi.start();
  await using api = FakeFluxApi.start();
  api.answerNext({ status: 302, headers: { location: `${elsewhere.url}/hostinfo` } });
  const asking = () => fetchHostInfo({ baseUrl: api.url });
  await assertRejects(asking, FluxApiError, "api-unreachable");
  assertEquals(elsewhere.requests.length, 0);
});

Deno.test("fetchHostInfo throws the reason of its signal", async () => {
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const asking = fetchHostInfo({
    signal: controller.signal,
    fetch: (_, init) => {
      controller.abort(reason);
      return Promise.reject(init?.signal?.reason);
    },
  });
  assertEquals(await asking.catch((error) => error), reason);
});

Deno.test("fetchHostInfo refuses an address or a time limit that is none", async () => {
  await assertRejects(() => fetchHostInfo({ baseUrl: "fluxnode.service" }), TypeError);
  for (const timeoutMs of [0, -1, 0.5, NaN, Infinity]) {
    await assertRejects(() => fetchHostInfo({ timeoutMs }), RangeError);
  }
});

Deno.test("readHostInfo ignores members that it does not know", () => {
  assertEquals(
    readHostInfo({ ...SOUND, replica: 2, geo: { ...SOUND.geo, planet: "Earth" } }),
    READ,
  );
});

Deno.test("readHostInfo does without app and country, also where they make no sense", () => {
  const bare = { ...READ, app: null, country: null };
  assertEquals(readHostInfo({ id: NODE_ID, ip: "203.0.113.10" }), bare);
  for (const appName of [null, 7, "", ".*", "fluxdemo", "a\nb"]) {
    assertEquals(readHostInfo({ ...SOUND, appName }), { ...READ, app: null });
  }
  for (const geo of [null, "{}", {}, [], ...["de", "DEU", "D", "", 49].map(wrapCountry)]) {
    assertEquals(readHostInfo({ ...SOUND, geo }), { ...READ, country: null });
  }
});

function wrapCountry(countryCode: unknown): unknown {
  return { countryCode };
}

Deno.test("readHostInfo takes an identifier with an index of up to four digits only", () => {
  const hash = NODE_ID.slice(0, 64);
  for (const index of ["0", "12", "9999"]) {
    assertEquals(readHostInfo({ ...SOUND, id: hash + index }).nodeId, hash + index);
  }
  const bad = [
    undefined,
    null,
    7,
    "",
    hash,
    `${hash}00000`,
    `${hash}:0`,
    `${hash}0\n`,
    ` ${NODE_ID}`,
  ];
  for (const id of [...bad, `${hash.toUpperCase()}0`, `g${NODE_ID.slice(1)}`]) {
    const reading = () => readHostInfo({ ...SOUND, id });
    assert(assertThrows(reading, FluxApiError, "response-malformed").transient);
  }
});

Deno.test("readHostInfo takes an IPv4 address, and drops the port behind it", () => {
  assertEquals(readHostInfo({ ...SOUND, ip: "203.0.113.20:16137" }).ip, "203.0.113.20");
  const bad = [undefined, null, 7, "", "node.example.org", "203.0.113", "203.0.113.10:0"];
  for (const ip of [...bad, "203.0.113.10\n", "[2001:db8::1]", "2001:db8::1"]) {
    const reading = () => readHostInfo({ ...SOUND, ip });
    assert(assertThrows(reading, FluxApiError, "response-malformed").transient);
  }
});

Deno.test("readHostInfo refuses what is not an object", async () => {
  for (const data of [null, undefined, 1, "text", [SOUND]]) {
    assertThrows(() => readHostInfo(data), FluxApiError, "response-malformed");
  }
  assertEquals(readHostInfo(await readFluxFixtureData("fluxnode_service_hostinfo_ok.json")), READ);
});

Deno.test("readHostInfo gives plain values or a FluxApiError for any data", () => {
  const odd = <T>(...values: T[]) => fc.oneof(fc.constantFrom(...values), fc.jsonValue());
  const data = fc.oneof(
    fc.jsonValue(),
    fc.record({
      appName: odd("vaultdemo"),
      id: odd(NODE_ID),
      ip: odd("203.0.113.10", "192.0.2.1:16127"),
      geo: fc.oneof(fc.jsonValue(), fc.record({ countryCode: odd("DE") })),
    }, { requiredKeys: [] }),
  );
  fc.assert(fc.property(data, (data) => {
    try {
      const { app, nodeId, ip, country } = readHostInfo(data);
      assertMatch(
        [app, nodeId, ip, country].join(),
        /^[\w-]*,[0-9a-f]{65,68},[0-9.]{7,15},[A-Z]*$/,
      );
    } catch (error) {
      assert(error instanceof FluxApiError && error.code === "response-malformed", String(error));
    }
  }));
});
