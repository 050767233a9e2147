/**
 * The local file server: serves what the agent was given to the other containers of its app.
 *
 * @module
 */
import {
  type Bytes,
  ConnectionError,
  type FileEntry,
  FluxVaultError,
  type Logger,
} from "../../protocol/mod.ts";
import { ThrottledLog } from "../door/throttled_log.ts";
import type { CertifiedCaller } from "./caller_certificates.ts";
import type { ChangeFeed } from "./change_feed.ts";
import { contentTypeOf } from "./content_types.ts";
import { fileReply, jsonReply, laterReply, textReply } from "./server/file_response.ts";
import type { HttpReply } from "./server/http_connection.ts";
import type { RequestHead } from "./server/request_head.ts";
import { formatListing } from "./listing.ts";
import {
  FOREIGN_HOST,
  isNear,
  isOwnHost,
  type Neighbour,
  type Neighbours,
  type StrangerReason,
} from "../neighbours/neighbours.ts";
import { mayRead } from "./readers.ts";
import { readTarget } from "./request_target.ts";
import type { ServedFiles } from "./served_files.ts";
import type { ServedManifests } from "./served_manifests.ts";
import type { ServerKey } from "./server_key.ts";

/** What a file server is made of. */
export interface FileServerOptions {
  /** Which files there are. */
  readonly manifests: Pick<ServedManifests, "find" | "isReady" | "isRestricted" | "list">;
  /** What is in them. */
  readonly files: Pick<ServedFiles, "find" | "look">;
  /** What has changed of them. */
  readonly feeds: { of(component: string | null): Pick<ChangeFeed, "poll" | "stream"> };
  /** The component that this container is, or `null` where it is not known. */
  readonly component: string | null;
  /** Who asks. */
  readonly neighbours: Pick<Neighbours, "find">;
  /** What whoever asks has to know, or `null` where his name decides. */
  readonly key: Pick<ServerKey, "check" | "path"> | null;
  /** The path of one more file that is served to nobody. @default {null} */
  readonly hiddenPath?: string | null;
  /** Is told who was turned away. */
  readonly logger: Logger;
}

/** Who asks, and may. */
interface Asker {
  /** The component, or `null` where it is not known. */
  readonly component: string | null;
}

/** What whoever is turned away is told, and the log: what to do about it. */
const REFUSED: Readonly<Record<StrangerReason, string>> = {
  "public-address": "only addresses of a private network are served",
  "app-unknown": "the agent does not know its app: start it with --app-name or --fileserver-key",
  "no-name": "the DNS of the containers has no name for this address; if it never has, start the " +
    "agent with --fileserver-key",
  "other-app": "this address is that of no container of the agent's app",
  "name-mismatch": "the name of this address leads to another address",
};

const KEY_UNUSABLE = "the file that --fileserver-key names is not in place, or holds no key";
const TOO_MANY = "too many are waiting for changes";
const TOO_MANY_STREAMS = "too many large files are served at a time";
const CERTIFICATE_OVER = "the certificate counts no more: connect with another";
const TOO_EARLY = "nothing has been delivered yet";

/** Answers requests. */
export class FileServer {
  readonly #options: FileServerOptions;
  readonly #refusals: ThrottledLog;
  /** The last host that was named and is this one. */
  #ownHost: string | undefined;

  /** Serves nothing before the first delivery. */
  constructor(options: FileServerOptions) {
    this.#options = options;
    this.#refusals = new ThrottledLog((address, { count, reasons }) => {
      const reason = Object.keys(reasons).join("; ");
      options.logger.warn("the file server turned somebody away", { address, count, reason });
    });
  }

  /** Tells the log what it was not told yet. */
  flush(): void {
    this.#refusals.flush();
  }

  /** Answers one request from an address. */
  async handle(head: RequestHead, address: string): Promise<HttpReply> {
    const host = head.fields.get("host");
    if (host !== this.#ownHost) {
      if (!isOwnHost(host)) return this.#refuse(address, FOREIGN_HOST);
      this.#ownHost = host;
    }
    const asker = await this.#admit(head, address);
    return "status" in asker ? asker : await this.#answer(head, asker);
  }

  /**
   * Returns what answers a component that is known already, whatever its address and the key, for as
   * long as its certificate counts.
   */
  answering(
    { component, isCurrent }: Pick<CertifiedCaller, "component" | "isCurrent">,
  ): (head: RequestHead, address: string) => Promise<HttpReply> {
    return async (head, address) => {
      if (!isOwnHost(head.fields.get("host"))) return this.#refuse(address, FOREIGN_HOST);
      if (!isCurrent()) return this.#refuse(address, CERTIFICATE_OVER);
      const { body = null, ...reply } = await this.#answer(head, { component });
      const isStream = body !== null && typeof body === "object" && "return" in body;
      return { ...reply, body: isStream ? piecesWhile(isCurrent, body) : body };
    };
  }

  async #answer(head: RequestHead, { component }: Asker): Promise<HttpReply> {
    if (head.method !== "GET" && head.method !== "HEAD") {
      return textReply(405, "only GET and HEAD are served", { "Allow": "GET, HEAD" });
    }
    const target = readTarget(head.target);
    switch (target.kind) {
      case "malformed":
        return textReply(400, target.reason);
      case "file":
        return await this.#serveFile(head, { path: target.path, component });
      case "listing":
        return this.#serveListing(component);
      case "events":
        return await this.#serveEvents(head, { query: target.query, component });
      default:
        return textReply(404, "there is nothing here but /files/");
    }
  }

  /** Returns who asks, or what somebody is told who may not. */
  async #admit({ fields }: RequestHead, address: string): Promise<HttpReply | Asker> {
    const { key, manifests, neighbours } = this.#options;
    if (key === null) return this.#asKnown(await neighbours.find(address), address);
    // Whoever is in the container may read the files themselves.
    if (!isNear(address)) return this.#refuse(address, REFUSED["public-address"]);
    const found = neighbours.find(address);
    if (!(found instanceof Promise) && found.kind === "self") return this.#asKnown(found, address);
    const verdict = await key.check(fields.get("authorization"));
    if (verdict === "right") {
      // The key tells no component from another. Nobody waits for the DNS where that makes no
      // difference, and for whatever path where it does: the time tells nothing of a path.
      const neighbour = manifests.isRestricted ? await found : null;
      if (neighbour?.kind === "unknown") return this.#asKnown(neighbour, address);
      return { component: neighbour?.kind === "component" ? neighbour.component : null };
    }
    if (verdict === "unusable") return laterReply(KEY_UNUSABLE);
    this.#refusals.note(address, "the key is wrong or missing");
    const challenge = { "WWW-Authenticate": 'Bearer realm="fluxvault"' };
    return textReply(401, "the key is wrong or missing: Authorization: Bearer KEY", challenge);
  }

  #asKnown(neighbour: Neighbour, address: string): HttpReply | Asker {
    switch (neighbour.kind) {
      case "self":
        return { component: this.#options.component };
      case "component":
        return { component: neighbour.component };
      case "unknown":
        return laterReply("too many addresses are being looked up", 1);
      case "stranger":
        return this.#refuse(address, REFUSED[neighbour.reason]);
    }
  }

  #isHidden(path: string): boolean {
    const { key, hiddenPath } = this.#options;
    return path === key?.path || path === hiddenPath;
  }

  #refuse(address: string, reason: string): HttpReply {
    this.#refusals.note(address, reason);
    return textReply(403, reason);
  }

  async #serveFile(
    head: RequestHead,
    { path, component }: Asker & { readonly path: string },
  ): Promise<HttpReply> {
    const { manifests, files, logger } = this.#options;
    if (!manifests.isReady) return laterReply(TOO_EARLY);
    const entries = manifests.find(path);
    // Whoever may not read a file is not told that there is one.
    if (!mayRead(entries, component)) return textReply(404, "no such file is managed");
    if (this.#isHidden(path)) return textReply(403, "the key itself is not served");
    try {
      const file = await files.find(entries);
      if (file === null) return laterReply("the file is not in place as it was declared");
      const { digest, size, bytes } = file;
      const { range, ...reply } = fileReply(head, { digest, size, type: contentTypeOf(path) });
      if (range === null) return reply;
      if (bytes === null) {
        const pieces = file.pieces(range);
        return pieces === null ? laterReply(TOO_MANY_STREAMS, 1) : { ...reply, body: pieces };
      }
      return { ...reply, body: bytes.subarray(range.start, range.end) };
    } catch (error) {
      if (!(error instanceof FluxVaultError)) logger.warn("a file could not be served", { path });
      return laterReply("the file cannot be read as it was declared");
    }
  }

  async #serveEvents(
    { method, fields }: RequestHead,
    { query, component }: Asker & { readonly query: string },
  ): Promise<HttpReply> {
    if (method === "HEAD") return textReply(405, "only GET is served here", { "Allow": "GET" });
    const asked = new URLSearchParams(query);
    const isPoll = asked.has("after") || asked.has("wait");
    const after = readNumber(asked.get("after") ?? fields.get("last-event-id"));
    const waitS = readNumber(asked.get("wait") ?? undefined);
    if (after === undefined || waitS === undefined) {
      return textReply(400, "after and wait are whole numbers");
    }
    const feed = this.#options.feeds.of(component);
    if (isPoll) {
      const polled = await feed.poll(after, waitS ?? 0);
      if (polled === null) return laterReply(TOO_MANY);
      const { last, isCut, changes } = polled;
      return jsonReply({ last, reset: isCut, changes });
    }
    const body = feed.stream(after);
    if (body === null) return laterReply(TOO_MANY);
    const type = { "Content-Type": "text/event-stream", "Cache-Control": "no-store" };
    return { status: 200, fields: type, body };
  }

  #serveListing(component: string | null): HttpReply {
    const { manifests, files } = this.#options;
    if (!manifests.isReady) return laterReply(TOO_EARLY);
    const entries = manifests.list().filter(({ path }) => {
      return !this.#isHidden(path) && mayRead(manifests.find(path), component);
    });
    const body = formatListing(entries, (entry: FileEntry) => files.look(entry));
    const type = { "Content-Type": "application/json", "Cache-Control": "no-store" };
    return { status: 200, fields: type, body };
  }
}

/** Yields pieces, and fails in place of the next where who takes them may have no more. */
async function* piecesWhile(
  isCurrent: () => boolean,
  pieces: AsyncGenerator<Bytes, void, undefined>,
): AsyncGenerator<Bytes, void, undefined> {
  for await (const piece of pieces) {
    if (!isCurrent()) throw new ConnectionError("certificate-refused", CERTIFICATE_OVER);
    yield piece;
  }
}

/** Reads a whole number; `null` for none, `undefined` for what is not one. */
function readNumber(text: string | undefined): number | null | undefined {
  if (text === undefined || text === "") return null;
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
