/**
 * The npm package, installed as a user would: what it exports, its types, and the code of the page on
 * other runtimes, as it stands there.
 *
 * `deno task test:runtimes` runs it; it needs the runtimes that the task fetches.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FollowedProcess, type ProcessEnd } from "../support/followed_process.ts";
import { freePort } from "../support/free_port.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { openPage } from "./host/chromium_runtime.ts";
import { chromium, EXECUTABLES, runtimesFolder } from "./versions.ts";

const MODULES = runtimesFolder();
const PAGE = new URL("../../protocol/other_runtimes.md", import.meta.url);
const SOCKET = new URL("guest/node_socket.js", import.meta.url);
const PACK = fileURLToPath(new URL("../../dist/tasks/pack.ts", import.meta.url));

/** The entries that run anywhere, with what they export here. */
const ENTRIES: Readonly<Record<string, object>> = {
  "@fluxvault/fluxvault": await import("../../mod.ts"),
  "@fluxvault/fluxvault/protocol": await import("../../protocol/mod.ts"),
  "@fluxvault/fluxvault/protocol/original": await import("../../protocol/original/mod.ts"),
  "@fluxvault/fluxvault/flux": await import("../../flux/mod.ts"),
};

const NODE20 = `${MODULES}/${EXECUTABLES.node20}`;
const BUN = `${MODULES}/${EXECUTABLES.bun}`;
const EXECUTABLE_OF = {
  "Node.js 20": NODE20,
  "Node.js 22": `${MODULES}/${EXECUTABLES.node22}`,
  "Node.js 24": `${MODULES}/${EXECUTABLES.node24}`,
  "Bun": BUN,
};
type Name = keyof typeof EXECUTABLE_OF;

/** How a user of each installs a file. */
const INSTALL = {
  npm: [NODE20, `${MODULES}/npm/bin/npm-cli.js`, "install", "--no-audit", "--no-fund"],
  bun: [BUN, "add"],
};

/** How long to wait before the agent is tried again. */
const START_PAUSE_MS = 50;
const ENVIRONMENT = { ...Deno.env.toObject(), NO_COLOR: "1" };

async function run(cwd: string, command: readonly string[]): Promise<ProcessEnd> {
  await using process = new FollowedProcess({ command, place: { cwd, env: ENVIRONMENT } });
  return await process.end;
}

/** A fresh folder with the package and the code of the page. */
async function installInto(folder: string, installer: keyof typeof INSTALL): Promise<void> {
  const packed = await run(folder, [Deno.execPath(), "run", "-A", "--quiet", PACK, folder]);
  assertEquals(packed.code, 0, packed.stderr);
  const tarball = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".tgz"))?.name;
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }');
  const { code, stdout, stderr } = await run(folder, [...INSTALL[installer], `./${tarball}`]);
  assertEquals(code, 0, stdout + stderr);
  await Deno.copyFile(SOCKET, `${folder}/node_socket.js`);
  for (const [name, start] of [["agent", "createServer"], ["keeper", "readFile"]] as const) {
    await Deno.writeTextFile(`${folder}/${name}.mjs`, await snippet(`import { ${start} }`));
  }
}

/** The code of the page that starts so. */
async function snippet(start: string): Promise<string> {
  const page = await Deno.readTextFile(PAGE);
  const code = [...page.matchAll(/^```js ignore\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text);
  const found = code.find((text) => text.startsWith(start));
  if (found === undefined) throw new Error(`the page has no code that starts with ${start}`);
  return found;
}

/** Sets the port of the page's code; nothing else in it is changed. */
async function setPort(path: string, port: number): Promise<void> {
  const text = await Deno.readTextFile(path);
  assertEquals(text.split("8888").length, 2);
  await Deno.writeTextFile(path, text.replace("8888", `${port}`));
}

for (const [name, executable] of Object.entries(EXECUTABLE_OF)) {
  const installer = name === "Bun" ? "bun" : "npm";
  Deno.test(`the package, installed by ${installer}, exports to ${name} what it exports here`, async () => {
    await using folder = await temporaryFolder();
    await installInto(folder.path, installer);
    const script = `for (const entry of ${JSON.stringify(Object.keys(ENTRIES))}) ` +
      "console.log(JSON.stringify(Object.keys(await import(entry)).sort()));";
    await Deno.writeTextFile(`${folder.path}/names.mjs`, script);
    const { code, stdout, stderr } = await run(folder.path, [executable, "names.mjs"]);
    assertEquals(code, 0, stderr);
    const names = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(names, Object.values(ENTRIES).map((entry) => Object.keys(entry).sort()));
  });
}

for (const [agentName, keeperName] of [["Node.js 20", "Bun"], ["Bun", "Node.js 24"]] as const) {
  Deno.test(`the package delivers from ${keeperName} to ${agentName}, and not by another key`, async () => {
    await using folder = await temporaryFolder();
    await installInto(folder.path, agentName === "Bun" ? "bun" : "npm");
    await using agent = await startAgent(folder.path, agentName);
    const stranger = await keep(folder.path, { ...agent, name: keeperName, isStranger: true });
    assertEquals([stranger.code, stranger.stdout], [1, ""]);
    assertMatch(stranger.stderr, /statement-invalid/);
    const { code, stdout, stderr } = await keep(folder.path, { ...agent, name: keeperName });
    assertEquals([code, stdout], [0, "db.password created\n"], stderr);
    await agent.process.waitFor(() =>
      agent.process.stdout.includes("db.password created") || undefined
    );
  });
}

interface PageAgent extends AsyncDisposable {
  readonly process: FollowedProcess;
  readonly fingerprint: string;
  readonly key: ReturnType<typeof generatePrivateKey>;
  readonly port: number;
}

/** Starts the agent of the page. */
async function startAgent(cwd: string, name: Name): Promise<PageAgent> {
  const port = freePort();
  const key = generatePrivateKey();
  await setPort(`${cwd}/agent.mjs`, port);
  await setPort(`${cwd}/keeper.mjs`, port);
  const process = new FollowedProcess({
    command: [EXECUTABLE_OF[name], "agent.mjs", zelIdOfKey(key)],
    place: { cwd, env: ENVIRONMENT },
  });
  const fingerprint = await process.waitFor(() => /^(SHA256:\S+)\n/.exec(process.stdout)?.[1]);
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      break;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
    }
  }
  const end = () => process[Symbol.asyncDispose]();
  return { process, fingerprint, key, port, [Symbol.asyncDispose]: end };
}

/** Runs the keeper of the page. */
async function keep(
  cwd: string,
  { name, fingerprint, key, isStranger = false }: Pick<PageAgent, "fingerprint" | "key"> & {
    readonly name: Name;
    readonly isStranger?: boolean;
  },
): Promise<ProcessEnd> {
  const wif = encodeWif(isStranger ? generatePrivateKey() : key);
  await Deno.writeTextFile(`${cwd}/keeper.wif`, `${wif}\n`);
  return await run(cwd, [EXECUTABLE_OF[name], "keeper.mjs", fingerprint]);
}

Deno.test("the package, bundled for a page, delivers from a browser", async () => {
  await using folder = await temporaryFolder();
  await installInto(folder.path, "npm");
  // The agent of the page wants a signature, which this keeper does not give: it trusts the place.
  const agentCode = await Deno.readTextFile(`${folder.path}/agent.mjs`);
  const open = agentCode.replace(/^ *verifyStatement: .*\n/m, "");
  assert(open !== agentCode);
  await Deno.writeTextFile(`${folder.path}/agent.mjs`, open);
  await using agent = await startAgent(folder.path, "Node.js 22");
  const code = (await snippet("import {\n  deliverAsKeeper,"))
    .replace('"/agent"', `"/dial?port=${agent.port}"`).replace(/confirm\(.*?\)/, "true");
  await Deno.writeTextFile(`${folder.path}/page.js`, code);
  const bundle = ["bundle", "--quiet", "--platform", "browser", "--node-modules-dir=manual"];
  const { code: status, stdout, stderr } = await run(folder.path, [
    ...[Deno.execPath(), ...bundle, "page.js"],
  ]);
  assertEquals(status, 0, stderr);
  await using page = await openPage(chromium(), stdout);
  const shown = `new Promise((resolve) => {
    const look = () => document.body.textContent !== "" && resolve(document.body.textContent);
    new MutationObserver(look).observe(document.body, { childList: true });
    look();
  })`;
  assertEquals(await page.evaluate(shown), "db.password created");
});

Deno.test("the package tells TypeScript its types", async () => {
  await using folder = await temporaryFolder();
  await installInto(folder.path, "npm");
  const imports = Object.keys(ENTRIES).map((entry, index) =>
    `import * as e${index} from "${entry}";`
  );
  const use = (
    type: string,
  ) => [...imports, `export const NAME: ${type} = e1.isAppName("shop");`, "export { e0, e2, e3 };"];
  await Deno.writeTextFile(`${folder.path}/right.ts`, use("boolean").join("\n"));
  await Deno.writeTextFile(`${folder.path}/wrong.ts`, use("number").join("\n"));
  const check = async (file: string) =>
    await run(folder.path, [
      ...[NODE20, `${MODULES}/typescript/bin/tsc`, "--noEmit", "--strict", "--target", "es2023"],
      ...["--module", "nodenext", file, "--lib"],
      "es2023,dom,dom.iterable,dom.asynciterable,esnext.disposable",
    ]);
  const right = await check("right.ts");
  assertEquals([right.code, right.stdout], [0, ""]);
  assertMatch((await check("wrong.ts")).stdout, /^wrong\.ts\(\d+,\d+\): error TS2322/);
});
