import { FluxApiError } from "../../flux/errors.ts";
import { type Fetch, sendRequest, type SendRequestOptions } from "../../flux/request.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FakeFluxApi, readFluxFixture } from "../support/fake_flux_api.ts";

function requestOptions(changes: Partial<SendRequestOptions> = {}): SendRequestOptions {
  return {
    fetch,
    timeoutMs: 60_000,
    maxResponseBytes: 1_000_000,
    bypassCache: false,
    signal: undefined,
    onRetryAfter: () => {},
    ...changes,
  };
}

function answerWith(body: BodyInit | null, init?: ResponseInit): SendRequestOptions {
  return requestOptions({ fetch: () => Promise.resolve(new Response(body, init)) });
}

Deno.test("sendRequest returns the data of a successful answer", async () => {
  await using api = FakeFluxApi.start();
  api.setOwner("vaultdemo", "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM");
  const data = await sendRequest(`${api.url}/apps/appowner/vaultdemo`, requestOptions());
  assertEquals(data, "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM");
});

Deno.test("sendRequest asks past the cache only when it is told to", async () => {
  await using api = FakeFluxApi.start();
  await sendRequest(`${api.url}/apps/locations`, requestOptions());
  await sendRequest(`${api.url}/apps/locations`, requestOptions({ bypassCache: true }));
  const headers = api.requests.map((request) => request.headers.get("x-apicache-bypass"));
  assertEquals(headers, [null, "1"]);
});

Deno.test("sendRequest says of each failure of a proxy that it is transient", async () => {
  const failures = JSON.parse(await readFluxFixture("http_non_json_failures.json"));
  const codes: string[] = [];
  for (const { http_status: status, body } of failures) {
    try {
      assertEquals(await sendRequest("http://a/", answerWith(body, { status })), null);
      codes.push("null");
    } catch (error) {
      assert(error instanceof FluxApiError);
      codes.push(error.code);
      assertEquals(error.transient, error.code !== "api-error", body);
    }
  }
  assertEquals(codes, [
    ...Array(4).fill("api-unreachable"),
    ...Array(3).fill("response-malformed"),
    "null",
    "api-error",
    "response-malformed",
  ]);
});

Deno.test("sendRequest takes a status as transient that asks for patience", async () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504, 522]) {
    const error = await assertRejects(
      () => sendRequest("http://a/", answerWith("{}", { status })),
      FluxApiError,
      "api-unreachable",
    );
    assertEquals([error.message, error.transient], [`HTTP status ${status}`, true]);
  }
});

Deno.test("sendRequest takes another HTTP error as definite, and its fault if it has one", async () => {
  const bare = await assertRejects(
    () => sendRequest("http://a/", answerWith("Cannot GET /", { status: 404 })),
    FluxApiError,
    "api-error",
  );
  assertEquals([bare.message, bare.transient], ["HTTP status 404", false]);
  const text = await readFluxFixture("unauthorized.json");
  const told = await assertRejects(
    () => sendRequest("http://a/", answerWith(text, { status: 401 })),
    FluxApiError,
    "api-error",
  );
  assertEquals(told.message, 'FluxOS says "Unauthorized. Access denied."');
});

Deno.test("sendRequest does not follow a redirect", async () => {
  await using elsewhere = FakeFluxApi.start();
  await using api = FakeFluxApi.start();
  api.answerNext({ status: 302, headers: { location: `${elsewhere.url}/apps/locations` } });
  await assertRejects(
    () => sendRequest(`${api.url}/apps/locations`, requestOptions()),
    FluxApiError,
    "api-unreachable",
  );
  assertEquals(elsewhere.requests.length, 0);
});

Deno.test("sendRequest passes on when it may be asked again", async () => {
  const headers: string[] = [];
  const options = {
    ...answerWith("busy", { status: 503, headers: { "retry-after": "7" } }),
    onRetryAfter: (header: string) => void headers.push(header),
  };
  await assertRejects(() => sendRequest("http://a/", options), FluxApiError, "api-unreachable");
  assertEquals(headers, ["7"]);
});

Deno.test("sendRequest gives up on a server that is silent or stalls", async () => {
  await using api = FakeFluxApi.start();
  for (const ending of ["silent", "stalled"] as const) {
    api.answerNext({ body: '{"status":', ending });
    const error = await assertRejects(
      () => sendRequest(`${api.url}/apps/locations`, requestOptions({ timeoutMs: 30 })),
      FluxApiError,
      "api-unreachable",
    );
    assertEquals(error.message, "no complete answer within 30 ms");
    assert(error.transient);
  }
});

Deno.test("sendRequest reports a connection that drops or cannot be made, with its cause", async () => {
  const api = FakeFluxApi.start();
  const url = `${api.url}/apps/locations`;
  api.answerNext({ body: '{"status":', ending: "cut" });
  const dropped = () => sendRequest(url, requestOptions());
  const error = await assertRejects(dropped, FluxApiError, "api-unreachable");
  assert(error.cause instanceof Error);
  await api.stop();
  await assertRejects(() => sendRequest(url, requestOptions()), FluxApiError, "api-unreachable");
});

Deno.test("sendRequest cuts an answer that is too large", async () => {
  await using api = FakeFluxApi.start();
  api.answerNext({ body: " ".repeat(5_000), ending: "stalled" });
  const error = await assertRejects(
    () => sendRequest(`${api.url}/x`, requestOptions({ maxResponseBytes: 4_999 })),
    FluxApiError,
    "response-too-large",
  );
  assertEquals(error.transient, false);
});

Deno.test("sendRequest hands the caller's cancellation to fetch", async () => {
  const controller = new AbortController();
  let seen: AbortSignal | null | undefined;
  const hang: Fetch = (_, init) => {
    seen = init?.signal;
    return new Promise((_resolve, reject) => seen?.addEventListener("abort", () => reject(seen)));
  };
  const sending = sendRequest(
    "http://a/",
    requestOptions({ fetch: hang, signal: controller.signal }),
  );
  controller.abort(new RangeError("enough"));
  await assertRejects(() => sending, FluxApiError, "api-unreachable");
  assert(seen?.aborted && seen.reason instanceof RangeError);
});
