import { HttpConnection, type HttpHandler } from "../../../../agent/http/server/http_connection.ts";
import { MAX_JOINED_REPLY_BYTES } from "../../../../agent/limits.ts";
import { encodeUtf8 } from "../../../../protocol/bytes.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { parseReply } from "../../../support/http_peer.ts";
import { PlayedConnection } from "../../../support/played_connection.ts";

async function talk(pieces: readonly string[], handle: HttpHandler): Promise<string> {
  const connection = new PlayedConnection(pieces);
  await new HttpConnection(connection, handle).serve();
  return connection.sent;
}

const REQUEST = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST = "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const echo: HttpHandler = ({ target }) => ({ status: 200, fields: {}, body: target });

Deno.test("HttpConnection answers requests one after the other, however they are cut", async () => {
  const text = REQUEST + LAST;
  for (const pieces of [[text], [...text], [text.slice(0, 40), text.slice(40)]]) {
    const sent = await talk(pieces, echo);
    const bodies = sent.split(/HTTP\/1\.1 200 OK\r\n/).slice(1).map((reply) =>
      reply.split("\r\n\r\n")[1]
    );
    assertEquals(bodies, ["/a", "/b"]);
  }
});

Deno.test("HttpConnection sends what each reply holds, whatever the one before was like", async () => {
  const sizes = [0, 10_000, 3, MAX_JOINED_REPLY_BYTES, MAX_JOINED_REPLY_BYTES + 1, 1];
  const requests = sizes.map((size, i) => REQUEST.replace("/a", `/${i}-${size}`));
  const sent = await talk([requests.join("")], ({ target }) => {
    const size = Number(target.split("-")[1]);
    const body = new Uint8Array(size).fill(97 + Number(target[1]));
    return { status: 200, fields: {}, body };
  });
  const bodies = sent.split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/).slice(1);
  assertEquals(bodies, sizes.map((size, i) => "abcdef".charAt(i).repeat(size)));
});

Deno.test("HttpConnection tells a head from the one before, also where they are long", async () => {
  const asked: string[] = [];
  const requests = ["/a", "/a", "/b", "/b"].map((target, i) => {
    return REQUEST.replace("/a", target).replace("x", "x".repeat(3_000 + (i >> 1)));
  });
  await talk(requests, ({ target, fields }) => {
    asked.push(`${target} ${fields.get("host")?.length}`);
    return { status: 200, fields: {} };
  });
  assertEquals(asked, ["/a 3000", "/a 3000", "/b 3001", "/b 3001"]);
});

Deno.test("HttpConnection says how long a reply is, and when it is the last", async () => {
  const first = parseReply(await talk([REQUEST], echo));
  assertEquals([first.fields["content-length"], first.fields["connection"]], ["2", undefined]);
  assert(!Number.isNaN(Date.parse(first.fields["date"] ?? "")));
  assertEquals(parseReply(await talk([LAST], echo)).fields["connection"], "close");
});

Deno.test("HttpConnection sends no contents to HEAD, and ends pieces that nobody takes", async () => {
  let isEnded = false;
  async function* pieces() {
    try {
      yield encodeUtf8("never");
    } finally {
      isEnded = true;
    }
  }
  const body = pieces();
  await body.next();
  const sent = await talk(
    [REQUEST.replace("GET", "HEAD")],
    () => ({ status: 200, fields: {}, body }),
  );
  assertEquals([parseReply(sent).body, isEnded], ["", true]);
});

Deno.test("HttpConnection sends pieces of no known length up to the end of the connection", async () => {
  async function* pieces() {
    yield encodeUtf8("one");
    yield encodeUtf8("two");
  }
  const reply = parseReply(
    await talk([REQUEST + REQUEST], () => {
      return { status: 200, fields: {}, body: pieces() };
    }),
  );
  const { connection, "content-length": length } = reply.fields;
  assertEquals([reply.body, connection, length], ["onetwo", "close", undefined]);
});

Deno.test("HttpConnection breaks off where the contents do", async () => {
  async function* pieces() {
    yield encodeUtf8("one");
    throw new Error("changed");
  }
  const fields = { "Content-Length": "6" };
  const handle = () => ({ status: 200, fields, body: pieces() });
  await assertRejects(() => talk([REQUEST + LAST], handle), Error);
});

Deno.test("HttpConnection refuses a head that is malformed or too long, and asks nobody", async () => {
  const never = () => {
    throw new Error("asked");
  };
  const malformed = parseReply(await talk(["GET\r\n\r\n"], never));
  assertEquals([malformed.status, malformed.fields["connection"]], [400, "close"]);
  const long = ["GET /a HTTP/1.1\r\n", ...Array(9).fill(`X: ${"x".repeat(995)}\r\n`)];
  assertEquals(parseReply(await talk(long, never)).status, 431);
});

const POST = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
const echoBody: HttpHandler = ({ body }) => ({ status: 200, fields: {}, body });

Deno.test("HttpConnection reads contents whole, however they are cut, and what follows them", async () => {
  const text = POST + LAST;
  for (const pieces of [[text], [...text], [POST.slice(0, -2), `lo${LAST}`]]) {
    const sent = await talk(pieces, echoBody);
    const bodies = sent.split(/HTTP\/1\.1 200 OK\r\n/).slice(1).map((reply) =>
      reply.split("\r\n\r\n")[1]
    );
    assertEquals(bodies, ["hello", ""]);
  }
});

Deno.test("HttpConnection answers nothing to contents that break off, and refuses those too long", async () => {
  const never = () => {
    throw new Error("asked");
  };
  assertEquals(await talk([POST.slice(0, -1)], never), "");
  const long = parseReply(await talk([POST.replace("Length: 5", "Length: 4097")], never));
  assertEquals([long.status, long.fields["connection"]], [413, "close"]);
});

Deno.test("HttpConnection has a deadline while contents come", async () => {
  const deadlines: number[] = [];
  const pieces = [POST.slice(0, -1), "o"];
  const connection = {
    read(into: Uint8Array): Promise<number | null> {
      deadlines.push(served.deadlineMs);
      const piece = pieces.shift();
      if (piece !== undefined) into.set(encodeUtf8(piece));
      return Promise.resolve(piece?.length ?? null);
    },
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
  };
  const served: HttpConnection = new HttpConnection(connection, echoBody);
  await served.serve();
  assertEquals(deadlines.map(Number.isFinite), [true, true, true]);
  assertEquals(deadlines[0], deadlines[1]);
});

Deno.test("HttpConnection has a deadline while it waits for a request, and none while it is answered", async () => {
  const deadlines: number[] = [];
  const connection = new PlayedConnection([LAST]);
  const served: HttpConnection = new HttpConnection(connection, (head) => {
    deadlines.push(served.deadlineMs);
    return echo(head);
  });
  assert(Number.isFinite(served.deadlineMs));
  await served.serve();
  assertEquals(deadlines, [Infinity]);
});

Deno.test("HttpConnection ends its direction at the end, and has a deadline meanwhile", async () => {
  for (const pieces of [[LAST], [REQUEST], ["x\r\n\r\n"]]) {
    const deadlines: number[] = [];
    const end = () => {
      deadlines.push(served.deadlineMs);
      return Promise.resolve();
    };
    const connection = Object.assign(new PlayedConnection(pieces), { end });
    const served = new HttpConnection(connection, echo);
    await served.serve();
    assertEquals(deadlines.map(Number.isFinite), [true]);
  }
});
