/**
 * `fluxvault-agent fetch`: gets one file from another agent's file server, where there is no curl.
 *
 * @module
 */
import { ConfigError, ConnectionError, decodeUtf8, delay, encodeHex } from "../../protocol/mod.ts";
import {
  type CommandContext,
  createNodeHasher,
  dirname,
  EXIT_DONE,
  join,
  storageError,
  syncFolder,
  temporaryName,
} from "../../protocol/host/mod.ts";
import {
  FETCH_TIMEOUT_MS,
  FIRST_FETCH_PAUSE_MS,
  MAX_FETCH_PAUSE_MS,
  MAX_FETCHED_TEXT_BYTES,
  MAX_RETRY_AFTER_S,
  MAX_SERVER_KEY_BYTES,
} from "../limits.ts";
import type { FETCH_OPTIONS } from "../fetch_options.ts";

type Context = CommandContext<typeof FETCH_OPTIONS>;

/** What came of one attempt that may be followed by another. */
interface Later {
  readonly reason: string;
  readonly cause?: unknown;
  /** When the server wants to be asked again, in milliseconds; `null` where it did not say. */
  readonly pauseMs: number | null;
}

/** Gets the file, and waits for it where that is asked for. */
export async function run(context: Context): Promise<number> {
  const { settings, logger, signal } = context;
  const url = readUrl(context);
  const mode = readMode(context);
  const fields = await readFields(settings.keyFile);
  using client = await openClient(context, url);
  const limit = settings.waitTimeoutMs === undefined
    ? signal
    : AbortSignal.any([signal, AbortSignal.timeout(settings.waitTimeoutMs)]);
  let pauseMs = FIRST_FETCH_PAUSE_MS;
  for (;;) {
    const later = await attempt(context, { url, mode, fields, client, limit });
    if (later === null) return EXIT_DONE;
    const failure = new ConnectionError(
      "connection-failed",
      `${url.href} could not be fetched: ${later.reason}`,
      {
        ...(later.cause === undefined ? {} : { cause: later.cause }),
        hint: "Add --wait to wait until it is there.",
      },
    );
    signal.throwIfAborted();
    if (!settings.wait || limit.aborted) throw failure;
    logger.info("waiting for the file", { url: url.href, reason: later.reason });
    await delay(later.pauseMs ?? pauseMs, limit).catch(() => {});
    signal.throwIfAborted();
    if (limit.aborted) throw failure;
    pauseMs = Math.min(2 * pauseMs, MAX_FETCH_PAUSE_MS);
  }
}

async function attempt(
  context: Context,
  { url, mode, fields, client, limit }: {
    readonly url: URL;
    readonly mode: number;
    readonly fields: Readonly<Record<string, string>>;
    readonly client: Deno.HttpClient | null;
    readonly limit: AbortSignal;
  },
): Promise<Later | null> {
  let response: Response;
  // The contents may take as long as they like; that something comes at all may not.
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), FETCH_TIMEOUT_MS);
  try {
    const signal = AbortSignal.any([limit, silent.signal]);
    const options = { headers: fields, redirect: "manual", signal } as const;
    response = await fetch(url, client === null ? options : { ...options, client });
  } catch (cause) {
    return { reason: "the server does not answer", cause, pauseMs: null };
  } finally {
    clearTimeout(timer);
  }
  if (response.status === 200) return await take(context, { response, mode });
  const reason = `${response.status} ${await readReason(response)}`.trim();
  if (response.status === 503 || response.status === 429) {
    return { reason, pauseMs: readRetryAfter(response) };
  }
  throw new ConnectionError(
    "connection-failed",
    `${url.href} could not be fetched: the server answered ${reason}`,
  );
}

/** Writes what came; a connection that breaks off may be followed by another. */
async function take(
  { settings: { out }, stdout }: Context,
  { response, mode }: { readonly response: Response; readonly mode: number },
): Promise<Later | null> {
  if (out !== undefined) return await writeFile(out, { response, mode });
  let text: string;
  try {
    text = decodeUtf8(new Uint8Array(await response.arrayBuffer()));
  } catch (cause) {
    if (!(cause instanceof TypeError) || !/decod|encod|utf/i.test(cause.message)) {
      return { reason: "the connection broke off", cause, pauseMs: null };
    }
    throw new ConfigError("the file is no text, so it cannot go to standard output", {
      setting: "--out",
      hint: "Name a file for it: --out FILE.",
    });
  }
  await stdout.write(text);
  return null;
}

/** Puts the file in place in one step, once all of it is there. */
async function writeFile(
  path: string,
  { response, mode }: { readonly response: Response; readonly mode: number },
): Promise<Later | null> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName());
  const hasher = await createNodeHasher();
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode });
    if (Deno.build.os !== "windows") await Deno.chmod(temporary, mode);
    try {
      for await (const piece of response.body ?? []) {
        hasher.update(piece);
        for (let sent = 0; sent < piece.length;) sent += await file.write(piece.subarray(sent));
      }
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      return { reason: "the connection broke off", cause, pauseMs: null };
    }
    const [, expected] = /^"([0-9a-f]{64})"$/.exec(response.headers.get("etag") ?? "") ?? [];
    if (expected !== undefined && encodeHex(hasher.digest()) !== expected) {
      return { reason: "it changed on its way", pauseMs: null };
    }
    await file.sync();
    await Deno.rename(temporary, path);
    await syncFolder(folder);
    return null;
  } catch (error) {
    throw storageError(error, `write ${JSON.stringify(path)}`);
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

function readUrl({ operands }: Context): URL {
  const [text, ...more] = operands;
  const url = more.length === 0 ? URL.parse(text ?? "") : null;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url !== null && isHttp && url.username + url.password + url.hash === "") return url;
  throw new ConfigError("one address is needed, which begins with http and names no user", {
    hint:
      "For example: fetch http://fluxagent_myapp:2080/files/db.password --wait --out db.password",
  });
}

/** Reads what is shown and asked for under TLS; `null` where the address is one without. */
async function openClient(
  { settings }: Context,
  url: URL,
): Promise<Deno.HttpClient | null> {
  const files = {
    "--tls-cert": settings.tlsCert,
    "--tls-key": settings.tlsKey,
    "--tls-root": settings.tlsRoot,
  };
  const isTls = url.protocol === "https:";
  for (const [setting, path] of Object.entries(files)) {
    if ((path !== undefined) === isTls) continue;
    throw new ConfigError(
      isTls ? `an address with https:// needs ${setting}` : `${setting} has no use with http://`,
      { setting, hint: "All of --tls-cert, --tls-key and --tls-root belong to https://." },
    );
  }
  if (!isTls) return null;
  const [cert, key, root] = await Promise.all(Object.values(files).map(readPem));
  try {
    return Deno.createHttpClient({ cert: cert ?? "", key: key ?? "", caCerts: [root ?? ""] });
  } catch (cause) {
    // The platform's words may hold a part of a file.
    throw new ConfigError("the files for TLS hold no certificate, or no key that fits it", {
      cause: cause instanceof Error ? cause.name : undefined,
      setting: "--tls-cert",
      hint: "Give PEM files: the chain with the certificate first, its key, and the root.",
    });
  }
}

async function readPem(path: string | undefined): Promise<string> {
  try {
    return await Deno.readTextFile(path ?? "");
  } catch (error) {
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
}

function readMode({ settings }: Context): number {
  if (/^0?[0-7]{3}$/.test(settings.mode)) return Number.parseInt(settings.mode, 8);
  throw new ConfigError("--mode is no permission bits", {
    setting: "--mode",
    hint: "Write them in octal, as chmod takes them: 0600.",
  });
}

async function readFields(keyFile: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (keyFile === undefined) return {};
  let text: string;
  try {
    text = (await Deno.readTextFile(keyFile)).replace(/\r?\n$/, "");
  } catch (error) {
    throw storageError(error, `read ${JSON.stringify(keyFile)}`);
  }
  if (text.length <= MAX_SERVER_KEY_BYTES && /^[!-~]+$/.test(text)) {
    return { Authorization: `Bearer ${text}` };
  }
  throw new ConfigError("--key-file holds no key of a file server", {
    setting: "--key-file",
    hint: "It has one line of visible characters without spaces, as the keeper delivers it.",
  });
}

/** Reads the sentence that the server sends; no more than that of whatever else it may be. */
async function readReason(response: Response): Promise<string> {
  let text = "";
  try {
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length >= MAX_FETCHED_TEXT_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  return text.slice(0, MAX_FETCHED_TEXT_BYTES).trim();
}

function readRetryAfter({ headers }: Response): number | null {
  const text = headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), MAX_RETRY_AFTER_S) * 1_000 : null;
}
