/** Pebble, the test server of ACME, with what it needs: a certificate of its own and a DNS. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { encodePem } from "../../protocol/certificates/mod.ts";
import { DatagramDnsServer } from "./dns_server.ts";
import { freePort } from "./free_port.ts";
import { untilListening } from "./tcp_peer.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** A server that runs. */
export interface Pebble extends AsyncDisposable {
  /** Where ACME begins. */
  readonly directory: string;
  /** The certificate that vouches for the server itself, in PEM; that of what it issues is another. */
  readonly serverRoot: string;
  /** The port at which it looks for answers to `http-01`. */
  readonly httpPort: number;
}

/** Says why there is no Pebble here, or `null`. */
export async function missingForPebble(): Promise<string | null> {
  try {
    await new Deno.Command("pebble", { args: ["-h"], stdout: "null", stderr: "null" }).output();
    return null;
  } catch {
    return "pebble is missing; install the package pebble";
  }
}

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function makeServerCertificate(): Promise<
  { readonly certificate: string; readonly key: string }
> {
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { certificate: certificate.toString("pem"), key: encodePem("PRIVATE KEY", key) };
}

/** Starts a server for which all of these names lead to this machine. */
export async function startPebble(names: readonly string[]): Promise<Pebble> {
  await using stack = new globalThis.AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const addresses = Object.fromEntries(names.map((name) => [name, ["127.0.0.1"]]));
  const dns = stack.use(await DatagramDnsServer.open({ names: {}, addresses }));
  const { certificate, key } = await makeServerCertificate();
  const path = (name: string) => `${folder.path}/${name}`;
  const [port, managementPort, httpPort] = [freePort(), freePort(), freePort()];
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: path("cert.pem"),
    privateKey: path("key.pem"),
    httpPort,
    tlsPort: freePort(),
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
  };
  await Deno.writeTextFile(path("cert.pem"), certificate);
  await Deno.writeTextFile(path("key.pem"), key);
  await Deno.writeTextFile(path("config.json"), JSON.stringify({ pebble }));
  const process = new Deno.Command("pebble", {
    args: ["-config", path("config.json"), "-dnsserver", `127.0.0.1:${dns.port}`],
    env: { PEBBLE_VA_NOSLEEP: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const ready = Promise.withResolvers<void>();
  let said = "";
  const reading = readText(process.stdout, (text) => {
    said += text;
    if (said.includes("Listening on")) ready.resolve();
  });
  stack.defer(async () => {
    process.kill("SIGTERM");
    await process.status;
    await reading;
  });
  // It says that it listens before it does.
  const listens = ready.promise.then(() => untilListening(port));
  await Promise.race([listens, process.status.then(() => fail("pebble has ended"))]);
  const all = stack.move();
  return {
    directory: `https://localhost:${port}/dir`,
    serverRoot: certificate,
    httpPort,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TextStream)) onText(text);
}

type TextStream = TransformStream<Uint8Array, string>;

function fail(message: string): never {
  throw new TypeError(message);
}
