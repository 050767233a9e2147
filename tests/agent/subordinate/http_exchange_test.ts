import { HttpExchange } from "../../../agent/subordinate/http_exchange.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { PlayedConnection } from "../../support/played_connection.ts";

const REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc";

Deno.test("HttpExchange asks one thing after the other, however the replies are cut", async () => {
  for (const pieces of [[REPLY + REPLY], [...REPLY + REPLY], [REPLY, REPLY]]) {
    const server = new PlayedConnection(pieces);
    const exchange = new HttpExchange(server, "172.23.0.2:2080");
    const first = await exchange.ask({ method: "GET", path: "/a" });
    const second = await exchange.ask({ method: "POST", path: "/b", body: '{"\u00e9":1}' });
    assertEquals([first.status, new TextDecoder().decode(first.body)], [200, "abc"]);
    assertEquals(new TextDecoder().decode(second.body), "abc");
    const get = "GET /a HTTP/1.1\r\nHost: 172.23.0.2:2080\r\n\r\n";
    const post = "POST /b HTTP/1.1\r\nHost: 172.23.0.2:2080\r\n" +
      'Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{"\u00e9":1}';
    assertEquals(server.sent, get + post);
  }
});

const BROKEN: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["nothing", [], /it broke off/],
  ["half of a head", ["HTTP/1.1 200 OK\r\n"], /it broke off/],
  ["half of the contents", [REPLY.slice(0, -1)], /it broke off/],
  ["no HTTP", ["SSH-2.0-x\r\n\r\n"], /is no reply/],
  ["no length", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"], /is no reply/],
  ["long contents", ["HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"], /too long/],
  ["a head without end", Array(20).fill("x".repeat(1_000)), /too long/],
];

for (const [what, pieces, reason] of BROKEN) {
  Deno.test(`HttpExchange refuses ${what}`, async () => {
    const exchange = new HttpExchange(new PlayedConnection(pieces), "a");
    const asking = () => exchange.ask({ method: "GET", path: "/" });
    const error = await assertRejects(asking, ConnectionError, "connection-failed");
    assertMatch(error.message, reason);
  });
}
