import { fetchAgreedAppOwner } from "../../flux/agreed_owner.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { FluxClient, type FluxGetOptions } from "../../flux/flux_client.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";

const OWNER = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
const OTHER = "1L2cmJ69frZTg83izRNJsYwDWh5ZmdoUSx";
const ETHEREUM = "0xfaA2ca6454F2815C0900da1d4BfbD53072C736eb";

/** A client of an API of its own, which gives these bodies, one a request, and then the last again. */
function clientThatHears(...bodies: readonly [unknown, ...unknown[]]): FluxClient {
  let asked = 0;
  return new FluxClient({
    attempts: 1,
    fetch: () => Promise.resolve(Response.json(bodies[Math.min(asked++, bodies.length - 1)])),
  });
}

function success(data: string): unknown {
  return { status: "success", data };
}

const UNKNOWN = { status: "error", data: { message: "Application not found" } };
const NOT_SYNCED = { status: "error", data: { message: "Daemon not yet synced." } };

function clientThatFails(): FluxClient {
  return new FluxClient({ attempts: 1, fetch: () => Promise.reject(new TypeError("no route")) });
}

/** A client of an API that never answers; tells when it is asked. */
function clientThatHangs(onAsked: () => void): FluxClient {
  return new FluxClient({
    fetch: (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
        onAsked();
      }),
  });
}

Deno.test("fetchAgreedAppOwner asks a single client twice, both times past the cache", async () => {
  await using api = FakeFluxApi.start();
  api.setOwner("vaultdemo", OWNER);
  const owner = await fetchAgreedAppOwner([new FluxClient({ baseUrls: [api.url] })], "vaultdemo");
  assertEquals(owner, { kind: "zelid", address: OWNER });
  assertEquals(api.requests.map(({ path }) => path), Array(2).fill("/apps/appowner/vaultdemo"));
  const headers = api.requests.map((request) => request.headers.get("x-apicache-bypass"));
  assertEquals(headers, ["1", "1"]);
});

Deno.test("fetchAgreedAppOwner asks two base URLs of a single client where it has them", async () => {
  await using one = FakeFluxApi.start();
  await using two = FakeFluxApi.start();
  for (const api of [one, two]) api.setOwner("vaultdemo", OWNER);
  const client = new FluxClient({ baseUrls: [one.url, two.url] });
  await fetchAgreedAppOwner([client], "vaultdemo");
  assertEquals([one.requests.length, two.requests.length], [1, 1]);
});

Deno.test("fetchAgreedAppOwner asks each of several clients once, and past the cache", async () => {
  await using one = FakeFluxApi.start();
  await using two = FakeFluxApi.start();
  for (const api of [one, two]) api.setOwner("vaultdemo", OWNER);
  const clients = [one, two].map(({ url }) => new FluxClient({ baseUrls: [url] }));
  const owner = await fetchAgreedAppOwner(clients, "vaultdemo");
  assertEquals(owner, { kind: "zelid", address: OWNER });
  for (const { requests } of [one, two]) {
    assertEquals(requests.map(({ headers }) => headers.get("x-apicache-bypass")), ["1"]);
  }
});

Deno.test("fetchAgreedAppOwner asks all clients before it has an answer of any", async () => {
  let asked = 0;
  const everybodyAsked = Promise.withResolvers<void>();
  const clients = Array.from({ length: 3 }, () =>
    new FluxClient({
      fetch: async () => {
        if (++asked === 3) everybodyAsked.resolve();
        await everybodyAsked.promise;
        return Response.json(success(OWNER));
      },
    }));
  assertEquals((await fetchAgreedAppOwner(clients, "vaultdemo")).kind, "zelid");
});

Deno.test("fetchAgreedAppOwner refuses owners that differ, and says what the operator can do", async () => {
  const clients = [clientThatHears(success(OWNER)), clientThatHears(success(OTHER))];
  const asking = () => fetchAgreedAppOwner(clients, "vaultdemo");
  const error = await assertRejects(asking, FluxApiError, "owner-disputed");
  assertEquals(error.transient, false);
  assert(error.message.includes(OWNER) && error.message.includes(OTHER));
  assertMatch(error.hint ?? "", /--zelid/);
});

Deno.test("fetchAgreedAppOwner refuses owners that differ within one client", async () => {
  const client = clientThatHears(success(OWNER), success(OTHER));
  const asking = () => fetchAgreedAppOwner([client], "vaultdemo");
  await assertRejects(asking, FluxApiError, "owner-disputed");
});

Deno.test("fetchAgreedAppOwner refuses owners that differ where neither is an address", async () => {
  const client = clientThatHears(success("TrippleOwner"), success("DoubleOwner"));
  const asking = () => fetchAgreedAppOwner([client], "vaultdemo");
  await assertRejects(asking, FluxApiError, "owner-disputed");
});

Deno.test("fetchAgreedAppOwner lets no majority win", async () => {
  for (const third of [OTHER, ETHEREUM, "TrippleOwner", `${OWNER} `]) {
    const clients = [OWNER, OWNER, third].map((owner) => clientThatHears(success(owner)));
    const asking = () => fetchAgreedAppOwner(clients, "vaultdemo");
    await assertRejects(asking, FluxApiError, "owner-disputed");
  }
});

/** A client that tells when it has its answer. */
class TellingClient extends FluxClient {
  readonly answered: Promise<void>;
  readonly #tell: () => void;

  constructor(owner: string) {
    super({ fetch: () => Promise.resolve(Response.json(success(owner))) });
    ({ promise: this.answered, resolve: this.#tell } = Promise.withResolvers<void>());
  }

  override async get<T>(
    path: string,
    read: (data: unknown) => T,
    options?: FluxGetOptions,
  ): Promise<T> {
    const value = await super.get(path, read, options);
    this.#tell();
    return value;
  }
}

Deno.test("fetchAgreedAppOwner sees a dispute that comes after two answers that agree", async () => {
  const agreeing = [new TellingClient(OWNER), new TellingClient(OWNER)];
  const late = new FluxClient({
    fetch: async () => {
      await Promise.all(agreeing.map(({ answered }) => answered));
      return Response.json(success(OTHER));
    },
  });
  const asking = () => fetchAgreedAppOwner([...agreeing, late], "vaultdemo");
  await assertRejects(asking, FluxApiError, "owner-disputed");
});

Deno.test("fetchAgreedAppOwner sees a dispute beside a failure", async () => {
  const hearing = [clientThatHears(success(OWNER)), clientThatHears(success(OTHER))];
  const asking = () => fetchAgreedAppOwner([...hearing, clientThatFails()], "vaultdemo");
  await assertRejects(asking, FluxApiError, "owner-disputed");
});

Deno.test("fetchAgreedAppOwner takes an Ethereum address as the same in either case", async () => {
  const clients = [ETHEREUM, ETHEREUM.toLowerCase()].map((owner) =>
    clientThatHears(success(owner))
  );
  const owner = await fetchAgreedAppOwner(clients, "vaultdemo");
  assertEquals(owner, { kind: "ethereum", address: ETHEREUM });
});

Deno.test("fetchAgreedAppOwner returns an owner that is no address where all say so", async () => {
  const owner = await fetchAgreedAppOwner([clientThatHears(success("TrippleOwner"))], "vaultdemo");
  assertEquals(owner, { kind: "unusable", text: "TrippleOwner" });
});

Deno.test("fetchAgreedAppOwner does without a third answer that fails", async () => {
  for (const third of [clientThatFails(), clientThatHears(UNKNOWN)]) {
    const clients = [clientThatHears(success(OWNER)), third, clientThatHears(success(OWNER))];
    const owner = await fetchAgreedAppOwner(clients, "vaultdemo");
    assertEquals(owner, { kind: "zelid", address: OWNER });
  }
});

Deno.test("fetchAgreedAppOwner does not make do with one answer", async () => {
  const clients = [clientThatHears(success(OWNER)), clientThatFails()];
  const asking = () => fetchAgreedAppOwner(clients, "vaultdemo");
  const error = await assertRejects(asking, FluxApiError, "api-unreachable");
  assertEquals(error.transient, true);
  assertMatch(
    error.message,
    /^cannot get two answers that agree about who owns vaultdemo: cannot /,
  );
  assert(error.cause instanceof FluxApiError && error.hint !== undefined);
});

Deno.test("fetchAgreedAppOwner fails with the last failure, transient or not as that is", async () => {
  const failing = [clientThatHears(NOT_SYNCED), clientThatHears(UNKNOWN)];
  const last = (clients: FluxClient[]) => () => fetchAgreedAppOwner(clients, "vaultdemo");
  const unknown = await assertRejects(last(failing), FluxApiError, "app-unknown");
  assertEquals([unknown.transient, unknown.hint], [false, "Check the name of the app."]);
  const behind = await assertRejects(last(failing.toReversed()), FluxApiError, "not-synced");
  assertEquals(behind.transient, true);
});

Deno.test("fetchAgreedAppOwner sends no name that no app can have", async () => {
  await using api = FakeFluxApi.start();
  const client = new FluxClient({ baseUrls: [api.url] });
  const asking = () => fetchAgreedAppOwner([client], ".*");
  const error = await assertRejects(asking, FluxApiError, "name-invalid");
  assertMatch(error.message, /^"\.\*" cannot be the name of an app$/);
  assertEquals(api.requests.length, 0);
});

Deno.test("fetchAgreedAppOwner needs a client", async () => {
  await assertRejects(() => fetchAgreedAppOwner([], "vaultdemo"), TypeError);
});

Deno.test("fetchAgreedAppOwner throws the reason of its signal, even after two answers", async () => {
  const controller = new AbortController();
  // One that could be taken for the failure of a question.
  const reason = new FluxApiError("api-unreachable", "the network is going away");
  const agreeing = [new TellingClient(OWNER), new TellingClient(OWNER)];
  const asked = Promise.withResolvers<void>();
  const asking = fetchAgreedAppOwner([...agreeing, clientThatHangs(asked.resolve)], "vaultdemo", {
    signal: controller.signal,
  });
  await Promise.all([asked.promise, ...agreeing.map(({ answered }) => answered)]);
  controller.abort(reason);
  assertEquals(await asking.catch((error) => error), reason);
});

Deno.test("fetchAgreedAppOwner passes on what is a bug, whatever the others answer", async () => {
  const broken = new FluxClient({
    attempts: 2,
    fetch: () => Promise.reject(new TypeError("no route")),
    delay: () => Promise.reject(new SyntaxError("a bug of the caller")),
  });
  const clients = [clientThatHears(success(OWNER)), clientThatHears(success(OWNER)), broken];
  await assertRejects(() => fetchAgreedAppOwner(clients, "vaultdemo"), SyntaxError);
});
