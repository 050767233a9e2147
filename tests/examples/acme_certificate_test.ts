/**
 * Example: a public certificate that the keeper obtains for a key of an agent.
 *
 * The key is made beside the agent and stays there. The account at the authority, and all that talks to
 * it, are the keeper's: it takes the request of the agent, has the agent answer the challenge under its
 * name, and hands it the chain. The steps of that session are one function.
 *
 * @module
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import * as acme from "acme-client";
import { Agent as HttpsAgent } from "node:https";
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
  type CallStep,
  defineContract,
  generateIdentitySeed,
  implementContract,
  importIdentity,
  MemorySecretStore,
  stepOf,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { missingForPebble, startPebble } from "../support/pebble.ts";
import { fixedKeyStock } from "../support/session_pair.ts";

const missing = await missingForPebble();
const NAME = "shop.example.org";
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const pem = v.pipe(v.string(), v.startsWith("-----BEGIN "), v.maxLength(32_768));
const name = v.pipe(v.string(), v.regex(/^[a-z0-9.-]{1,253}$/));

/** What both ends share. */
const certificateRequest = defineContract("certificate-request", {
  describe: "Makes a key, unless there is one, and a request for a certificate of a name.",
  input: v.object({ name }),
  output: v.object({ request: pem }),
});
const answerChallenge = defineContract("answer-challenge", {
  describe: "Answers a challenge of kind http-01.",
  input: v.object({
    token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/)),
    answer: v.pipe(v.string(), v.maxLength(512)),
  }),
});
const installCertificate = defineContract("install-certificate", {
  describe: "Takes the chain for the key that was made.",
  input: v.object({ chain: pem }),
});

/** The side of the agent: an application with a key, and a web server. */
async function makeApplication(httpPort: number) {
  const keys = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  const answers = new Map<string, string>();
  let installed: x509.X509Certificate[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: httpPort, onListen() {} }, (request) => {
    const token = /^\/\.well-known\/acme-challenge\/(.+)$/.exec(new URL(request.url).pathname)?.[1];
    const answer = answers.get(token ?? "");
    return new Response(answer ?? null, { status: answer === undefined ? 404 : 200 });
  });
  return {
    keys,
    installed: () => installed,
    actions: [
      implementContract(certificateRequest, {
        async run(_context, { name }) {
          const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name: `CN=${name}`,
            keys,
            signingAlgorithm: P256,
            extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
          });
          return { request: request.toString("pem") };
        },
      }),
      implementContract(answerChallenge, {
        run: (_context, { token, answer }) => void answers.set(token, answer),
      }),
      implementContract(installCertificate, {
        run(_context, { chain }) {
          installed = x509.PemConverter.decode(chain).map((der) => new x509.X509Certificate(der));
          answers.clear();
        },
      }),
    ],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The side of the keeper: what it calls of the agent, and asks of the authority, step by step. */
async function* obtainCertificate(client: acme.Client): AsyncGenerator<CallStep, string, unknown> {
  await client.createAccount({ termsOfServiceAgreed: true });
  const { request } = yield* stepOf(certificateRequest, { input: { name: NAME } });
  const order = await client.createOrder({ identifiers: [{ type: "dns", value: NAME }] });
  for (const authorization of await client.getAuthorizations(order)) {
    const challenge = authorization.challenges.find(({ type }) => type === "http-01");
    if (challenge === undefined) throw new TypeError("the authority has no such challenge");
    const answer = await client.getChallengeKeyAuthorization(challenge);
    yield* stepOf(answerChallenge, { input: { token: challenge.token, answer } });
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  }
  const chain = await client.getCertificate(await client.finalizeOrder(order, request));
  yield* stepOf(installCertificate, { input: { chain } });
  return chain;
}

Deno.test({
  name: "example: a keeper obtains a certificate by ACME for a key of an agent" +
    (missing === null ? "" : ` (skipped: ${missing})`),
  ignore: missing !== null,
  async fn() {
    await using pebble = await startPebble([NAME]);
    await using application = await makeApplication(pebble.httpPort);
    const stop = new AbortController();
    using listener = listen({ hostname: "127.0.0.1", port: 0 });
    using keys = await fixedKeyStock(); // An agent makes its own where it is given none.
    const agent = new Agent({
      keys,
      identity: await importIdentity(await generateIdentitySeed()),
      store: new MemorySecretStore(),
      policy: new PeerPolicy([parsePeerRule("127.0.0.1")]),
    });
    // On an agent that runs, as an application that starts later would.
    const served = agent.serve(listener, { signal: stop.signal });
    for (const action of application.actions) agent.action(action);

    const { port } = listener.address;
    const keeper = new Keeper({
      fleet: new StaticFleet([{ host: "127.0.0.1", port }]),
      vault: await MemoryVault.from({}),
      declarations: declareForAll([]),
      knownAgents: new MemoryKnownAgentsStore(),
      dial: dialAgent,
      trust: "first-use",
      firstUseLimit: 1,
    });
    await keeper.pass();
    const https = new HttpsAgent({ ca: pebble.serverRoot });
    acme.axios.defaults.httpsAgent = https;
    const client = new acme.Client({
      directoryUrl: pebble.directory,
      accountKey: await acme.crypto.createPrivateEcdsaKey(),
      backoffMin: 50,
      backoffMax: 500,
    });
    const chain = await keeper.converse(`127.0.0.1:${port}`, () => obtainCertificate(client));
    https.destroy();
    stop.abort();
    await served;

    const [certificate] = application.installed();
    assert(certificate !== undefined && chain.includes("BEGIN CERTIFICATE"));
    const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON();
    assertEquals(names, [{ type: "dns", value: NAME }]);
    const spki = await crypto.subtle.exportKey("spki", application.keys.publicKey);
    assertEquals(new Uint8Array(certificate.publicKey.rawData), new Uint8Array(spki));
  },
});
