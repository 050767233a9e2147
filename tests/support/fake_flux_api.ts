/**
 * A stand-in for the FluxOS API: a real HTTP server on a free port of 127.0.0.1.
 *
 * It keeps the habits of FluxOS that have bitten clients: errors are HTTP 200, the name in
 * `/apps/location/` is a case-insensitive regular expression, an unknown app runs nowhere. On top of
 * that it can be told to misbehave.
 *
 * @module
 */

const FIXTURES = new URL("../fixtures/flux/", import.meta.url);

/** How long after its broadcast FluxOS drops a row, in milliseconds. */
const ROW_LIFE_MS = 125 * 60_000;

/** A request that the server received. */
export interface ReceivedRequest {
  /** The method, for example `GET`. */
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The headers. */
  readonly headers: Headers;
}

/** An answer that takes the place of the one that FluxOS would give. */
export interface ScriptedAnswer {
  /**
   * The HTTP status.
   *
   * @default {200}
   */
  readonly status?: number;
  /** The body; empty by default. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Holds the answer back until the promise is fulfilled. */
  readonly after?: Promise<unknown>;
  /**
   * How the answer ends: `whole`; `silent` sends nothing, not even a head, until the server ends;
   * `stalled` sends head and body and never finishes; `cut` sends them and drops the connection.
   *
   * @default {"whole"}
   */
  readonly ending?: "whole" | "silent" | "stalled" | "cut";
}

interface LocationRow {
  readonly name: string;
  readonly [member: string]: unknown;
}

/** The server; ends with `await using` or {@linkcode FakeFluxApi.stop}. */
export class FakeFluxApi implements AsyncDisposable {
  /** Every request since the start, in the order of arrival. */
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #locations = new Map<string, readonly LocationRow[]>();
  readonly #owners = new Map<string, string>();
  readonly #specifications = new Map<string, unknown>();
  readonly #bodies = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  readonly #script: ScriptedAnswer[] = [];
  readonly #stopping = Promise.withResolvers<void>();
  #always: ScriptedAnswer | null = null;

  private constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: () => unavailable() },
      (request) => this.#answer(request),
    );
  }

  /** Starts a server that knows no app. */
  static start(): FakeFluxApi {
    return new FakeFluxApi();
  }

  /** The base URL, without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Says where an app runs from now on, each place as `host` or `host:apiPort`. */
  setLocations(appName: string, addresses: readonly string[]): void {
    const now = Date.now();
    const broadcastedAt = new Date(now).toISOString();
    const expireAt = new Date(now + ROW_LIFE_MS).toISOString();
    const rows = addresses.map((ip) => ({
      name: appName,
      hash: "00".repeat(32),
      ip,
      broadcastedAt,
      expireAt,
      osUptime: 1834523.41,
      staticIp: true,
      runningSince: broadcastedAt,
    }));
    this.setLocationRows(appName, rows);
  }

  /** Sets the raw rows that an app has from now on. */
  setLocationRows(appName: string, rows: readonly LocationRow[]): void {
    this.#locations.set(appName, rows);
  }

  /** Says who owns an app from now on. */
  setOwner(appName: string, owner: string): void {
    this.#owners.set(appName, owner);
  }

  /** Sets the specification of an app. */
  setSpecification(appName: string, specification: unknown): void {
    this.#specifications.set(appName, specification);
  }

  /** Answers a path with a file of `tests/fixtures/flux/` from now on. */
  async useFixture(path: string, fileName: string): Promise<void> {
    this.#bodies.set(path, await readFluxFixture(fileName));
  }

  /** Gives these answers to the next requests, whatever they ask, one each. */
  answerNext(...answers: readonly ScriptedAnswer[]): void {
    this.#script.push(...answers);
  }

  /** Answers the next requests for this path with status 503, so many. */
  failNext(path: string, times: number): void {
    this.#failures.set(path, times);
  }

  /** Gives this answer to every request after the script; `null` ends that. */
  answerAlways(answer: ScriptedAnswer | null): void {
    this.#always = answer;
  }

  /** Lets go of every request that is held back, and stops listening. */
  async stop(): Promise<void> {
    this.#stopping.resolve();
    await this.#server.shutdown();
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    this.requests.push({ method: request.method, path, headers: request.headers });
    const failures = this.#failures.get(path) ?? 0;
    this.#failures.set(path, failures - 1);
    if (failures > 0) return unavailable();
    const scripted = this.#script.shift() ?? this.#always;
    return scripted === null ? this.#answerAsFluxOs(path) : await this.#play(scripted);
  }

  async #play(answer: ScriptedAnswer): Promise<Response> {
    const stopping = this.#stopping.promise;
    const { status = 200, body = "", headers = {}, ending = "whole", after } = answer;
    if (after !== undefined) await Promise.race([after, stopping]);
    if (ending === "silent") {
      await stopping;
      return unavailable();
    }
    const init = { status, headers: { "content-type": "application/json", ...headers } };
    if (ending === "whole") return new Response(body, init);
    const first = typeof body === "string" ? new TextEncoder().encode(body) : body;
    let sent = false;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (!sent && first.length > 0) {
          sent = true;
          controller.enqueue(first);
          return;
        }
        if (ending === "cut") throw new Error("the connection is dropped on purpose");
        await stopping;
        controller.close();
      },
    });
    return new Response(stream, init);
  }

  #answerAsFluxOs(path: string): Response {
    const body = this.#bodies.get(path);
    if (body !== undefined) {
      return new Response(body, { headers: { "content-type": "application/json" } });
    }
    const [, folder, question, encodedName = ""] = path.split("/");
    const name = decodeURIComponent(encodedName);
    if (folder !== "apps") return new Response(`Cannot GET ${path}`, { status: 404 });
    switch (question) {
      case "location":
        return this.#answerLocation(name);
      case "locations":
        return success([...this.#locations.values()].flat());
      case "appowner": {
        const owner = this.#owners.get(name);
        return owner === undefined ? fault("Application not found") : success(owner);
      }
      case "appspecifications": {
        const specification = this.#specifications.get(name);
        if (specification === undefined) return fault(`Application: ${name} not found`);
        return success(specification);
      }
      default:
        return new Response(`Cannot GET ${path}`, { status: 404 });
    }
  }

  #answerLocation(name: string): Response {
    if (name === "") return fault("No Flux App name specified");
    let pattern: RegExp;
    try {
      pattern = new RegExp(`^${name}$`, "i");
    } catch (error) {
      return fault((error as Error).message, "SyntaxError");
    }
    return success([...this.#locations.values()].flat().filter((row) => pattern.test(row.name)));
  }
}

/** Reads a file of `tests/fixtures/flux/`. */
export async function readFluxFixture(fileName: string): Promise<string> {
  return await Deno.readTextFile(new URL(fileName, FIXTURES));
}

/** Reads the `data` of a file of `tests/fixtures/flux/`. */
export async function readFluxFixtureData(fileName: string): Promise<unknown> {
  return JSON.parse(await readFluxFixture(fileName)).data;
}

function unavailable(): Response {
  return new Response(null, { status: 503 });
}

function success(data: unknown): Response {
  return Response.json({ status: "success", data });
}

function fault(message: string, name = "Error"): Response {
  return Response.json({ status: "error", data: { name, message } });
}
