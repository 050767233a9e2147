/**
 * Chromium without a window: a page of the test's own server, driven by the DevTools. It can only
 * dial, and only WebSockets; the server passes them on to TCP.
 *
 * @module
 */
import { webSocketDuplex } from "../../../protocol/mod.ts";
import { FollowedProcess } from "../../support/followed_process.ts";
import type { AgentTask } from "../guest/session_tasks.ts";
import type { Tasks } from "../guest/tasks.ts";
import { DevTools } from "./dev_tools.ts";
import { dialPort, join, Port } from "./join.ts";
import { bundleGuest, type Runtime, type ServedAgent } from "./runtime.ts";

/** The page has loaded when its script has run. */
const PAGE = '<!doctype html><title>page</title><script type="module" src="/script.js"></script>';

/** A folder of its own keeps it from the user's; the rest keeps it quiet. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
  ...["--disable-sync", "--disable-extensions", "--remote-debugging-port=0"],
];

/** Starts the guest in a page of Chromium. */
export async function startChromium(executable: string): Promise<Runtime> {
  return new ChromiumRuntime(await openPage(executable, await bundleGuest("page", "browser")));
}

/** Opens a page of Chromium that runs a module; it has run when this returns. */
export async function openPage(executable: string, script: string): Promise<Page> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-runtime-" });
  const server = new PageServer(script);
  const process = new FollowedProcess({
    command: [executable, ...FLAGS, `--user-data-dir=${folder}`, "about:blank"],
    guardTimeoutMs: 600_000,
  });
  const url = await process.waitFor(() =>
    /DevTools listening on (ws:\S+)/.exec(process.stderr)?.[1]
  );
  const tools = await DevTools.connect(url);
  const sessionId = await tools.open(server.url);
  return {
    server,
    evaluate: (expression) => tools.evaluate(expression, sessionId),
    async [Symbol.asyncDispose]() {
      await tools.close();
      await process.stop();
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Serves the page, and passes its WebSockets on to ports of 127.0.0.1. */
export class PageServer implements AsyncDisposable {
  /** Answers what it does not know itself: a page asks no other server that does not allow it. */
  apiUrl: string | null = null;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #script: string;
  readonly #passing = new Set<Promise<void>>();

  /** Starts to serve. */
  constructor(script: string) {
    this.#script = script;
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** Its address, without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/") {
      return new Response(PAGE, { headers: { "content-type": "text/html" } });
    }
    if (url.pathname === "/script.js") {
      return new Response(this.#script, { headers: { "content-type": "text/javascript" } });
    }
    if (url.pathname !== "/dial") return await this.#passOn(url.pathname);
    const connection = await dialPort(Number(url.searchParams.get("port")));
    const { socket, response } = Deno.upgradeWebSocket(request);
    const passing = join(webSocketDuplex(socket), connection.duplex);
    this.#passing.add(passing);
    passing.then(() => this.#passing.delete(passing));
    return response;
  }

  async #passOn(path: string): Promise<Response> {
    if (this.apiUrl === null) return new Response(null, { status: 404 });
    return await fetch(this.apiUrl + path);
  }

  /** Stops once nothing is passed on any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#passing);
    await this.#server.shutdown();
  }
}

/** A page that is open; `await using` ends the browser. */
export interface Page extends AsyncDisposable {
  /** Where it came from. */
  readonly server: PageServer;
  /** Evaluates an expression and returns the value of its promise; throws its error. */
  evaluate(expression: string): Promise<unknown>;
}

class ChromiumRuntime implements Runtime {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async perform<Kind extends keyof Tasks>(
    kind: Kind,
    input: Tasks[Kind][0],
  ): Promise<Tasks[Kind][1]> {
    const task = JSON.stringify({ kind, input });
    return await this.#page.evaluate(`perform(${task})`) as Tasks[Kind][1];
  }

  reach(apiUrl: string): string {
    this.#page.server.apiUrl = apiUrl;
    return this.#page.server.url;
  }

  /** The page dials one port and the keeper another; both are joined. */
  listen(task: AgentTask): Promise<ServedAgent> {
    const [inner, outer] = [new Port(), new Port()];
    const outcome = this.perform("serve", { ...task, port: inner.number });
    // Whoever asks for it is told; nobody else need be.
    outcome.catch(() => {});
    const joined = Promise.all([inner.accept(), outer.accept()]).then(async ([page, keeper]) => {
      if (page !== null && keeper !== null) await join(page.duplex, keeper.duplex);
      page?.close();
      keeper?.close();
    });
    return Promise.resolve({
      port: outer.number,
      outcome: () => outcome,
      async [Symbol.asyncDispose]() {
        inner[Symbol.dispose]();
        outer[Symbol.dispose]();
        await joined;
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page[Symbol.asyncDispose]();
  }
}
