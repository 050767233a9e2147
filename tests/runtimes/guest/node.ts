/**
 * The guest in Node.js and Bun: a line of JSON on standard input is a task, one on standard output
 * what came of it. It dials and listens with `node:net`.
 *
 * @module
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { dialSocket, socketDuplex } from "./node_socket.js";
import { type AgentTask, serve, type SessionOutcome } from "./session_tasks.ts";
import { perform, type Task } from "./tasks.ts";

/** What only a runtime that listens can be asked. */
type ListeningTask = { readonly kind: "listen"; readonly input: AgentTask } | {
  readonly kind: "listened";
};

let listened: Promise<SessionOutcome> | null = null;

/** Is an agent for the first that connects; returns the port. */
async function listen(task: AgentTask): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  listened = (once(server, "connection") as Promise<[Socket]>).then(([socket]) => {
    server.close();
    return serve(task, socketDuplex(socket));
  });
  return (server.address() as AddressInfo).port;
}

async function answer(task: Task | ListeningTask): Promise<unknown> {
  if (task.kind === "listen") return await listen(task.input);
  if (task.kind === "listened") return await listened;
  return await perform(task, (port) => dialSocket(port, "127.0.0.1"));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...task } = JSON.parse(line);
  answer(task).then(
    (value) => ({ id, value }),
    (error) => ({ id, error: `${error instanceof Error ? error.stack : error}` }),
  ).then((said) => process.stdout.write(`${JSON.stringify(said)}\n`));
}
