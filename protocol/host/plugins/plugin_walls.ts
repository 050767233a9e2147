/**
 * What runs inside the walls of a plugin, as the text of three scripts.
 *
 * The outer one is a Web Worker, which obeys permissions; the middle one is a thread of `node:`, whose
 * heap has a cap; the inner one is a realm of its own, in which there is neither an import, nor a buffer
 * that lies outside of the heap, nor anything of the program. Only texts go in and out of it.
 *
 * @module
 */

/** Starts the thread; hands on what it and the program tell each other. */
export const OUTER_SCRIPT: string = String.raw`
import { Worker as Thread } from "node:worker_threads";
let thread = null;
self.onmessage = ({ data }) => {
  if (thread !== null) return data === null ? thread.terminate() : thread.postMessage(data);
  const { script, memoryMb, workerData } = data;
  thread = new Thread(new URL("data:text/javascript," + encodeURIComponent(script)), {
    workerData,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 4 },
  });
  thread.on("message", (text) => self.postMessage(text));
  thread.on("error", (error) => {
    self.postMessage({ end: error?.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "threw" });
  });
  thread.on("exit", (status) => {
    self.postMessage({ end: status === 9 ? "flooded" : status === 8 ? "threw" : "exited" });
  });
};
`;

/** Makes the realm of the plugin, and counts what it sends: the program confirms what it has read. */
export const THREAD_SCRIPT: string = String.raw`
import { parentPort, workerData } from "node:worker_threads";
import process from "node:process";
import vm from "node:vm";
const { realm, code, maxUnread, maxLength } = workerData;
const after = setTimeout;
delete globalThis.Worker;
let unread = 0;
const send = (text) => {
  if (typeof text !== "string") return;
  if (++unread > maxUnread || text.length > maxLength) process.exit(9);
  parentPort.postMessage(text);
};
const context = vm.createContext(Object.create(null));
const receive = vm.runInContext(realm, context)(send, (run, ms) => void after(() => run(), ms));
parentPort.on("message", (message) => {
  if (typeof message === "number") unread -= message;
  else receive(message);
});
try {
  vm.runInContext('"use strict";' + code, context, { filename: "plugin.js" });
} catch {
  // Unhandled, it would be printed by the program.
  process.exit(8);
}
receive(null);
`;

/**
 * The inner side, evaluated in the realm of the plugin.
 *
 * What it is given from outside (two functions) it calls, and shows to nobody; what they throw would be
 * of the other realm, so that it is dropped unseen.
 */
export const REALM_SCRIPT: string = String.raw`
(function (send, after) {
  "use strict";
  const { parse, stringify } = JSON;
  const { hasOwn, keys } = Object;
  // Buffers lie outside of the heap and so outside of its cap.
  for (const name of [
    "ArrayBuffer", "SharedArrayBuffer", "Atomics", "DataView", "WebAssembly", "console",
    "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
    "Uint32Array", "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
  ]) delete globalThis[name];
  let actions = null;
  const post = (message) => {
    let text;
    try { text = stringify(message); } catch { return false; }
    try { send(text); } catch { return false; }
    return true;
  };
  const sleep = (ms) => new Promise((resolve) => {
    try { after(() => resolve(), Number(ms)); } catch { resolve(); }
  });
  const log = (text) => void post({ Kind: "log", Text: String(text).slice(0, 1024) });
  globalThis.plugin = (definition) => {
    if (actions !== null) throw new TypeError("plugin() is called once");
    actions = definition.actions;
  };
  const run = async ({ Id, Action, Input }) => {
    const progress = (output) => void post({ Kind: "progress", Id, Output: output });
    try {
      if (!hasOwn(actions, Action)) return void post({ Kind: "failed", Id, Code: "unknown-action" });
      const action = actions[Action];
      const output = await action(Input, { progress, log, sleep });
      if (!post({ Kind: "result", Id, Output: output })) {
        post({ Kind: "failed", Id, Code: "output-malformed" });
      }
    } catch (error) {
      let code = "failed";
      try { if (typeof error.code === "string") code = error.code; } catch {}
      post({ Kind: "failed", Id, Code: code });
    }
  };
  return (text) => {
    if (text === null) post({ Kind: "ready", Actions: actions === null ? [] : keys(actions) });
    else run(parse(text));
  };
})
`;
