import { AGENT_PROGRAM } from "../../../agent/program.ts";
import { HttpServer } from "../../../agent/http/server/http_server.ts";
import type { HttpReply } from "../../../agent/http/server/http_connection.ts";
import { encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { freePort } from "../../support/free_port.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { modeOf } from "../../support/site.ts";

const LATER: HttpReply = { status: 503, fields: { "Retry-After": "0" }, body: "not yet\n" };

/** A server that gives one reply after the other, and the last for ever. */
class PlayedServer implements AsyncDisposable {
  readonly authorizations: (string | undefined)[] = [];
  readonly server: HttpServer;

  constructor(replies: readonly HttpReply[], readonly folder: string, port = 0) {
    const left = [...replies];
    this.server = new HttpServer(Deno.listen({ hostname: "127.0.0.1", port }), {
      logger: new MemoryLogger(),
      handle: ({ fields }) => {
        this.authorizations.push(fields.get("authorization"));
        const [reply = LATER] = left;
        if (left.length > 1) left.shift();
        return reply;
      },
    });
  }

  static async open(replies: readonly HttpReply[]): Promise<PlayedServer> {
    return new PlayedServer(replies, await Deno.makeTempDir({ prefix: "fluxvault-fetch-" }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.address.port}/files/a`;
  }

  fetch(...args: string[]): Promise<ProgramRun> {
    return runInProcess(AGENT_PROGRAM, ["fetch", this.url, ...args], { variables: {} });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function fileReply(text: string, tagged = text): Promise<HttpReply> {
  const tag = `"${encodeHex(await sha256Digest(encodeUtf8(tagged)))}"`;
  return { status: 200, fields: { ETag: tag }, body: text };
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

Deno.test("fetch writes a text to standard output, and a file for its owner alone", async () => {
  await using server = await PlayedServer.open([await fileReply("one")]);
  const { code, stdout } = await server.fetch();
  assertEquals([code, stdout], [0, "one"]);
  const out = `${server.folder}/a`;
  assertEquals((await server.fetch("--out", out)).code, 0);
  assertEquals([await Deno.readTextFile(out), await modeOf(out)], ["one", 0o600]);
  assertEquals((await server.fetch("--out", out, "--mode", "0644")).code, 0);
  assertEquals([await modeOf(out), await names(server.folder)], [0o644, ["a"]]);
});

Deno.test("fetch waits where it is told to, and else says what the server said", async () => {
  await using server = await PlayedServer.open([LATER, LATER, LATER, await fileReply("one")]);
  const early = await server.fetch();
  assertEquals(early.code, 1);
  assertMatch(early.stderr, /503 not yet\n.*\n?hint: Add --wait/);
  const { code, stdout } = await server.fetch("--wait");
  assertEquals([code, stdout, server.authorizations.length], [0, "one", 4]);
});

Deno.test("fetch waits for a server that does not listen yet, and gives up in time", async () => {
  const url = `http://127.0.0.1:${freePort()}/files/a`;
  const late = await runInProcess(
    AGENT_PROGRAM,
    ["fetch", url, "--wait", "--wait-timeout", "1"],
    { variables: {} },
  );
  assertEquals(late.code, 1);
  assertMatch(late.stderr, /does not answer/);
});

Deno.test("fetch puts nothing in place that is not what the server says that it is", async () => {
  await using server = await PlayedServer.open([
    await fileReply("half", "whole"),
    await fileReply("whole"),
  ]);
  const out = `${server.folder}/a`;
  await Deno.writeTextFile(out, "before");
  const broken = await server.fetch("--out", out);
  assertEquals([broken.code, await Deno.readTextFile(out)], [1, "before"]);
  assertEquals((await server.fetch("--out", out)).code, 0);
  assertEquals([await Deno.readTextFile(out), await names(server.folder)], ["whole", ["a"]]);
});

Deno.test("fetch does not wait where waiting is of no use", async () => {
  for (const status of [401, 403, 404, 301]) {
    await using server = await PlayedServer.open([{ status, fields: {}, body: "no\n" }]);
    const { code, stderr } = await server.fetch("--wait");
    assertEquals(code, 1);
    assertMatch(stderr, new RegExp(`${status} no`));
  }
});

Deno.test("fetch shows the key that a file holds, and repeats it nowhere", async () => {
  await using server = await PlayedServer.open([await fileReply("one")]);
  const key = "correct-horse-battery";
  const path = `${server.folder}/key`;
  await Deno.writeTextFile(path, `${key}\n`);
  assertEquals((await server.fetch("--key-file", path)).code, 0);
  assertEquals(server.authorizations, [`Bearer ${key}`]);
  await Deno.writeTextFile(path, `${key} ${key}\n`);
  const { code, stderr } = await server.fetch("--key-file", path);
  assertEquals(code, 2);
  assert(!stderr.includes(key));
});

Deno.test("fetch takes one plain address and permissions in octal", async () => {
  for (
    const args of [
      [],
      ["https://127.0.0.1/"],
      ["file:///etc/passwd"],
      ["http://user:pass@127.0.0.1/"],
      ["nonsense"],
      ["http://127.0.0.1:1/", "http://127.0.0.1:1/"],
      ["http://127.0.0.1:1/", "--mode", "rw"],
    ]
  ) {
    const { code } = await runInProcess(AGENT_PROGRAM, ["fetch", ...args], { variables: {} });
    assertEquals(code, 2, args.join(" "));
  }
});
