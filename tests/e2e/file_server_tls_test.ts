/**
 * The file server under mutual TLS, with the real agent program: who is a component by a certificate of
 * the app's authority gets its files, and nobody else a byte.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { PlayedCertificate } from "../support/played_authority.ts";
import { getRaw } from "../support/http_peer.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { createAuthorities, credentialsFor, type TlsAuthorities } from "../support/tls_ends.ts";
import { deliverWhole } from "../support/whole_delivery.ts";

const AUTHORITIES = await createAuthorities();
/** May give all names: what an authority of an app may not is tried elsewhere. */
const ANY: TlsAuthorities = { ...AUTHORITIES, app: AUTHORITIES.root };
const DB: PlayedCertificate = {
  subject: "db",
  dnsNames: ["fluxdb_shop"],
  usages: ["server", "client"],
};

/** An agent that serves files under TLS, and others that ask. */
class Stage implements AsyncDisposable {
  private constructor(readonly site: Site, readonly agent: RunningAgent, readonly port: number) {}

  static async open(): Promise<Stage> {
    const server = { ...DB, subject: "agent", dnsNames: ["fluxagent_shop"] };
    const shows = await credentialsFor({ ...server, ipAddress: [127, 0, 0, 1] }, ANY);
    const site = await Site.open({
      "db.password": "one",
      "tls/key.pem": shows.keyPem,
      "tls/chain.pem": shows.chainPem,
      "tls/root.pem": shows.rootPem,
    });
    const args = ["--fileserver-address", "127.0.0.1", "--fileserver-tls-port", "0"];
    const agent = await site.startAgent({
      args: ["--fileserver-tls", "tls", ...args, "--app-name", "shop", "--component-name", "agent"],
    });
    const { port } = await agent.program.waitForJson(({ event }) => event === "file-server-tls");
    await deliverWhole(site, agent);
    return new Stage(site, agent, port);
  }

  /** Fetches a file with what a caller has; returns what it got, or what it was told. */
  async fetch(
    path: string,
    says: Partial<PlayedCertificate> = {},
    authorities: TlsAuthorities = ANY,
  ): Promise<string> {
    const { keyPem, chainPem } = await credentialsFor({ ...DB, ...says }, authorities);
    const { rootPem } = await credentialsFor(DB, ANY);
    const files = { "client.key": keyPem, "client.pem": chainPem, "root.pem": rootPem };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(this.site.path(name), text);
    }
    const { stdout, stderr } = await this.site.run("agent", [
      ...["fetch", `https://127.0.0.1:${this.port}${path}`],
      ...["--tls-cert", this.site.path("client.pem"), "--tls-key", this.site.path("client.key")],
      ...["--tls-root", this.site.path("root.pem")],
    ]);
    return stdout === "" ? stderr : stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

Deno.test("agent: serves files under mutual TLS to a component of the app, and not the key of that", async () => {
  await using stage = await Stage.open();
  assertEquals(await stage.fetch("/files/db.password"), "one");
  assertMatch(await stage.fetch("/files/tls/key.pem"), /403 the key itself is not served/);
  const listing = await stage.fetch("/files/");
  assert(listing.includes("tls/chain.pem") && !listing.includes("key.pem"), listing);
});

Deno.test("agent: serves nothing under mutual TLS to anybody else", async () => {
  await using stage = await Stage.open();
  const strangers = await createAuthorities();
  const path = "/files/db.password";
  const nothing = /does not answer/;
  assertMatch(await stage.fetch(path, {}, { ...strangers, app: strangers.root }), nothing);
  assertMatch(await stage.fetch(path, { dnsNames: ["fluxdb_bank"] }), nothing);
  assertMatch(await stage.fetch(path, { dnsNames: ["keeper.shop.fluxvault.internal"] }), nothing);
  assertMatch(await stage.fetch(path, { usages: ["server"] }), nothing);
  assertMatch(await stage.fetch(path, { notAfterMs: Date.now() - 2_000 }), nothing);
  const plain = await getRaw(stage.port, path);
  assertEquals([plain.status, plain.body.includes("one")], [0, false]);
  assertEquals((await stage.agent.program.stop("SIGTERM")).code, 0);
  assertMatch(stage.agent.program.stderr, /turned somebody away under TLS/);
});

Deno.test("agent: takes certificates and keys for https:// alone, and all of them", async () => {
  await using site = await Site.open({});
  for (const [url, flags] of [["http", ["--tls-cert=a"]], ["https", ["--tls-cert=a"]]] as const) {
    const args = ["fetch", `${url}://127.0.0.1:1/files/a`, ...flags];
    const { code, stderr } = await site.run("agent", args);
    assertEquals(code, 2, stderr);
  }
  const start = ["--whitelisted-addresses=127.0.0.1", "--bind-port=0", "--state-dir=state"];
  for (
    const [folder, problem] of [["tls", /needs an app/], ["../tls", /is a path that/]] as const
  ) {
    const args = [...start, `--fileserver-tls=${folder}`, "--working-dir=files"];
    const { code, stderr } = await site.run("agent", args);
    assertEquals(code, 2);
    assertMatch(stderr, problem);
  }
});
