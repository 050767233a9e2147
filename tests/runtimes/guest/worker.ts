/**
 * The guest in workerd: a POST is a task, a WebSocket is a keeper that wants an agent. It dials with
 * `cloudflare:sockets`, whose sockets are duplexes as they are.
 *
 * @module
 */
import { type Duplex, webSocketDuplex } from "../../../protocol/mod.ts";
import { serve, type SessionOutcome } from "./session_tasks.ts";
import { perform } from "./tasks.ts";

/** `connect` of `cloudflare:sockets`. */
type Connect = (
  address: { readonly hostname: string; readonly port: number },
  options: { readonly allowHalfOpen: boolean },
) => Duplex;

/** What the runtime has and the browser has not. */
declare const WebSocketPair: new () => { readonly 0: WebSocket; readonly 1: Accepting };
type Accepting = WebSocket & { accept(): void };
type WorkerContext = { waitUntil(work: Promise<unknown>): void };

/** How the latest session of the agent ended, in JSON. */
let outcome: string | null = null;

async function acceptKeeper(socket: Accepting, task: string): Promise<void> {
  let ended: { value: SessionOutcome } | { error: string };
  try {
    ended = { value: await serve(JSON.parse(task), webSocketDuplex(socket)) };
  } catch (error) {
    ended = { error: `${error instanceof Error ? error.stack : error}` };
  }
  outcome = JSON.stringify(ended);
}

async function answer(request: Request, connect: Connect): Promise<unknown> {
  const dial = (port: number) =>
    Promise.resolve(connect({ hostname: "127.0.0.1", port }, { allowHalfOpen: true }));
  try {
    return { value: await perform(await request.json(), dial) };
  } catch (error) {
    return { error: `${error instanceof Error ? error.stack : error}` };
  }
}

/** Makes the worker; what `cloudflare:sockets` exports is handed in, since nothing else knows it. */
export function makeWorker(connect: Connect): unknown {
  return {
    async fetch(request: Request, _env: unknown, context: WorkerContext): Promise<Response> {
      const url = new URL(request.url);
      if (url.pathname === "/outcome") return new Response(outcome ?? "null");
      if (request.headers.get("upgrade") !== "websocket") {
        return Response.json(await answer(request, connect));
      }
      const { 0: client, 1: socket } = new WebSocketPair();
      outcome = null;
      socket.accept();
      context.waitUntil(acceptKeeper(socket, url.searchParams.get("task") ?? ""));
      const init: ResponseInit & { webSocket: WebSocket } = { status: 101, webSocket: client };
      return new Response(null, init);
    },
  };
}
