/**
 * The certificate authority of the real keeper program: agents have keys certified over their sessions,
 * and hear what was revoked.
 *
 * @module
 */
import { base64 } from "@scure/base";
import { encodePem } from "../../protocol/certificates/mod.ts";
import { RingSecrets } from "../../keeper/authority/ring_secrets.ts";
import { openKeyRing } from "../../keeper/keys/mod.ts";
import { fixedEnvironment } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { MemoryInput } from "../support/memory_input.ts";
import { MemoryOutput } from "../support/memory_output.ts";
import { AskingAgent, type CertificateAnswer } from "../support/asking_agent.ts";
import { missingForOpenssl, type Openssl, withOpenssl } from "../support/openssl.ts";
import { readTree, Site } from "../support/site.ts";
import { QUICK } from "../keeper/keys/key_fixtures.ts";
import { makeRequest } from "../keeper/authority/authority_site.ts";

const missing = await missingForOpenssl();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;
const APP = "VaultDemo";
const PASSPHRASE = "correct horse battery";

class CertifiedSite {
  constructor(readonly site: Site, readonly agent: AskingAgent, readonly openssl: Openssl) {}

  /** All that the keeper wrote so far. */
  written = "";

  get #process() {
    return { variables: { CREDENTIALS_DIRECTORY: this.site.path("credentials") } };
  }

  get #state(): string {
    return this.site.path("keeper-state");
  }

  /** Serves the agent once. */
  async serve(...args: readonly string[]): Promise<number> {
    const end = await this.site.run("keeper", [
      ...["run", "--run-once", "--json", "--vault-dir", this.site.path("vault")],
      ...["--managed-files", "a", "--agent-ips", this.agent.address, "--app-name", APP],
      ...["--state-dir", this.#state, "--key-store", "file", ...args],
    ], this.#process);
    this.written += end.stdout + end.stderr;
    return end.code;
  }

  /** Runs a command of `ca`, and returns what it wrote to standard output. */
  async ca(...args: readonly string[]): Promise<string> {
    const all = ["ca", ...args, "--state-dir", this.#state];
    const { code, stdout, stderr } = await this.site.run("keeper", all, this.#process);
    this.written += stdout + stderr;
    assertEquals(code, 0, stderr);
    return stdout;
  }

  /** Has the agent ask in the next session. */
  async ask(input: Readonly<Record<string, unknown>> = {}): Promise<CertificateAnswer | string> {
    const { request } = await makeRequest();
    this.agent.input = { Request: base64.encode(request), Purpose: "agent", ...input };
    await this.serve();
    this.agent.input = null;
    const answer = this.agent.answers.at(-1);
    assert(answer !== undefined, this.written);
    return answer;
  }

  /** Has OpenSSL verify a certificate with the lists that the agent has. */
  async verify({ Chain: [leaf, intermediate], Root }: CertificateAnswer) {
    await this.openssl.write("leaf.pem", leaf);
    await this.openssl.write("intermediate.pem", intermediate);
    await this.openssl.write("root.pem", Root);
    for (const [name, list] of this.agent.lists) {
      await this.openssl.write(`${name}.pem`, encodePem("X509 CRL", list));
    }
    return await this.openssl.run(
      ...["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "intermediate.pem"],
      ...["-crl_check_all", "-CRLfile", "Revocations.pem", "-CRLfile", "RootRevocations.pem"],
      ...["-purpose", "sslserver", "-verify_hostname", `db.agent.${APP}.fluxvault.internal`],
      "leaf.pem",
    );
  }
}

/** Makes the secret of an authority in a file that is quick to open, and worth nothing. */
async function storeSecret(site: Site): Promise<void> {
  const env = fixedEnvironment({ CREDENTIALS_DIRECTORY: site.path("credentials") });
  const ring = openKeyRing({
    stateFolder: site.path("keeper-state"),
    env,
    stdin: new MemoryInput(),
    stderr: new MemoryOutput(),
    signal: new AbortController().signal,
  }, { cost: QUICK });
  await new RingSecrets(ring, { env, choice: "file" }).create();
}

function certifiedTest(name: string, work: (site: CertifiedSite) => Promise<void>): void {
  Deno.test(
    `certificates: ${name}${skipped}`,
    { ignore: missing !== null },
    () =>
      withOpenssl(async (openssl) => {
        await using site = await Site.open({ a: "one" });
        await Deno.mkdir(site.path("credentials"));
        await Deno.writeTextFile(site.path("credentials/fluxvault-passphrase"), PASSPHRASE);
        await storeSecret(site);
        await using agent = await AskingAgent.open(APP, "db");
        await work(new CertifiedSite(site, agent, openssl));
      }),
  );
}

certifiedTest(
  "an agent is given one, shows it, and hears that it was revoked",
  async (certified) => {
    const { agent, site } = certified;
    const answer = await certified.ask();
    assert(typeof answer !== "string", `${answer} ${certified.written}`);
    // The lists of the answer are those that the next session tells of.
    assertEquals(await certified.serve(), 0);
    assertEquals([...agent.lists.keys()].sort(), ["Revocations", "RootRevocations"]);
    assertEquals(
      base64.encode(agent.lists.get("Revocations") ?? new Uint8Array()),
      answer.Revocations,
    );
    const good = await certified.verify(answer);
    assert(good.isGood, good.output);

    const listed = JSON.parse(await certified.ca("list", "--json"));
    assertEquals([listed.names, listed.purpose, listed.state], [
      [`db.agent.${APP}.fluxvault.internal`],
      "agent",
      "valid",
    ]);
    await certified.ca(
      "revoke",
      listed.serial,
      "--reason",
      "key-compromise",
      "--key-store",
      "file",
    );
    assertEquals(await certified.serve(), 0);
    const bad = await certified.verify(answer);
    assert(!bad.isGood && bad.output.includes("certificate revoked"), bad.output);

    const { serial: root } = JSON.parse(await certified.ca("show", "--json"));
    const audit = (await Deno.readTextFile(site.path("keeper-state/audit.jsonl"))).trimEnd()
      .split("\n").map((line) => JSON.parse(line))
      .filter(({ event }) => ["authority", "intermediate", "issued", "revoked"].includes(event));
    assertEquals(audit.map(({ event }) => event), [
      "authority",
      "intermediate",
      "issued",
      "revoked",
    ]);
    assertEquals([audit[0].serial, audit[2].serial, audit[2].fingerprint], [
      root,
      listed.serial,
      listed.fingerprint,
    ]);
  },
);

certifiedTest(
  "nothing is issued to who waits for approval, or asks for what was not declared",
  async (certified) => {
    const { request } = await makeRequest();
    const { agent, site } = certified;
    agent.input = { Request: base64.encode(request), Purpose: "agent" };
    assertEquals(await certified.serve("--trust", "approve"), 1);
    assertEquals(agent.answers, []);
    assertEquals(
      await certified.ask({ Purpose: "application", Name: "web" }),
      "certificate-undeclared",
    );
    assertEquals(await certified.ask({ Purpose: "keeper" }), "input-malformed");
    assertEquals(await certified.ask({ Request: "AAAA" }), "request-malformed");
    const state = await readTree(site.path("keeper-state"));
    assertEquals(Object.keys(state).filter((path) => path.startsWith("authority/")), []);
  },
);

certifiedTest(
  "a keeper without the passphrase serves files, and issues nothing",
  async (certified) => {
    const { site } = certified;
    assert(typeof await certified.ask() !== "string");
    await Deno.remove(site.path("credentials/fluxvault-passphrase"));
    const answer = await certified.ask();
    assertEquals(answer, "config-invalid");
    assert(certified.written.includes("No certificate can be issued"), certified.written);
    assertEquals(await certified.serve(), 0);
  },
);

certifiedTest(
  "no private key and no secret is in anything that the keeper writes",
  async (certified) => {
    const { site } = certified;
    const answer = await certified.ask();
    assert(typeof answer !== "string");
    await certified.serve("--debug");
    for (const what of ["root", "chain", "revocations"]) {
      await certified.ca("export", "--what", what, "--app-name", APP, "--debug");
    }
    const state = await readTree(site.path("keeper-state"));
    const all = `${certified.written}${Object.values(state).join("\n")}${JSON.stringify(answer)}`;
    assert(!/PRIVATE KEY|correct horse/.test(all));
  },
);
