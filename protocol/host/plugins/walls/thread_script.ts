/**
 * The middle wall: the thread that has the realm of a plugin, as the text of a module.
 *
 * @module
 */

/**
 * Makes the realm, hands texts in and out, and ends by itself.
 *
 * Deno cannot end a thread that is in an endless loop (its `terminate()` waits for the loop). So code of
 * the plugin runs in only one way: as a script with a limit of time, which takes with it the microtasks
 * that follow.
 */
export const THREAD_SCRIPT: string = String.raw`
import { parentPort, workerData } from 'node:worker_threads';
import process, { exit } from 'node:process';
import vm from 'node:vm';
const { realm, code, askNames, startMs, runMs, maxMessage, maxOutgoing, maxUnread } = workerData;
const [setTimer, clearTimer] = [globalThis.setTimeout, globalThis.clearTimeout];
const endings = { t: 71, m: 72, f: 73 };
const timers = new Map();
let unread = 0;
// Unhandled, it would be printed by the program.
process.on("unhandledRejection", () => exit(71));
process.on("uncaughtException", () => exit(71));
const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { microtaskMode: "afterEvaluate" });
const limits = JSON.stringify({ maxMessage, maxOutgoing });
const { put, take } = vm.runInContext(realm, context)(code, askNames, limits);
const entry = new vm.Script("enter()", { filename: "plugin.js" });
function run(timeout) {
  // Where the heap is full, V8 takes the execution away from here, and nothing catches that.
  const watch = setTimer(() => exit(75), 0);
  try {
    entry.runInContext(context, { timeout, displayErrors: false });
  } catch {
    // What the plugin throws never gets here.
    exit(70);
  }
  clearTimer(watch);
  for (let text = take(); text !== undefined; text = take()) handOut(text);
}
function handOut(text) {
  const kind = text[0];
  if (kind === "s") {
    const [id, durationMs] = text.slice(1).split(",").map(Number);
    timers.set(id, setTimer(() => wake(id), durationMs));
  } else if (kind === "c") {
    clearTimer(timers.get(Number(text.slice(1))));
    timers.delete(Number(text.slice(1)));
  } else if (kind === "h" || kind === "w") {
    if (kind === "h" && ++unread > maxUnread) exit(73);
    parentPort.postMessage(text);
  } else exit(endings[kind] ?? 71);
}
function wake(id) {
  timers.delete(id);
  put('{"Kind":"answer","Id":' + id + ',"Output":null}');
  run(runMs);
}
parentPort.on("message", (message) => {
  if (message === null) exit(74);
  if (typeof message === "number") return void (unread -= message);
  put(message);
  run(runMs);
});
run(startMs);
`;
