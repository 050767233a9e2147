/**
 * The outer wall: the Web Worker that holds the thread and does for a plugin what it was permitted, as the
 * text of a module.
 *
 * @module
 */

/** How much a plugin can read, write, fetch or send in one go: 1 MiB. */
export const MAX_PLUGIN_CONTENT_BYTES = 1_048_576;

/** What a plugin asks of the worker, which does it under the permissions of the plugin. */
export const WORKER_ASKS: readonly string[] = [
  "env",
  "fetch",
  "list",
  "readBase64",
  "readText",
  "writeText",
];

/**
 * Starts the thread, hands on what it and the host tell each other, and does what the plugin asks.
 *
 * Deno itself keeps the plugin to its permissions here: a mistake in this script opens nothing more.
 */
export const WORKER_SCRIPT: string = String.raw`
import { Worker as Thread } from 'node:worker_threads';
const MAX = 1048576;
const MAX_ASKS = 8;
const STATUSES = { 70: "timed-out", 71: "threw", 72: "malformed", 73: "flooded", 74: "stopped", 75: "memory" };
const encoder = new TextEncoder();
let thread = null;
let unread = 0;
let maxUnread = 0;
let open = 0;

class Refusal extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}
const textOf = (value) => {
  if (typeof value !== "string") throw new Refusal("input-malformed");
  return value;
};
const pathOf = (value) => {
  const path = textOf(value);
  if (!/^(?:\/|[A-Za-z]:[\\/])/.test(path) || path.includes("\0")) throw new Refusal("input-malformed");
  return path;
};
// A link may lead to where the plugin may not, and Deno looks at the path that it is given alone: so it is
// given the one that there really is.
async function followNew(path) {
  const [, folder, name] = /^(.*[\\/])([^\\/]+)$/.exec(path) ?? [];
  if (name === undefined || name === "." || name === "..") throw new Refusal("input-malformed");
  const { state } = await Deno.permissions.query({ name: "read", path: folder });
  // Where the folder is not to be read, it is this very path that is granted.
  if (state !== "granted") return path;
  return (await Deno.realPath(folder)).replace(/[\\/]$/, "") + "/" + name;
}
async function readBytes(path) {
  const real = await Deno.realPath(path);
  const { isFile, size } = await Deno.stat(real);
  if (!isFile) throw new Refusal("not-a-file");
  if (size > MAX) throw new Refusal("too-large");
  using file = await Deno.open(real, { read: true });
  return await readAll(file.readable);
}
async function readAll(readable) {
  const pieces = [];
  let length = 0;
  for await (const piece of readable) {
    length += piece.length;
    if (length > MAX) throw new Refusal("too-large");
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
const performers = {
  __proto__: null,
  env: ([name]) => Deno.env.get(textOf(name)) ?? null,
  readText: async ([path]) => new TextDecoder().decode(await readBytes(pathOf(path))),
  readBase64: async ([path]) => (await readBytes(pathOf(path))).toBase64(),
  async writeText([path, text]) {
    const bytes = encoder.encode(textOf(text));
    if (bytes.length > MAX) throw new Refusal("too-large");
    try {
      await Deno.writeFile(await Deno.realPath(pathOf(path)), bytes, { create: false });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.writeFile(await followNew(path), bytes, { createNew: true, mode: 0o600 });
    }
    return null;
  },
  async list([path]) {
    const entries = [];
    const real = await Deno.realPath(pathOf(path));
    for await (const { name, isFile, isDirectory } of Deno.readDir(real)) {
      if (entries.push({ name, isFile, isDirectory }) > 1000) throw new Refusal("too-large");
    }
    return entries;
  },
  async fetch([url, options]) {
    if (!/^https?:\/\//i.test(textOf(url))) throw new Refusal("input-malformed");
    const { method = "GET", headers = {}, body } = options ?? {};
    const signal = AbortSignal.timeout(30000);
    const response = await fetch(url, {
      method: textOf(method),
      headers: Object.entries(headers ?? {}).map(([name, value]) => [name, textOf(value)]),
      ...(body === undefined || body === null ? {} : { body: textOf(body) }),
      signal,
    });
    try {
      const bytes = response.body === null ? new Uint8Array() : await readAll(response.body);
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: new TextDecoder().decode(bytes),
      };
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      throw error;
    }
  },
};
function codeOf(error) {
  if (error instanceof Refusal) return error.code;
  if (error instanceof Deno.errors.NotCapable) return "not-permitted";
  if (error instanceof Deno.errors.NotFound) return "not-found";
  if (error instanceof Deno.errors.AlreadyExists) return "not-permitted";
  if (error instanceof Deno.errors.PermissionDenied) return "permission-denied";
  return error?.name === "TimeoutError" ? "timed-out" : "failed";
}
async function perform(text) {
  let id = 0;
  let answer;
  try {
    const { Id, Name, Input } = JSON.parse(text);
    id = Number(Id);
    if (open >= MAX_ASKS) throw new Refusal("busy");
    const performer = performers[Name];
    if (performer === undefined || !Array.isArray(Input)) throw new Refusal("input-malformed");
    open++;
    try {
      answer = { Kind: "answer", Id: id, Output: await performer(Input) };
    } finally {
      open--;
    }
  } catch (error) {
    answer = { Kind: "refusal", Id: id, Code: codeOf(error) };
  }
  thread.postMessage(JSON.stringify(answer));
}
function take(text) {
  if (typeof text !== "string") return;
  if (text[0] === "w") return void perform(text.slice(1));
  // The thread counts by itself; this is for one that does not any more.
  if (++unread > 2 * maxUnread) return self.postMessage({ end: "flooded" });
  self.postMessage(text.slice(1));
}
self.onmessage = ({ data }) => {
  if (thread !== null) {
    if (typeof data === "number") unread -= data;
    return thread.postMessage(data);
  }
  maxUnread = data.workerData.maxUnread;
  thread = new Thread(new URL("data:text/javascript," + encodeURIComponent(data.script)), {
    workerData: data.workerData,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: data.memoryMb, maxYoungGenerationSizeMb: 4 },
  });
  thread.on("message", take);
  thread.on("error", (error) => {
    self.postMessage({ end: error?.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "threw" });
  });
  thread.on("exit", (status) => self.postMessage({ end: STATUSES[status] ?? "exited", gone: true }));
};
`;
