/**
 * The guest in a browser: the DevTools call `perform`. It dials by a WebSocket to the server that the
 * page came from, which passes everything on to the port.
 *
 * @module
 */
import { webSocketDuplex } from "../../../protocol/mod.ts";
import { perform, type Task } from "./tasks.ts";

const origin = new URL(import.meta.url).host;

Object.assign(globalThis, {
  perform: (task: Task) =>
    perform(task, (port) => {
      const socket = new WebSocket(`ws://${origin}/dial?port=${port}`);
      return Promise.resolve(webSocketDuplex(socket));
    }),
});
