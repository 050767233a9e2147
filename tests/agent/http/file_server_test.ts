import { ChangeFeed } from "../../../agent/http/change_feed.ts";
import { FileServer, type FileServerOptions } from "../../../agent/http/file_server.ts";
import type { Neighbour } from "../../../agent/http/neighbours.ts";
import type { KeyVerdict } from "../../../agent/http/server_key.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const ENTRY: FileEntry = {
  ...{ kind: "file", path: "a", digest: "ab", size: 3, mode: 0o600, strategy: "STRICT" },
};

function serverFor(
  neighbour: Neighbour,
  more: Partial<FileServerOptions> = {},
): {
  readonly ask: (target?: string, address?: string, host?: string) => Promise<number>;
  logger: MemoryLogger;
} {
  const logger = new MemoryLogger();
  const server = new FileServer({
    manifests: {
      isReady: true,
      find: (path) => path === "a" || path === "key" ? [{ ...ENTRY, path }] : [],
      list: () => [ENTRY],
    },
    files: {
      find: ([entry]) => {
        if (entry === undefined) return Promise.resolve(null);
        const bytes = encodeUtf8("one");
        return Promise.resolve({ entry, digest: "ab", size: 3, modifiedMs: 0, bytes, pieces });
      },
      look: () => null,
    },
    feed: new ChangeFeed(),
    neighbours: { find: () => neighbour },
    key: null,
    logger,
    ...more,
  });
  return {
    logger,
    ask: async (target = "/files/a", address = "172.23.0.3", host = "localhost:2080") => {
      const fields = new Map([["host", host]]);
      const head = { method: "GET", target, fields, isKept: true, bodyBytes: 0 };
      const { status, body } = await server.handle(head, address);
      if (body !== null && typeof body === "object" && "return" in body) await body.return();
      server.flush();
      return status;
    },
  };
}

async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {}

Deno.test("FileServer serves its own container and the components of its app", async () => {
  assertEquals(await serverFor({ kind: "self" }).ask(), 200);
  assertEquals(await serverFor({ kind: "component", component: "web" }).ask(), 200);
});

Deno.test("FileServer turns strangers away, whatever they ask for, and says it once a minute", async () => {
  const { ask, logger } = serverFor({ kind: "stranger", reason: "other-app" });
  for (const target of ["/files/a", "/files/none", "/files/", "/x", "*"]) {
    assertEquals(await ask(target), 403, target);
  }
  const [record] = logger.events;
  assertEquals(record?.message, "the file server turned somebody away");
});

Deno.test("FileServer turns a page away whose name leads to it, in its own container too", async () => {
  const { ask } = serverFor({ kind: "self" });
  assertEquals(await ask("/files/a", "127.0.0.1", "rebound.example:2080"), 403);
  assertEquals(await ask("/files/a", "127.0.0.1", "127.0.0.1:2080"), 200);
});

Deno.test("FileServer tells whoever cannot be looked up now to ask again", async () => {
  assertEquals(await serverFor({ kind: "unknown" }).ask(), 503);
});

Deno.test("FileServer asks for the key in place of a name, and serves the key to nobody", async () => {
  const keyed = (verdict: KeyVerdict, neighbour: Neighbour) =>
    serverFor(neighbour, { key: { path: "key", check: () => Promise.resolve(verdict) } });
  const other: Neighbour = { kind: "stranger", reason: "other-app" };
  assertEquals(await keyed("right", other).ask(), 200);
  assertEquals(await keyed("right", other).ask("/files/key"), 403);
  assertEquals(await keyed("wrong", { kind: "component", component: "web" }).ask(), 401);
  assertEquals(await keyed("unusable", other).ask(), 503);
  assertEquals(await keyed("wrong", { kind: "self" }).ask("/files/a", "127.0.0.1"), 200);
  assertEquals(await keyed("right", other).ask("/files/a", "198.51.100.7"), 403);
});

Deno.test("FileServer says what is not managed, what is not there, and what it cannot read", async () => {
  const self: Neighbour = { kind: "self" };
  assertEquals(await serverFor(self).ask("/files/none"), 404);
  assertEquals(await serverFor(self).ask("/files/%"), 400);
  const absent = { find: () => Promise.resolve(null), look: () => null };
  assertEquals(await serverFor(self, { files: absent }).ask(), 503);
  const broken = { find: () => Promise.reject(new Error("io")), look: () => null };
  const { ask, logger } = serverFor(self, { files: broken });
  assertEquals([await ask(), logger.events.length], [503, 1]);
});

Deno.test("FileServer tells of changes at once where nothing is to be waited for", async () => {
  const { ask } = serverFor({ kind: "self" });
  assertEquals(await ask("/files/events?after=0"), 200);
  assertEquals(await ask("/files/events"), 200);
  for (const query of ["after=x", "after=-1", "wait=1.5"]) {
    assertEquals(await ask(`/files/events?${query}`), 400, query);
  }
  assertEquals(await serverFor({ kind: "unknown" }).ask("/files/events"), 503);
});
