import fc from "fast-check";
import { FluxApiError } from "../../flux/errors.ts";
import { DEFAULT_FLUX_API, FluxClient, type FluxClientOptions } from "../../flux/flux_client.ts";
import type { Fetch } from "../../flux/request.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { FakeFluxApi, type ScriptedAnswer } from "../support/fake_flux_api.ts";

const OK: ScriptedAnswer = { body: '{"status":"success","data":7}' };
const BUSY: ScriptedAnswer = { status: 503, body: "<html>503</html>" };
const NOT_SYNCED: ScriptedAnswer = {
  body: '{"status":"error","data":{"message":"Daemon not yet synced."}}',
};

/** A clock that moves only when somebody waits, and random numbers that are always one half. */
class FakeTime {
  readonly waitsMs: number[] = [];
  #nowMs = Date.parse("2026-07-22T10:00:00Z");

  readonly options: FluxClientOptions = {
    now: () => this.#nowMs,
    random: () => 0.5,
    delay: (durationMs, signal) => {
      signal?.throwIfAborted();
      this.waitsMs.push(durationMs);
      this.#nowMs += durationMs;
      return Promise.resolve();
    },
  };
}

function identity(data: unknown): unknown {
  return data;
}

/** Answers from a list, and records the URLs that were asked. */
function scriptedFetch(...answers: readonly ScriptedAnswer[]) {
  const urls: string[] = [];
  const fetch: Fetch = (url) => {
    const { status = 200, body = "", headers = {} } = answers[urls.length] ?? {};
    urls.push(url);
    return Promise.resolve(new Response(body, { status, headers }));
  };
  return { fetch, urls };
}

Deno.test("FluxClient asks the public API by default", async () => {
  const { fetch, urls } = scriptedFetch(OK);
  assertEquals(await new FluxClient({ fetch }).get("/flux/ip", identity), 7);
  assertEquals(urls, [`${DEFAULT_FLUX_API}/flux/ip`]);
});

Deno.test("FluxClient keeps the path of a base URL, with or without a slash at its end", async () => {
  for (const baseUrl of ["http://127.0.0.1:1/flux", "http://127.0.0.1:1/flux//?#"]) {
    const { fetch, urls } = scriptedFetch(OK);
    await new FluxClient({ fetch, baseUrls: [baseUrl] }).get("/x", identity);
    assertEquals(urls, ["http://127.0.0.1:1/flux/x"]);
  }
});

Deno.test("FluxClient refuses base URLs that are not plain", () => {
  const bad = ["", "api", "ftp://a", "file:///a", "http://u:p@a", "http://a/?q=1", "http://a/#h"];
  for (const baseUrl of bad) {
    assertThrows(() => new FluxClient({ baseUrls: [baseUrl] }), TypeError);
  }
  assertThrows(() => new FluxClient({ baseUrls: [] }), TypeError);
});

Deno.test("FluxClient refuses limits that are not positive whole numbers", () => {
  for (const value of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) {
    assertThrows(() => new FluxClient({ attempts: value }), RangeError);
    assertThrows(() => new FluxClient({ requestTimeoutMs: value }), RangeError);
    assertThrows(() => new FluxClient({ maxResponseBytes: value }), RangeError);
  }
});

Deno.test("FluxClient asks again with growing pauses while the answer is transient", async () => {
  const time = new FakeTime();
  await using api = FakeFluxApi.start();
  api.answerNext(BUSY, { body: "<!doctype html>" }, NOT_SYNCED, OK);
  const client = new FluxClient({ ...time.options, baseUrls: [api.url] });
  assertEquals(await client.get("/x", identity), 7);
  assertEquals(time.waitsMs, [250, 500, 1_000]);
});

Deno.test("FluxClient asks past the cache in retries, because FluxOS caches errors", async () => {
  await using api = FakeFluxApi.start();
  api.answerNext(NOT_SYNCED, OK);
  await new FluxClient({ ...new FakeTime().options, baseUrls: [api.url] }).get("/x", identity);
  const headers = api.requests.map((request) => request.headers.get("x-apicache-bypass"));
  assertEquals(headers, [null, "1"]);
});

Deno.test("FluxClient asks past the cache always where it is set so", async () => {
  await using api = FakeFluxApi.start();
  api.answerNext(OK);
  await new FluxClient({ baseUrls: [api.url], bypassCache: true }).get("/x", identity);
  assertEquals(api.requests[0]?.headers.get("x-apicache-bypass"), "1");
});

Deno.test("FluxClient asks past the cache for one question where that is asked for", async () => {
  await using api = FakeFluxApi.start();
  api.answerAlways(OK);
  const client = new FluxClient({ baseUrls: [api.url] });
  await client.get("/x", identity, { bypassCache: true });
  await client.get("/x", identity, { bypassCache: false });
  await new FluxClient({ baseUrls: [api.url], bypassCache: true })
    .get("/x", identity, { bypassCache: false });
  const headers = api.requests.map((request) => request.headers.get("x-apicache-bypass"));
  assertEquals(headers, ["1", null, "1"]);
});

Deno.test("FluxClient gives up after the last attempt with the failure of that attempt", async () => {
  await using api = FakeFluxApi.start();
  api.answerNext(NOT_SYNCED, NOT_SYNCED, BUSY, OK);
  const options = { ...new FakeTime().options, baseUrls: [api.url], attempts: 3 };
  const error = await assertRejects(
    () => new FluxClient(options).get("/x", identity),
    FluxApiError,
    "api-unreachable",
  );
  assertEquals(error.message, `cannot ask ${api.url} for /x (attempt 3): HTTP status 503`);
  assert(error.transient && error.hint !== undefined);
  assertEquals(api.requests.length, 3);
});

Deno.test("FluxClient never repeats a question that was answered definitely", async () => {
  const definite: [ScriptedAnswer, string][] = [
    [{ body: '{"status":"error","data":{"message":"Application not found"}}' }, "app-unknown"],
    [{ body: '{"status":"error","data":{"message":"no"}}' }, "api-error"],
    [{ status: 404, body: "Cannot GET" }, "api-error"],
    [{ body: " ".repeat(2_000) }, "response-too-large"],
  ];
  for (const [answer, code] of definite) {
    const { fetch, urls } = scriptedFetch(answer, OK);
    const client = new FluxClient({ ...new FakeTime().options, fetch, maxResponseBytes: 1_000 });
    await assertRejects(() => client.get("/x", identity), FluxApiError, code);
    assertEquals(urls.length, 1, code);
  }
});

Deno.test("FluxClient goes to the next API for a retry, and starts over with the first", async () => {
  const { fetch, urls } = scriptedFetch(BUSY, BUSY, BUSY, OK, OK);
  const baseUrls = ["http://a", "http://b", "http://c"];
  const client = new FluxClient({ ...new FakeTime().options, fetch, baseUrls });
  await client.get("/x", identity);
  await client.get("/x", identity);
  assertEquals(urls.map((url) => url.slice(7, 8)), ["a", "b", "c", "a", "a"]);
});

Deno.test("FluxClient starts with the API that a question names, and goes round from there", async () => {
  const baseUrls = ["http://a", "http://b", "http://c"];
  for (const [startAt, expected] of [[0, "abca"], [1, "bcab"], [2, "cabc"], [7, "bcab"]] as const) {
    const { fetch, urls } = scriptedFetch(BUSY, BUSY, BUSY, OK);
    const client = new FluxClient({ ...new FakeTime().options, fetch, baseUrls });
    await client.get("/x", identity, { startAt });
    assertEquals(urls.map((url) => url.slice(7, 8)).join(""), expected);
  }
});

Deno.test("FluxClient refuses to start where there can be no API, before it sends anything", async () => {
  const { fetch, urls } = scriptedFetch(OK);
  for (const startAt of [-1, 0.5, NaN, Infinity]) {
    const asking = () => new FluxClient({ fetch }).get("/x", identity, { startAt });
    await assertRejects(asking, RangeError);
  }
  assertEquals(urls.length, 0);
});

Deno.test("FluxClient waits as long as the server asks, and the pause on top", async () => {
  const time = new FakeTime();
  const { fetch } = scriptedFetch({ ...BUSY, headers: { "retry-after": "7" } }, OK);
  await new FluxClient({ ...time.options, fetch }).get("/x", identity);
  assertEquals(time.waitsMs, [7_250]);
});

Deno.test("FluxClient goes to another API rather than wait for one that is busy", async () => {
  const time = new FakeTime();
  const busy = { ...BUSY, headers: { "retry-after": "3600" } };
  const { fetch, urls } = scriptedFetch(busy, BUSY, OK, OK);
  const client = new FluxClient({ ...time.options, fetch, baseUrls: ["http://a", "http://b"] });
  await client.get("/x", identity);
  await client.get("/x", identity);
  assertEquals(urls.map((url) => url.slice(7, 8)), ["a", "b", "b", "b"]);
  assertEquals(time.waitsMs, [250, 500]);
});

Deno.test("FluxClient tells the caller rather than wait longer than 30 seconds", async () => {
  const time = new FakeTime();
  const { fetch, urls } = scriptedFetch({ ...BUSY, headers: { "retry-after": "60" } }, OK);
  const client = new FluxClient({ ...time.options, fetch });
  const first = () => client.get("/x", identity);
  const error = await assertRejects(first, FluxApiError, "api-unreachable");
  assertEquals(error.message, `cannot ask ${DEFAULT_FLUX_API} for /x (attempt 1): HTTP status 503`);
  const later = await assertRejects(first, FluxApiError, "api-unreachable");
  assert(later.message.endsWith("it asked not to be asked for 60 more seconds"));
  assertEquals([urls.length, time.waitsMs.length], [1, 0]);
});

Deno.test("FluxClient asks again where the reader says that the data are of no use", async () => {
  const { fetch } = scriptedFetch({ body: '{"status":"success","data":null}' }, OK);
  const client = new FluxClient({ ...new FakeTime().options, fetch });
  const value = await client.get("/x", (data) => {
    if (data === null) throw new FluxApiError("response-malformed", "null", { transient: true });
    return data;
  });
  assertEquals(value, 7);
});

Deno.test("FluxClient passes on what else the reader throws, at once", async () => {
  const { fetch, urls } = scriptedFetch(OK, OK);
  const read = () => {
    throw new SyntaxError("a bug of the caller");
  };
  await assertRejects(() => new FluxClient({ fetch }).get("/x", read), SyntaxError);
  assertEquals(urls.length, 1);
});

Deno.test("FluxClient keeps the failure of the connection as the cause", async () => {
  const cause = new TypeError("no route");
  const options = { ...new FakeTime().options, fetch: () => Promise.reject(cause) };
  const error = await assertRejects(
    () => new FluxClient(options).get("/x", identity),
    FluxApiError,
    "api-unreachable",
  );
  assertEquals(error.cause, cause);
});

Deno.test("FluxClient refuses a path without a slash before it sends anything", async () => {
  const { fetch, urls } = scriptedFetch(OK);
  await assertRejects(() => new FluxClient({ fetch }).get(".evil.example/", identity), TypeError);
  assertEquals(urls.length, 0);
});

Deno.test("FluxClient sends nothing once its signal is aborted", async () => {
  const { fetch, urls } = scriptedFetch(OK);
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(() => new FluxClient({ fetch }).get("/x", identity, { signal }), RangeError);
  assertEquals(urls.length, 0);
});

Deno.test("FluxClient throws the reason of its signal from a hanging request", async () => {
  await using api = FakeFluxApi.start();
  api.answerAlways({ ending: "silent" });
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const client = new FluxClient({
    baseUrls: [api.url],
    attempts: 1,
    fetch: (url, init) => {
      queueMicrotask(() => controller.abort(reason));
      return fetch(url, init);
    },
  });
  const error = await client.get("/x", identity, { signal: controller.signal }).catch((e) => e);
  assertEquals(error, reason);
});

Deno.test("FluxClient throws the reason of its signal from a pause", async () => {
  const controller = new AbortController();
  const reason = new RangeError("enough");
  const { fetch, urls } = scriptedFetch(BUSY, OK);
  const client = new FluxClient({
    fetch,
    delay: (_, signal) => {
      controller.abort(reason);
      return Promise.reject(signal?.reason);
    },
    random: () => 0.5,
  });
  const error = await client.get("/x", identity, { signal: controller.signal }).catch((e) => e);
  assertEquals([error, urls.length], [reason, 1]);
});

Deno.test("FluxClient logs each attempt that it repeats", async () => {
  const { fetch } = scriptedFetch(BUSY, OK);
  const events: string[] = [];
  const drop = () => {};
  const logger = { debug: (m: string) => void events.push(m), info: drop, warn: drop, error: drop };
  await new FluxClient({ ...new FakeTime().options, fetch, logger }).get("/x", identity);
  assertEquals(events, [`cannot ask ${DEFAULT_FLUX_API} for /x (attempt 1): HTTP status 503`]);
});

Deno.test("FluxClient gives a value or a FluxApiError for any status, header and body", async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
    fc.json(),
    fc.jsonValue().map((data) => JSON.stringify({ status: "success", data })),
    fc.jsonValue().map((data) => JSON.stringify({ status: "error", data })),
  );
  const status = fc.oneof(fc.constant(200), fc.integer({ min: 200, max: 599 }));
  const retryAfter = fc.oneof(fc.stringMatching(/^[ -~]*$/), fc.nat().map(String));
  await fc.assert(
    fc.asyncProperty(status, retryAfter, body, async (status, retryAfter, body) => {
      const empty = [204, 205, 304].includes(status);
      const init = { status, headers: { "retry-after": retryAfter } };
      const client = new FluxClient({
        ...new FakeTime().options,
        fetch: () => Promise.resolve(new Response(empty ? null : body, init)),
      });
      try {
        await client.get("/x", identity);
      } catch (error) {
        assert(error instanceof FluxApiError, String(error));
      }
    }),
  );
});
