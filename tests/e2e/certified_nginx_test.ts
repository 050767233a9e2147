/**
 * Two containers that speak mutual TLS with keys and certificates that were delivered: nginx, started by
 * its agent and told to reload by a hook, and curl beside an agent of its own.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  CertifiedNetwork,
  missingForCertifiedNetwork,
  type ProgramEnd,
} from "../support/certified_network.ts";
import { CertifiedSite } from "../support/certified_site.ts";
import { outcomesOf, type RunningAgent } from "../support/site.ts";

const MISSING = await missingForCertifiedNetwork();
const SKIPPED = MISSING === null ? "" : ` (skipped: ${MISSING})`;

const PORT = 8443;
const HOST = "fluxweb_demo";
const ANSWER = "hello CN=worker,OU=demo,O=FluxVault\n";
const LOADOUT = {
  directives: ["{ source: motd }"],
  hooks: { reload: "{ signal: SIGHUP }" },
  more: [
    "certificates:",
    "  server: { usage: [server] }",
    "  client: { usage: [client] }",
    "components:",
    "  web:",
    "    state_directives:",
    "      - { certificate: server, target: tls/, together: true, hook: reload }",
    "  worker:",
    "    state_directives:",
    "      - { certificate: client, target: tls/ }",
  ],
};

/** Writes what nginx goes by; all of it lies in the folder. */
async function configureNginx(folder: string, address: string): Promise<string> {
  const tls = `${folder}/files/tls`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => {
    return `${kind}_temp_path ${folder}/nginx-${kind};`;
  });
  const config = `user root; worker_processes 1; daemon off; pid ${folder}/nginx.pid;
    error_log stderr notice; events {}
    http {
      access_log off; ${temporary.join(" ")}
      server {
        listen ${address}:${PORT} ssl;
        ssl_certificate ${tls}/chain.pem; ssl_certificate_key ${tls}/key.pem;
        ssl_client_certificate ${tls}/root.pem; ssl_verify_client on; ssl_verify_depth 2;
        location / { return 200 "hello $ssl_client_s_dn\\n"; }
      }
    }`;
  const path = `${folder}/nginx.conf`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(path, config);
  return path;
}

/** Ends nginx, where its agent was ended before it. */
function endNginx(folder: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      try {
        const pid = Number(await Deno.readTextFile(`${folder}/nginx.pid`));
        // The file may be there before the number is in it, and 0 stands for all who are here.
        if (pid > 0) Deno.kill(pid, "SIGTERM");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

/** Asks nginx as the worker, or with other words for curl. */
function ask(
  network: CertifiedNetwork,
  { files }: RunningAgent,
  credentials: readonly string[] = ["--cert", "chain.pem", "--key", "key.pem"],
): Promise<ProgramEnd> {
  const tls = (word: string) => word.endsWith(".pem") ? `${files}/tls/${word}` : word;
  return network.run(
    ...["curl", "-sS", "-m", "20", "--cacert", tls("root.pem")],
    ...["--resolve", `${HOST}:${PORT}:${network.address}`, ...credentials.map(tls)],
    `https://${HOST}:${PORT}/`,
  );
}

/** Returns the serial number of the certificate that nginx shows. */
async function servedSerial(network: CertifiedNetwork): Promise<string> {
  const { text } = await network.run(
    ...["openssl", "s_client", "-connect", `${network.address}:${PORT}`, "-servername", HOST],
  );
  const certificate = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text)?.[0];
  return certificate ?? "";
}

Deno.test({
  name:
    `certificates: nginx and curl speak mutual TLS with what was delivered, and a renewal reloads nginx${SKIPPED}`,
  ignore: MISSING !== null,
  async fn() {
    await using place = await CertifiedSite.open();
    await using network = await CertifiedNetwork.open();
    const config = await configureNginx(place.site.path("web"), network.address);
    await using _nginx = endNginx(place.site.path("web"));
    const { server, client } = network;
    const web = await place.startAgent({
      host: server.insideAddress,
      process: { starter: server.starter, application: ["nginx", "-c", config] },
    });
    const worker = await place.startAgent({
      component: "worker",
      host: client.insideAddress,
      process: { starter: client.starter },
    });
    await place.declare([web, worker], LOADOUT);
    const first = await place.deliver();
    assertEquals(first.code, 0, first.stderr + web.program.stderr);
    await web.program.waitForLog(/start worker process/);

    const answer = await ask(network, worker);
    assertEquals([answer.code, answer.text], [0, ANSWER], web.program.stderr);
    const nobody = await ask(network, worker, []);
    assertMatch(nobody.text, /No required SSL certificate was sent/);
    // What is good for a server is good for no client.
    const serverTls = [`${web.files}/tls/chain.pem`, `${web.files}/tls/key.pem`];
    const borrowed = await network.run(
      ...["curl", "-sS", "-m", "20", "--cacert", `${worker.files}/tls/root.pem`],
      ...["--resolve", `${HOST}:${PORT}:${network.address}`],
      ...["--cert", serverTls[0] ?? "", "--key", serverTls[1] ?? "", `https://${HOST}:${PORT}/`],
    );
    assertMatch(borrowed.text, /The SSL certificate error/);
    const elsewhere = await network.run(
      ...["curl", "-sS", "-m", "20", `https://${network.address}:${PORT}/`],
    );
    assertEquals(elsewhere.code, 60, "a stranger's roots do not know this one");

    const before = await servedSerial(network);
    assert(before !== "");
    await Deno.remove(`${web.files}/tls/key.pem`);
    const second = await place.deliver();
    const report = second.agents.get(web.address);
    assertEquals(outcomesOf(report)["tls/chain.pem"], "updated", second.stderr);
    assertEquals(report?.hooks.map(({ outcome }: { outcome: string }) => outcome), ["ran"]);
    await web.program.waitForLog(/signal 1 \(SIGHUP\)[^]*start worker process/);
    await network.server.waitFor(async () => Number(await servedSerial(network) !== before), 1);
    assertEquals((await ask(network, worker)).text, ANSWER);
    assertEquals((await web.program.stop()).code, 0);
  },
});
