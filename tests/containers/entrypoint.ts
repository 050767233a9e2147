import { basename } from "node:path";
import { decodeWif } from "../../flux/mod.ts";
import config from "../../deno.json" with { type: "json" };
import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ContainedKeeper } from "../support/contained_keeper.ts";
import { type Container, ContainerHost, POOR } from "../support/container_host.ts";
import {
  type Carrier,
  carriersOfSuite,
  imageName,
  listBuiltBundle,
} from "../support/container_images.ts";
import { ContainerNetwork } from "../support/container_network.ts";

const OUTPUT_FOLDER = new URL("../../dist/bin/", import.meta.url);
/** The key, which everybody knows, of the address that the pages show. */
const KEY_OF_PAGES = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
const SECRETS = ["correct horse", "battery staple"];
const host = ContainerHost.ofSuite();

/** What is put into an image, by name. */
type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

/** An application: says what it has, by its digest, as its last words, and stays. */
function application(password: string): string {
  return `#!/bin/sh
echo "variables of the agent: \$(env | grep -c FLUXVAULT_)"
echo "password \$(${password} | sha256sum)"
exec sleep 600
`;
}

/** Reads the container file that a page shows, and has it start with a base that is there. */
async function readContainerFile(page: string, base: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../${page}`, import.meta.url));
  const file = /^```dockerfile\n(FROM [^\n]*)\n([\s\S]*?)^```/m.exec(text)?.[2];
  if (file === undefined) throw new Error(`${page} shows no container file`);
  return `FROM ${base}\n${file}`;
}

/** Builds an application's image of what is put into it. */
async function buildApplication(
  name: string,
  { file, files }: { readonly file: string; readonly files: Files },
): Promise<void> {
  const context = await Deno.makeTempDir({ dir: host.folder });
  for (const [path, contents] of Object.entries({ ...files, Containerfile: file })) {
    await Deno.mkdir(`${context}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
    const bytes = typeof contents === "string" ? encodeUtf8(contents) : contents;
    await Deno.writeFile(`${context}/${path}`, bytes, { mode: 0o755 });
  }
  const flags = ["--quiet", "--isolation=chroot", "--format=docker", `--tag=${name}`];
  await host.podman("build", ...flags, context);
  await Deno.remove(context, { recursive: true });
}

/** Makes a base such as an application has; returns the agent that is put on top of it. */
async function buildBase(carrier: Carrier): Promise<Files> {
  const executable = `fluxvault-agent-run-${config.version}-${Deno.build.target}`;
  const libraries = "RUN mkdir -p /lib64 && ln -s /lib/*-linux-gnu/ld-linux-*.so.* /lib64/";
  const debian = `FROM localhost/debian\n${libraries}\n`;
  if (carrier === "compiled") {
    await buildApplication("localhost/base", { file: debian, files: {} });
    return { [`dist/bin/${executable}`]: await Deno.readFile(new URL(executable, OUTPUT_FOLDER)) };
  }
  // What stands in for the executable is a script of its name.
  const flags = config.tasks["agent:run"].split(" ").slice(2, -1).join(" ");
  const place = "/usr/local/lib/fluxvault-agent";
  const deno = `COPY --from=deno /deno /usr/local/bin/\nCOPY fluxvault-agent ${place}\n`;
  const file = `FROM localhost/deno AS deno\n${debian}${deno}`;
  await buildApplication("localhost/base", { file, files: await readBundle("fluxvault-agent") });
  const call = `exec deno run ${flags} ${place}/main.js "$@"`;
  return { [`dist/bin/${executable}`]: `#!/bin/sh\n${call}\n` };
}

/** Reads the files of a bundle, by their paths beside the executables. */
async function readBundle(name: string): Promise<Files> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const path of await listBuiltBundle(name)) {
    files[`${name}/${basename(path)}`] = await Deno.readFile(path);
  }
  return files;
}

async function digestOf(text: string): Promise<string> {
  return encodeHex(await sha256Digest(encodeUtf8(text)));
}

/** Goes through the life of an application: no secret, the first, another, and its end. */
async function liveThrough(
  carrier: Carrier,
  { image, options }: { readonly image: string; readonly options: readonly string[] },
): Promise<void> {
  await using network = await ContainerNetwork.open("keeper", "agent");
  const { keeper: place, agent: agentPlace } = network.members;
  const [first = "", second = ""] = SECRETS;
  await using keeper = await ContainedKeeper.open(host, {
    image: imageName({ target: "keeper", base: "scratch", carrier }),
    place,
    secret: first,
  });
  const address = await keeper.sign(KEY_OF_PAGES);
  await using app = await host.start({
    image,
    name: "application",
    network: agentPlace.namespace,
    options: [...POOR, ...options],
    variables: { FLUXVAULT_SIGNED_VAULT_CONNECTIONS: "true", FLUXVAULT_ZELID: address },
  });
  await app.waitForLog((logs) => /listening on/.exec(logs)?.[0]);
  assert(!(await app.readLogs()).includes("password"));

  assertEquals((await keeper.deliverTo(agentPlace)).outcome, "delivered");
  await untilSaid(app, first);
  await keeper.keep(second);
  assertEquals((await keeper.deliverTo(agentPlace)).outcome, "delivered");
  await untilSaid(app, second);
  const logs = await app.readLogs();
  assertEquals(
    logs.match(/variables of the agent: \d+/g),
    Array(2).fill("variables of the agent: 0"),
  );
  assert(SECRETS.every((secret) => !logs.includes(secret)));

  await app.do("stop", "--time=60");
  assertEquals(await app.inspect(".State.ExitCode"), "143");
}

async function untilSaid(app: Container, secret: string): Promise<void> {
  const line = `password ${await digestOf(secret)}`;
  await app.waitForLog((logs) => logs.includes(line) || undefined);
}

for (const carrier of carriersOfSuite()) {
  Deno.test(`the entrypoint of agent/README.md gives an application its secret (${carrier})`, async () => {
    const file = await readContainerFile("agent/README.md", "localhost/base");
    const app = application("cat /run/secrets/db.password");
    const agent = await buildBase(carrier);
    await buildApplication("localhost/readme-app", { file, files: { ...agent, "my-app": app } });
    const options = ["--tmpfs=/run/secrets", "--volume=/var/lib/fluxvault"];
    await liveThrough(carrier, { image: "localhost/readme-app", options });
  });

  Deno.test(`the image of the agent that runs programs carries an application (${carrier})`, async () => {
    const base = imageName({ target: "agent-run", base: "alpine", carrier });
    const file = await readContainerFile("dist/container/README.md", base);
    const files = { "my-app": application(`printf %s "$DB_PASSWORD"`) };
    await buildApplication("localhost/page-app", { file, files });
    await liveThrough(carrier, { image: "localhost/page-app", options: ["--tmpfs=/secrets"] });
  });
}
