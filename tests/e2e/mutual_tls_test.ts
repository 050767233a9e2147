/**
 * Mutual TLS of a sub-agent, with the real agent programs: it enrols, asks for TLS from then on, and lets
 * in nobody whose certificate is not what it has to be.
 *
 * @module
 */
import { base64 } from "@scure/base";
import type { Duplex } from "../../protocol/duplex.ts";
import { ConnectionError, type FluxVaultError } from "../../protocol/errors.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { deliverIssuing, keeperShows, speakTls } from "../support/enrolled_agent.ts";
import { HAS_OPENSSL, readOpensslLine } from "../support/openssl_program.ts";
import type { PlayedCertificate } from "../support/played_authority.ts";
import { PlayedIssuer } from "../support/played_issuer.ts";
import { signerOf } from "../support/signing.ts";
import type { RunningAgent } from "../support/site.ts";
import { AppSite, untilRegistered, withPrimary } from "../support/sub_agents.ts";
import { createAppAuthority, createAuthorities } from "../support/tls_ends.ts";

const SIGNER = signerOf();
const SIGNED = ["--signed-vault-connections", `--zelid=${SIGNER.address}`];
const AUTHORITIES = await createAuthorities();

/** A primary, and a sub-agent `db` that has enrolled with a keeper, and what there is to reach it by. */
class Enrolled implements AsyncDisposable {
  readonly issuer = new PlayedIssuer(AUTHORITIES);
  #revision = 0;

  private constructor(
    readonly app: AppSite,
    readonly primary: RunningAgent,
    readonly db: RunningAgent,
  ) {}

  /** Starts both, and delivers for the first time. */
  static async open(
    { args = [], says = {} }: {
      readonly args?: readonly string[];
      readonly says?: Partial<PlayedCertificate>;
    } = {},
  ): Promise<Enrolled> {
    const app = await AppSite.open();
    const primary = await app.startPrimary();
    const options = { isTrusting: false, args: [...SIGNED, ...args] };
    const enrolled = new Enrolled(app, primary, await app.startSubAgent("db", options));
    await untilRegistered(primary, "db");
    enrolled.issuer.change({ says });
    await enrolled.deliver({ a: "one" });
    return enrolled;
  }

  /** Delivers through the primary, under TLS where that is asked for. */
  async deliver(
    files: Record<string, string>,
    { shows, ...work }: {
      readonly shows?: Parameters<typeof speakTls>[1];
      readonly work?: Parameters<typeof deliverIssuing>[1]["work"];
    } = {},
  ): Promise<void> {
    await this.throughPrimary(async (duplex) => {
      const all = { signer: SIGNER, issuer: this.issuer, files, revision: ++this.#revision };
      const secured = shows === undefined ? duplex : await speakTls(duplex, shows);
      await deliverIssuing(secured, { ...all, ...work });
    });
  }

  /** Opens a way to the sub-agent through the primary. */
  async throughPrimary(work: (duplex: Duplex) => Promise<void>): Promise<void> {
    await withPrimary(this.primary, async (desk) => {
      const duplex = await desk.openDuplex("relay", { input: { Component: "db" } });
      try {
        await work(duplex);
      } finally {
        duplex.close();
      }
    });
  }

  /** Waits until the sub-agent has told its primary so often that it speaks TLS. */
  async untilTls(times = 1): Promise<void> {
    await untilLogged(this.db, /keepers have to speak TLS from now on/g, times);
  }

  /** The contents of a file that was delivered. */
  async read(path: string): Promise<string> {
    return await Deno.readTextFile(`${this.db.files}/${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
  }
}

/** Waits until a log says something so often. */
async function untilLogged({ program }: RunningAgent, text: RegExp, times: number): Promise<void> {
  const isThere = () => (program.stderr.match(text)?.length ?? 0) >= times || undefined;
  await program.waitFor(isThere);
}

/** Whether the primary says of the sub-agent that it speaks TLS. */
async function listedTls({ primary }: Enrolled): Promise<unknown> {
  return await withPrimary(primary, async (desk) => {
    const { Agents } = await desk.call("relay-list") as { Agents: { Tls: boolean }[] };
    return Agents.map(({ Tls }) => Tls);
  });
}

/** Has a keeper refused under TLS, at the port of the sub-agent itself. */
async function refused(
  db: RunningAgent,
  shows: Parameters<typeof speakTls>[1],
): Promise<FluxVaultError> {
  const connection = await dialTcp(db);
  try {
    const attempt = async () => {
      const secured = await speakTls(connection.duplex, shows);
      const { done } = await secured.readable.getReader().read();
      assert(done, "the agent spoke");
    };
    return await assertRejects(attempt, ConnectionError, "certificate-refused");
  } finally {
    connection.close();
  }
}

Deno.test("mutual TLS: a sub-agent enrols in its first session, and is served under TLS from then on", async () => {
  await using enrolled = await Enrolled.open();
  assertEquals(await enrolled.read("a"), "one");
  assertEquals(enrolled.issuer.asked.map(({ Purpose }) => Purpose), ["agent"]);
  await enrolled.untilTls();
  assertEquals(await listedTls(enrolled), [true]);
  const shows = await keeperShows(AUTHORITIES);
  await enrolled.deliver({ a: "two" }, { shows });
  assertEquals(await enrolled.read("a"), "two");
  // It is not time for another certificate.
  assertEquals(enrolled.issuer.asked.length, 1);
});

Deno.test("mutual TLS: an enrolled sub-agent says nothing to whoever speaks plain text", async () => {
  await using enrolled = await Enrolled.open();
  await enrolled.untilTls();
  const connection = await dialTcp(enrolled.db);
  const reader = connection.duplex.readable.getReader();
  await connection.duplex.writable.getWriter().write(new Uint8Array([0x7b, 0x7d, 0x0a]));
  const { value } = await reader.read();
  // Nothing, or an alert of TLS: 21, and no line of JSON.
  assert(value === undefined || value[0] === 21, `${value}`);
  connection.close();
  assertEquals(await enrolled.read("a"), "one");
});

Deno.test("mutual TLS: an enrolled sub-agent refuses every certificate but its keeper's", async () => {
  await using enrolled = await Enrolled.open();
  const { db } = enrolled;
  await enrolled.untilTls();
  const bank = await createAppAuthority(AUTHORITIES.root, "bank");
  const ofBank = { ...AUTHORITIES, app: bank };
  const strangers = await createAuthorities();
  const { rootPem } = await keeperShows(AUTHORITIES);
  await refused(db, { keyPem: "", chainPem: "", rootPem });
  await refused(db, { ...await keeperShows(strangers), rootPem });
  await refused(db, await keeperShows(AUTHORITIES, { usages: ["server"] }));
  await refused(db, await keeperShows(AUTHORITIES, { usages: ["client", "server"] }));
  await refused(db, await keeperShows(AUTHORITIES, { dnsNames: ["web.shop.fluxvault.internal"] }));
  await refused(db, await keeperShows(AUTHORITIES, { notAfterMs: Date.now() - 2_000 }));
  await refused(db, await keeperShows(ofBank));
  await refused(db, await keeperShows(ofBank, { dnsNames: ["keeper.bank.fluxvault.internal"] }));
  assertEquals(await enrolled.read("a"), "one");
});

Deno.test("mutual TLS: a keeper whose certificate was revoked is refused, once the agent knows", async () => {
  await using enrolled = await Enrolled.open();
  await enrolled.untilTls();
  const serial = new Uint8Array([0x4b, 1]);
  const stolen = await keeperShows(AUTHORITIES, { serial });
  const shows = await keeperShows(AUTHORITIES);
  await enrolled.deliver({ a: "two" }, { shows: stolen });
  const list = base64.encode(await AUTHORITIES.app.revoke([serial], { number: 7 }));
  const work = async (desk: { call(name: string, options: unknown): Promise<unknown> }) => {
    await desk.call("revocations", { input: { Revocations: list } });
  };
  await enrolled.deliver({ a: "three" }, { shows, work });
  await refused(enrolled.db, stolen);
  await enrolled.deliver({ a: "four" }, { shows });
  assertEquals(await enrolled.read("a"), "four");
});

Deno.test("mutual TLS: a sub-agent whose certificate is revoked goes on without TLS, and asks anew", async () => {
  const serial = new Uint8Array([0x4b, 2]);
  await using enrolled = await Enrolled.open({ says: { serial } });
  await enrolled.untilTls();
  const shows = await keeperShows(AUTHORITIES);
  const list = base64.encode(await AUTHORITIES.app.revoke([serial], { number: 8 }));
  enrolled.issuer.change({});
  await enrolled.deliver({ a: "two" }, {
    shows,
    work: async (desk) => {
      await desk.call("revocations", { input: { Revocations: list } });
    },
  });
  await untilLogged(enrolled.db, /sessions go on without TLS/g, 1);
  assertEquals(await listedTls(enrolled), [false]);
  await enrolled.deliver({ a: "three" });
  await enrolled.untilTls(2);
  await enrolled.deliver({ a: "four" }, { shows });
  assertEquals(await enrolled.read("a"), "four");
});

Deno.test("mutual TLS: a sub-agent that has restarted has no certificate, and enrols anew", async () => {
  await using enrolled = await Enrolled.open();
  await enrolled.untilTls();
  await enrolled.db.program.stop("SIGKILL");
  await using db = await enrolled.app.startSubAgent("db", { isTrusting: false, args: SIGNED });
  await db.program.waitForLog(/registered with the primary/);
  assertEquals(await listedTls(enrolled), [false]);
  await enrolled.deliver({ a: "two" });
  await untilLogged(db, /keepers have to speak TLS from now on/g, 1);
  assertEquals([await listedTls(enrolled), enrolled.issuer.asked.length], [[true], 2]);
});

Deno.test("mutual TLS: a sub-agent that is told not to stays without TLS", async () => {
  await using enrolled = await Enrolled.open({ args: ["--mutual-tls=false"] });
  await enrolled.deliver({ a: "two" });
  assertEquals([enrolled.issuer.asked.length, await enrolled.read("a")], [0, "two"]);
});

Deno.test({
  name: "mutual TLS: OpenSSL without a certificate gets nothing of an enrolled sub-agent",
  ignore: !HAS_OPENSSL,
  fn: async () => {
    await using enrolled = await Enrolled.open();
    await enrolled.untilTls();
    const { db: { address }, app: { site } } = enrolled;
    const { keyPem, chainPem, rootPem } = await keeperShows(AUTHORITIES);
    await Deno.writeTextFile(site.path("keeper.pem"), keyPem + chainPem);
    await Deno.writeTextFile(site.path("chain.pem"), chainPem);
    await Deno.writeTextFile(site.path("root.pem"), rootPem);
    const dial = (...args: string[]) => {
      const fixed = ["-connect", address, "-CAfile", site.path("root.pem"), "-quiet"];
      return readOpensslLine(["s_client", ...fixed, ...args]);
    };
    const cert = ["-cert", site.path("keeper.pem"), "-cert_chain", site.path("chain.pem")];
    assertEquals(await dial(), "");
    assertEquals(await dial("-tls1_2", ...cert), "");
    assertMatch(await dial(...cert), /^\{"/);
  },
});
