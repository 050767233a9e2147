import { ChangeFeeds } from "../../../agent/http/change_feeds.ts";
import { FileServer, type FileServerOptions } from "../../../agent/http/file_server.ts";
import type { Neighbour } from "../../../agent/neighbours/neighbours.ts";
import type { KeyVerdict } from "../../../agent/http/server_key.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

const ENTRY: FileEntry = {
  ...{ kind: "file", path: "a", digest: "ab", size: 3, mode: 0o600, strategy: "STRICT" },
};

function serverFor(
  neighbour: Neighbour,
  more: Partial<FileServerOptions> = {},
): {
  readonly ask: (target?: string, address?: string, host?: string) => Promise<number>;
  readonly say: (target: string) => Promise<readonly [status: number, text: string]>;
  readonly server: FileServer;
  logger: MemoryLogger;
} {
  const logger = new MemoryLogger();
  const server = new FileServer({
    manifests: {
      isReady: true,
      isRestricted: false,
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
    feeds: new ChangeFeeds(),
    component: null,
    neighbours: { find: () => neighbour },
    key: null,
    logger,
    ...more,
  });
  const handle = (target: string, address: string, host: string) => {
    const fields = new Map([["host", host]]);
    return server.handle({ method: "GET", target, fields, isKept: true, bodyBytes: 0 }, address);
  };
  return {
    logger,
    server,
    say: async (target) => {
      const { status, body } = await handle(target, "172.23.0.3", "localhost");
      const isText = typeof body === "string" || body instanceof Uint8Array;
      return [
        status,
        isText ? String(body) : await new Response(ReadableStream.from(body ?? [])).text(),
      ];
    },
    ask: async (target = "/files/a", address = "172.23.0.3", host = "localhost:2080") => {
      const { status, body } = await handle(target, address, host);
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

Deno.test("FileServer tells whoever comes beyond the files that may be served at a time to ask again", async () => {
  const full = { entry: ENTRY, digest: "ab", size: 3, modifiedMs: 0, bytes: null };
  const files = { find: () => Promise.resolve({ ...full, pieces: () => null }), look: () => null };
  assertEquals(await serverFor({ kind: "self" }, { files }).ask(), 503);
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

/** A server of one file for all, and one for `web` alone. */
function restricted(neighbour: Neighbour, more: Partial<FileServerOptions> = {}) {
  const entries = [ENTRY, { ...ENTRY, path: "secret", readers: ["web"] }];
  return serverFor(neighbour, {
    manifests: {
      isReady: true,
      isRestricted: true,
      find: (path) => entries.filter((entry) => entry.path === path),
      list: () => entries,
    },
    ...more,
  });
}

async function pathsTo(neighbour: Neighbour, more: Partial<FileServerOptions> = {}) {
  const { say } = restricted(neighbour, more);
  const { files } = JSON.parse((await say("/files/"))[1]);
  return files.map(({ path }: { readonly path: string }) => path);
}

Deno.test("FileServer serves a file to the components that may read it, and shows it to no other", async () => {
  for (const component of ["web", "Web", "WEB"]) {
    const neighbour: Neighbour = { kind: "component", component };
    assertEquals(await restricted(neighbour).ask("/files/secret"), 200);
    assertEquals(await pathsTo(neighbour), ["a", "secret"]);
  }
  const other: Neighbour = { kind: "component", component: "db" };
  const { say } = restricted(other);
  const [none, secret] = [await say("/files/none"), await say("/files/secret")];
  assertEquals(none[0], 404);
  assertEquals(secret, none);
  assertEquals([await restricted(other).ask(), await pathsTo(other)], [200, ["a"]]);
});

Deno.test("FileServer takes its own container for the component that it is", async () => {
  const self: Neighbour = { kind: "self" };
  for (const [component, status] of [["web", 200], ["db", 404], [null, 404]] as const) {
    assertEquals(await restricted(self, { component }).ask("/files/secret"), status);
  }
});

Deno.test("FileServer tells of changes only those who may read the file", async () => {
  const feeds = new ChangeFeeds({ now: () => 1 });
  const now = [{ ...ENTRY, path: "secret", readers: ["web"] }];
  const servers = ["web", "db"].map((component) => {
    return restricted({ kind: "component", component }, { feeds });
  });
  const poll = () => Promise.all(servers.map(({ say }) => say("/files/events?after=1000")));
  await poll();
  feeds.note([{ path: "secret", digest: "ab", size: 3, before: [], now, isOther: true }]);
  assertEquals((await poll()).map(([, text]) => JSON.parse(text)), [
    { last: 1_001, reset: false, changes: [{ id: 1_001, path: "secret", digest: "ab", size: 3 }] },
    { last: 1_000, reset: false, changes: [] },
  ]);
});

Deno.test("FileServer asks the DNS beside the key for who may read, and waits for it only then", async () => {
  const key = { path: "key", check: () => Promise.resolve("right" as const) };
  const late = (neighbour: Neighbour) => ({ find: () => Promise.resolve(neighbour) });
  const statusFor = (neighbour: Neighbour) => {
    return restricted(neighbour, { key, neighbours: late(neighbour) }).ask("/files/secret");
  };
  assertEquals(await statusFor({ kind: "component", component: "web" }), 200);
  assertEquals(await statusFor({ kind: "component", component: "db" }), 404);
  assertEquals(await statusFor({ kind: "stranger", reason: "no-name" }), 404);
  assertEquals(await statusFor({ kind: "unknown" }), 503);
  const other: Neighbour = { kind: "stranger", reason: "no-name" };
  assertEquals(await pathsTo(other, { key }), ["a"]);
  const never = { find: () => new Promise<Neighbour>(() => {}) };
  assertEquals(await serverFor(other, { key, neighbours: never }).ask(), 200);
});

Deno.test("FileServer answers a caller with a certificate for as long as that counts", async () => {
  let isOver = false;
  const feeds = new ChangeFeeds();
  const { server } = restricted({ kind: "stranger", reason: "no-name" }, { feeds });
  const answer = server.answering({ component: "web", isCurrent: () => !isOver });
  const ask = (target: string) => {
    const fields = new Map([["host", "localhost"]]);
    return answer({ method: "GET", target, fields, isKept: true, bodyBytes: 0 }, "172.23.0.3");
  };
  assertEquals((await ask("/files/secret")).status, 200);
  const { body } = await ask("/files/events");
  assert(body !== null && typeof body === "object" && "next" in body);
  assertEquals((await body.next()).done, false);
  isOver = true;
  assertEquals((await ask("/files/secret")).status, 403);
  feeds.note([{ path: "a", digest: "ab", size: 3, before: [], now: [ENTRY], isOther: true }]);
  await assertRejects(() => body.next(), ConnectionError, "certificate-refused");
  server.flush();
});
