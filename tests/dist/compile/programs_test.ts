import { PROGRAMS, runFlagsOf } from "../../../dist/compile/programs.ts";
import { readProjectConfig } from "../../../dist/tasks/derived_config.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

for (const program of PROGRAMS) {
  const { name, task, source, flags } = program;
  Deno.test(`runFlagsOf has the flags of the task ${task} for ${name}`, async () => {
    const { tasks } = await readProjectConfig();
    assertEquals(tasks[task], `deno run ${runFlagsOf(program).join(" ")} ${source}`);
  });

  Deno.test(`runFlagsOf allows ${name} what its executable may, and no more`, () => {
    const more = runFlagsOf(program).filter((flag) => !flags.includes(flag));
    assertEquals(more, ["--unstable-lazy-dynamic-imports"]);
  });
}

Deno.test("PROGRAMS gives the default agent no program, no library and no module", () => {
  const agent = PROGRAMS.find(({ name }) => name === "fluxvault-agent");
  const allowed = agent?.flags.filter((flag) => /^--(?:allow|deny)-|^-[A-Z]/.test(flag));
  assertEquals(allowed, [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys=hostname,uid,gid,statfs",
    "--allow-import=localhost:1",
  ]);
});

Deno.test("PROGRAMS names the one agent that has every permission for what it may do", () => {
  const mighty = PROGRAMS.filter(({ flags }) => flags.includes("--allow-all"));
  assertEquals(mighty.map(({ name }) => name), ["fluxvault-agent-run"]);
});

Deno.test("PROGRAMS never lets a program ask for more", () => {
  for (const { flags } of PROGRAMS) assert(flags.includes("--no-prompt"));
});

/** Tries what a program may be kept from, and says of each how it went. */
const PROBE = `
const attempts = {
  run: () => new Deno.Command(Deno.args[0], { args: ["--version"] }).output(),
  runKeyring: () => new Deno.Command("secret-tool", { args: ["--version"] }).output(),
  nodeRun: async () => (await import("node:child_process")).execFileSync(Deno.args[0], ["--version"]),
  signal: () => Deno.kill(Number(Deno.args[2]), "SIGCONT"),
  library: () => Deno.dlopen("libm.so.6", {}).close(),
  networkModule: () => import(Deno.args[1]),
  worker: () => new Promise((resolve, reject) => {
    const worker = new Worker(Deno.args[1], { type: "module" });
    worker.onmessage = resolve;
    worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message)); };
  }),
  ownerOfProcess: () => Deno.stat("/proc/" + Deno.args[2]),
  device: () => Deno.readDir("/dev")[Symbol.asyncIterator]().next(),
  load: () => Deno.loadavg(),
  interfaces: () => Deno.networkInterfaces(),
  ask: async () => {
    const { state } = await Deno.permissions.request({ name: "run" });
    if (state !== "granted") throw new Error(state);
  },
};
const ends = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    ends[name] = "done";
  } catch (error) {
    ends[name] = error.name === "NotFound" ? "done" : "refused";
  }
}
console.log(JSON.stringify(ends));
Deno.exit(0);
`;

type Ends = Readonly<Record<string, "done" | "refused">>;

/** Runs the probe as a program is run. */
async function probe(flags: readonly string[]): Promise<Ends> {
  await using folder = await temporaryFolder();
  const script = `${folder.path}/probe.js`;
  await Deno.writeTextFile(script, PROBE);
  const module = "self.postMessage?.('here'); export default 1;";
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(module, { headers: { "content-type": "text/javascript" } }),
  );
  const url = `http://127.0.0.1:${server.addr.port}/module.js`;
  const probed = [Deno.execPath(), url, `${Deno.pid}`];
  const args = ["run", "--quiet", ...flags, "--no-config", script, ...probed];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder.path,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

/** What no flag of a program may allow. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  "fluxvault-agent": [
    ...["run", "runKeyring", "nodeRun", "signal", "library", "networkModule", "worker", "load"],
    ...["interfaces", "ask", "ownerOfProcess", "device"],
  ],
  "fluxvault-agent-run": ["networkModule", "worker"],
  "fluxvault-keeper": [
    ...["run", "nodeRun", "signal", "library", "networkModule", "worker", "load", "interfaces"],
    ...["ask", "ownerOfProcess", "device"],
  ],
};

for (const program of PROGRAMS) {
  const { name } = program;
  Deno.test(
    `PROGRAMS lets ${name} do nothing that it does not need`,
    { ignore: Deno.build.os !== "linux" },
    async () => {
      const ends = await probe(runFlagsOf(program));
      const refused = Object.keys(ends).filter((attempt) => ends[attempt] === "refused");
      assertEquals(refused.sort(), [...FORBIDDEN[name] ?? []].sort());
    },
  );
}
