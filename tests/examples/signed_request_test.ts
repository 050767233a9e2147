/**
 * Example: a certificate request that the keeper signs.
 *
 * The application beside the agent makes a key that never leaves it. In the session with the keeper the
 * agent asks for a certificate; the keeper knows for which component of which app the key of the agent is
 * pinned, and puts that name into the certificate, whatever the request says.
 *
 * @module
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import * as v from "valibot";
import { Agent, listen, parsePeerRule, PeerPolicy } from "../../agent/mod.ts";
import {
  declareForAll,
  dialAgent,
  Keeper,
  MemoryKnownAgentsStore,
  MemoryVault,
  StaticFleet,
} from "../../keeper/mod.ts";
import {
  CallError,
  defineContract,
  generateIdentitySeed,
  importIdentity,
  MemorySecretStore,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { fixedKeyStock } from "../support/session_pair.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const base64 = v.pipe(v.string(), v.base64(), v.maxLength(8_192));

/** What both ends share. */
const signRequest = defineContract("sign-request", {
  describe: "Signs a certificate request of an application for the component of its agent.",
  input: v.object({ request: base64 }),
  output: v.object({ certificate: base64 }),
});

/** A small authority of the example's own; `keeper ca` has one for your use. */
async function makeAuthority() {
  const keys = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Example authority",
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  async function sign(request: string, component: string): Promise<string> {
    let asked: x509.Pkcs10CertificateRequest;
    try {
      asked = new x509.Pkcs10CertificateRequest(request);
    } catch {
      throw new CallError("request-malformed", "that is no certificate request");
    }
    if (!await asked.verify()) throw new CallError("request-invalid", "nobody proved the key");
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${component}`,
      issuer: root.subject,
      notAfter: new Date(Date.now() + 24 * 3_600_000),
      publicKey: asked.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: P256,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: component }])],
    });
    return certificate.toString("base64");
  }
  return { root, sign };
}

Deno.test("example: an agent has a certificate request signed by its keeper", async () => {
  // The side of the agent.
  const applicationKeys = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    // Whoever asks would like to be somebody else.
    name: "CN=admin",
    keys: applicationKeys,
    signingAlgorithm: P256,
  });
  let certificate: x509.X509Certificate | null = null;
  const stop = new AbortController();
  using listener = listen({ hostname: "127.0.0.1", port: 0 });
  using keys = await fixedKeyStock(); // An agent makes its own where it is given none.
  const agent = new Agent({
    keys,
    identity: await importIdentity(await generateIdentitySeed()),
    store: new MemorySecretStore(),
    policy: new PeerPolicy([parsePeerRule("127.0.0.1")]),
    app: "shop",
    component: "web",
    calls: {
      work: async (desk) => {
        if (certificate !== null) return;
        const answer = await desk.call(signRequest, {
          input: { request: request.toString("base64") },
        });
        certificate = new x509.X509Certificate(answer.certificate);
      },
    },
  });
  const served = agent.serve(listener, { signal: stop.signal });

  // The side of the keeper.
  const { root, sign } = await makeAuthority();
  const { port } = listener.address;
  const keeper = new Keeper({
    fleet: new StaticFleet([{ host: "127.0.0.1", port }], { app: "shop" }),
    vault: await MemoryVault.from({}),
    declarations: declareForAll([]),
    knownAgents: new MemoryKnownAgentsStore(),
    dial: dialAgent,
    trust: "first-use",
    firstUseLimit: 1,
  });
  keeper.action("sign-request", {
    app: "shop",
    level: "first-use",
    ...signRequest.options,
    async run({ agent: { component } }, { request }) {
      if (component === null) throw new CallError("component-missing", "it has no component");
      return { certificate: await sign(request, component) };
    },
  });
  const report = await keeper.pass();
  stop.abort();
  await served;

  assertEquals(report.agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  // The compiler does not see that the session has set it.
  const signed = certificate as x509.X509Certificate | null;
  assert(signed !== null && await signed.verify({ publicKey: root.publicKey }));
  assertEquals(signed.subject, "CN=web");
  const spki = await crypto.subtle.exportKey("spki", applicationKeys.publicKey);
  assertEquals(new Uint8Array(signed.publicKey.rawData), new Uint8Array(spki));
});
