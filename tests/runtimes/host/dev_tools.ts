/**
 * The DevTools protocol of a browser, as far as a page and its functions need it.
 *
 * @module
 */

/** What the browser says: to a command, or of its own accord. */
interface Reply {
  readonly id?: number;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any
  readonly result?: any;
  readonly error?: { readonly message: string };
}

/** A connection to a browser. */
export class DevTools {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Reply>>();
  readonly #events = new Map<string, () => void>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const reply: Reply = JSON.parse(data);
      if (reply.method !== undefined) this.#events.get(reply.method)?.();
      if (reply.id === undefined) return;
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
    socket.addEventListener("close", () => {
      const error = { message: "the browser has ended" };
      for (const { resolve } of this.#waiting.values()) resolve({ error });
    });
  }

  /** Connects to the address that the browser printed. */
  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", () => reject(new Error("the browser does not answer")));
    });
    return new DevTools(socket);
  }

  /** Sends a command and returns its result. */
  // deno-lint-ignore no-explicit-any
  async send(method: string, params: object, sessionId?: string): Promise<any> {
    const id = this.#nextId++;
    const reply = Promise.withResolvers<Reply>();
    this.#waiting.set(id, reply);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await reply.promise;
    if (error !== undefined) throw new Error(`${method} failed: ${error.message}`);
    return result;
  }

  /** Opens a page and waits until it has loaded, modules included; returns its session. */
  async open(url: string): Promise<string> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.send("Target.attachToTarget", attach);
    await this.send("Page.enable", {}, sessionId);
    const loaded = new Promise<void>((resolve) => this.#events.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url }, sessionId);
    await loaded;
    return sessionId;
  }

  /** Evaluates an expression in a page and returns the value of its promise; throws its error. */
  async evaluate(expression: string, sessionId: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", params, sessionId);
    if (exceptionDetails === undefined) return result.value;
    throw new Error(
      `the page failed: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`,
    );
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    this.#socket.close();
    await closed;
  }
}
