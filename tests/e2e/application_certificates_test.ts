/**
 * Certificates for applications, with the real programs: the agent makes the key, the keeper certifies
 * it, and OpenSSL judges what is in place.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type CertifiedLoadout, CertifiedSite } from "../support/certified_site.ts";
import type { JsonLine } from "../support/followed_process.ts";
import { HAS_OPENSSL, runOpenssl } from "../support/openssl_program.ts";
import { restoredLine } from "../support/signed_agent.ts";
import { modeOf, outcomesOf, readTree, type RunningAgent } from "../support/site.ts";

const OPENSSL = { ignore: !HAS_OPENSSL || Deno.build.os === "windows" };

const CERTIFICATES = [
  "certificates:",
  "  web: { names: [web.example.org, 10.0.0.7], usage: [server], lifetime: 7d }",
];
const LOADOUT: CertifiedLoadout = {
  more: CERTIFICATES,
  hooks: { changed: "{ touch: changed }" },
  directives: ["{ source: motd }", "{ certificate: web, target: tls/, hook: changed }"],
};
const PARTS = ["tls/chain.pem", "tls/key.pem", "tls/root.pem"] as const;

/** Runs OpenSSL among the files of an agent. */
async function openssl({ files }: RunningAgent, ...args: readonly string[]): Promise<string> {
  const { code, text } = await runOpenssl(args, { cwd: files });
  return `${code} ${text}`;
}

function serialOf(agent: RunningAgent): Promise<string> {
  return openssl(agent, "x509", "-in", "tls/chain.pem", "-noout", "-serial");
}

/** What was done to each part. */
function partsOf(report: JsonLine | undefined): string[] {
  const outcomes = outcomesOf(report);
  return PARTS.map((path) => outcomes[path] ?? "unchanged");
}

/** What the plan says of each path. */
function changesOf([plan]: readonly JsonLine[]): string[] {
  const changes: { action: string; path: string; size: unknown; contents: unknown }[] =
    plan?.changes ?? [];
  return changes.map(({ action, path, size, contents }) => {
    return `${action} ${path}${size === null && contents === null ? "" : " known"}`;
  });
}

Deno.test(
  "certificates: a key is made at the agent, and OpenSSL verifies what the keeper certified",
  OPENSSL,
  async () => {
    await using place = await CertifiedSite.open({ isMade: false });
    const agent = await place.startAgent();
    await place.declare([agent], { directives: ["{ source: motd }"] });
    assertEquals((await place.deliver()).code, 0);
    await place.declare([agent], LOADOUT);
    const before = await place.run("plan");
    const made = ["create tls", ...PARTS.map((path) => `create ${path}`)];
    assertEquals([before.code, changesOf(before.plans)], [3, made]);
    // Who only looks makes no authority, and no agent makes a key.
    const state = await readTree(place.site.path("keeper-state"));
    assertEquals(Object.keys(state).filter((path) => path.startsWith("authority/")), []);
    const first = await place.deliver();
    assertEquals(first.code, 0, first.stderr + agent.program.stderr);
    const report = first.agents.get(agent.address);
    assertEquals(partsOf(report), ["created", "created", "created"]);
    assertEquals(report?.hooks.map(({ outcome }: JsonLine) => outcome), ["ran"]);
    const modes = await Promise.all(PARTS.map((path) => modeOf(`${agent.files}/${path}`)));
    assertEquals(modes, [0o644, 0o600, 0o644]);
    const verify = ["verify", "-x509_strict", "-CAfile", "tls/root.pem", "-untrusted"];
    const name = ["-verify_hostname", "web.example.org", "tls/chain.pem"];
    assertEquals(
      await openssl(agent, ...verify, "tls/chain.pem", "-purpose", "sslserver", ...name),
      "0 tls/chain.pem: OK\n",
    );
    const ip = ["-verify_ip", "10.0.0.7", "tls/chain.pem"];
    assertMatch(await openssl(agent, ...verify, "tls/chain.pem", ...ip), /^0 /);
    const bad = [["-purpose", "sslclient"], ["-verify_hostname", "db.example.org"]];
    for (const args of bad) {
      const said = await openssl(agent, ...verify, "tls/chain.pem", ...args, "tls/chain.pem");
      assertMatch(said, /^2 .*error/s);
    }
    const key = await openssl(agent, "pkey", "-in", "tls/key.pem", "-pubout");
    const certified = ["x509", "-in", "tls/chain.pem", "-noout", "-pubkey"];
    assertEquals(key, await openssl(agent, ...certified));
    const after = await place.run("plan");
    assertEquals([after.code, changesOf(after.plans)], [0, []]);
    const second = await place.deliver();
    assertEquals([second.code, partsOf(second.agents.get(agent.address))], [
      0,
      new Array(3).fill("unchanged"),
    ]);
  },
);

Deno.test(
  "certificates: another is issued at two thirds of the time, on other terms, and for a key that is gone",
  OPENSSL,
  async () => {
    await using place = await CertifiedSite.open();
    let agent = await place.startAgent();
    await place.declare([agent], LOADOUT);
    assertEquals((await place.deliver()).code, 0);
    const serials = [await serialOf(agent)];
    /** Looks first, and then has it done; what was issued before is not again. */
    const renew = async (expected: readonly string[]) => {
      assertEquals((await place.run("plan")).code, 3);
      const run = await place.deliver();
      const report = run.agents.get(agent.address);
      assertEquals([run.code, partsOf(report)], [0, [...expected]], run.stderr);
      assertEquals(report?.hooks.length, 1);
      assertEquals(report?.drifted, []);
      serials.push(await serialOf(agent));
      assertEquals(new Set(serials).size, serials.length);
      assertEquals((await place.run("plan")).code, 0);
    };
    const ROTATED = ["updated", "updated", "unchanged"];
    // As if two thirds of its time were over.
    await agent.program.stop();
    const path = `${agent.state}/certificates.json`;
    const record = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, record.replace(/"renewAtMs":\d+/, '"renewAtMs":1'));
    agent = await place.startAgent();
    await place.declare([agent], LOADOUT);
    await renew(ROTATED);
    const terms = CERTIFICATES.map((line) => line.replace("10.0.0.7", "db.example.org"));
    await place.declare([agent], { ...LOADOUT, more: terms });
    await renew(ROTATED);
    const names = await openssl(
      agent,
      "x509",
      "-in",
      "tls/chain.pem",
      "-noout",
      "-ext",
      "subjectAltName",
    );
    assertMatch(names, /DNS:web\.example\.org, DNS:db\.example\.org\n/);
    const kind = terms.map((line) => line.replace("usage:", "key: Ed25519, usage:"));
    await place.declare([agent], { ...LOADOUT, more: kind });
    await renew(ROTATED);
    assertMatch(await openssl(agent, "pkey", "-in", "tls/key.pem", "-noout", "-text"), /ED25519/);
    await Deno.remove(`${agent.files}/tls/key.pem`);
    await renew(["updated", "created", "unchanged"]);
    const issued = await place.site.run("keeper", [
      ...["ca", "list", "--json", "--state-dir", place.site.path("keeper-state")],
    ]);
    assertEquals(issued.stdout.trimEnd().split("\n").length, serials.length);
  },
);

Deno.test(
  "certificates: outlast a restart without a keeper, stay where none can be issued, and go with a wipe",
  OPENSSL,
  async () => {
    await using place = await CertifiedSite.open();
    const first = await place.startAgent();
    await place.declare([first], {
      ...LOADOUT,
      directives: ["{ source: motd }", "{ certificate: web, target: tls/, together: true }"],
    });
    assertEquals((await place.deliver()).code, 0);
    const serial = await serialOf(first);
    await first.program.stop("SIGKILL");
    const agent = await place.startAgent();
    const { vouched, changed, files } = await restoredLine(agent);
    assertEquals([vouched, changed, files], [true, [], 4]);
    // A name that the authority gives to nobody.
    await place.declare([agent], {
      ...LOADOUT,
      more: [...CERTIFICATES.slice(0, 1), "  web: { names: [fluxdb_demo] }"],
      directives: [
        ...["{ source: motd, mode: 0640 }", "{ certificate: web, target: tls/, together: true }"],
      ],
    });
    const refused = await place.deliver();
    const report = refused.agents.get(agent.address);
    assertEquals([refused.code, partsOf(report)], [
      1,
      new Array(3).fill("failed certificate-refused"),
    ]);
    assertEquals(outcomesOf(report)["motd"], "reowned");
    assertMatch(refused.stderr, /name-refused/);
    assertEquals(await serialOf(agent), serial);
    const wiped = await place.run("wipe", "demo", "--yes");
    assertEquals(wiped.code, 0, wiped.stderr);
    assertEquals(await readTree(agent.files), {});
    const record = JSON.parse(await Deno.readTextFile(`${agent.state}/certificates.json`));
    assertEquals(record.certificates, []);
  },
);

Deno.test(
  "certificates: are withheld from a level that is too low, and come with the approval",
  OPENSSL,
  async () => {
    await using place = await CertifiedSite.open();
    const agent = await place.startAgent();
    const [motd, tls] = [
      "{ source: motd }",
      "{ certificate: web, target: tls/, requires: approved }",
    ];
    await place.declare([agent], { ...LOADOUT, hooks: {}, directives: [motd, tls] });
    const held = await place.deliver();
    assertEquals(Object.keys(await readTree(agent.files)), ["motd"]);
    assertEquals(held.agents.get(agent.address)?.withheld, [
      { path: "tls", required: "approved", actual: "first-use" },
    ]);
    const approval = ["agents", "approve", agent.fingerprint, "--app-name", "demo"];
    const approved = await place.site.run("keeper", [
      ...[...approval, "--state-dir", place.site.path("keeper-state")],
    ]);
    assertEquals(approved.code, 0, approved.stderr);
    const given = await place.deliver();
    assertEquals(partsOf(given.agents.get(agent.address)), ["created", "created", "created"]);
  },
);

Deno.test("certificates: no key is anywhere but in its file", OPENSSL, async () => {
  await using place = await CertifiedSite.open();
  const agent = await place.startAgent({ args: ["--debug"] });
  await place.declare([agent], LOADOUT);
  const runs = [
    await place.run("run", "--run-once", "--debug"),
    await place.run("plan"),
    await place.run("status"),
  ];
  assertEquals(runs[0]?.code, 0);
  const [, secret = ""] = (await Deno.readTextFile(`${agent.files}/tls/key.pem`)).split("\n");
  assert(secret.length > 40);
  const { program } = agent;
  for (
    const text of [
      program.stdout,
      program.stderr,
      ...runs.flatMap((run) => [run.stdout, run.stderr]),
    ]
  ) {
    assert(!text.includes(secret));
  }
  const found: string[] = [];
  for await (const { path, text } of textsBelow(place.site.folder)) {
    if (text.includes(secret)) found.push(path.slice(place.site.folder.length));
  }
  assertEquals(found, ["/web/files/tls/key.pem"]);
});

/** Reads all files below a folder. */
async function* textsBelow(
  folder: string,
): AsyncGenerator<{ readonly path: string; readonly text: string }> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* textsBelow(path);
    else if (isFile) yield { path, text: new TextDecoder().decode(await Deno.readFile(path)) };
  }
}
