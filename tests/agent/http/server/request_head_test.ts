import { parseRequestHead } from "../../../../agent/http/server/request_head.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

Deno.test("parseRequestHead reads a line and its fields", () => {
  const head = parseRequestHead(
    "GET /files/a HTTP/1.1\r\nHost: files:2080\r\nAccept:  a \r\naccept: b",
  );
  assert(typeof head !== "string");
  const { method, target, fields, isKept } = head;
  assertEquals([method, target, isKept], ["GET", "/files/a", true]);
  assertEquals([...fields], [["host", "files:2080"], ["accept", "a, b"]]);
});

Deno.test("parseRequestHead says when the connection is at its end", () => {
  const isKept = (text: string) => {
    const head = parseRequestHead(text);
    return typeof head === "string" ? head : head.isKept;
  };
  assertEquals(isKept("GET / HTTP/1.0"), false);
  assertEquals(isKept("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close"), false);
  assertEquals(isKept("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive"), true);
});

Deno.test("parseRequestHead says how long the contents are", () => {
  const bodyBytes = (text: string) => {
    const head = parseRequestHead(text);
    return typeof head === "string" ? head : head.bodyBytes;
  };
  assertEquals(bodyBytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12"), 12);
  assertEquals(bodyBytes("POST / HTTP/1.1\r\nHost: a"), 0);
  assertEquals(bodyBytes("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0"), 0);
});

Deno.test("parseRequestHead refuses whatever could be read in two ways", () => {
  const refused = [
    "",
    "GET /",
    "GET / HTTP/2.0\r\nHost: a",
    "GET  / HTTP/1.1\r\nHost: a",
    "GET /\xe9 HTTP/1.1\r\nHost: a",
    "GET / HTTP/1.1",
    "GET / HTTP/1.1\r\nHost: a/files",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a",
    "GET / HTTP/1.1\r\nHost : a",
    "GET / HTTP/1.1\r\nHost: a\r\n b",
    "GET / HTTP/1.1\r\nHost: a\r\nX: \x00",
    "GET / HTTP/1.1\r\nHost: a\nX: b",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1",
    "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1",
    ...["+1", "01", "1, 1", "-1", "0x1", "1e3", "", "9".repeat(16)].map((length) => {
      return `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}`;
    }),
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity",
    "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b",
  ];
  for (const text of refused) assertEquals(typeof parseRequestHead(text), "string", text);
});
