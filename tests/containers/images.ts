import { basename } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ContainerHost, POOR } from "../support/container_host.ts";
import {
  buildImage,
  carriersOfSuite,
  imageName,
  IMAGES,
  listBuiltBundle,
} from "../support/container_images.ts";

const host = ContainerHost.ofSuite();

/** What every scratch image holds beside what it carries; nothing that could be run. */
const SCRATCH = [
  "bin/",
  "lib/",
  "lib/ld-linux",
  ...["lib/libc.so.6", "lib/libdl.so.2", "lib/libgcc_s.so.1", "lib/libm.so.6"],
  ...["lib/libpthread.so.0", "lib/librt.so.1", "lib64", "secrets/", "state/", "vault/"],
];

async function carriedBy(carrier: string, target: string): Promise<string[]> {
  if (carrier === "compiled") return [`bin/fluxvault-${target}`];
  const bundle = `fluxvault-${target === "keeper" ? target : "agent"}`;
  const scripts = (await listBuiltBundle(bundle)).map((path) => `lib/${bundle}/${basename(path)}`);
  return ["bin/deno", `lib/${bundle}/`, ...scripts];
}

/** Lists what an image holds; the loader without its version and machine. */
async function listImage(image: string): Promise<string[]> {
  const name = await host.podman("create", image);
  try {
    const archive = `${host.folder}/image.tar`;
    await host.podman("export", `--output=${archive}`, name);
    const { stdout } = await host.follow(["tar", "-tf", archive]).end;
    return stdout.trim().split("\n").map((path) => path.replace(/^(lib\/ld-linux).*/, "$1"));
  } finally {
    await host.podman("rm", name);
  }
}

for (const carrier of carriersOfSuite()) {
  for (const build of IMAGES) {
    const image = imageName({ ...build, carrier });
    Deno.test(`${image} says its version as nobody, with nothing to write to`, async () => {
      const user = await host.podman("image", "inspect", "--format={{.Config.User}}", image);
      assertEquals(user, "65534:65534");
      const start = { image, name: "version", options: POOR, args: ["--version"] };
      const { code, stdout, stderr } = await host.runOnce(start);
      assertEquals(code, 0, stderr);
      const program = build.target === "keeper" ? "keeper" : "agent";
      assertEquals(stdout, `fluxvault-${program} ${config.version}\n`);
    });

    if (build.base !== "scratch") continue;
    Deno.test(`${image} holds its program and seven libraries, and no shell`, async () => {
      const expected = [...SCRATCH, ...await carriedBy(carrier, build.target)].sort();
      // What Podman itself puts into every container, to mount something on.
      const ofEngine = /^(?:dev|etc|proc|run|sys)\//;
      const there = (await listImage(image)).filter((path) => !ofEngine.test(path));
      assertEquals(there.sort(), expected);
    });
  }

  Deno.test(`the agents of ${carrier} start a program only where their name says so`, async () => {
    const variables = { FLUXVAULT_WHITELISTED_ADDRESSES: "192.0.2.1" };
    const args = ["--wait-timeout", "1", "--", "/bin/none"];
    const run = (target: string) => {
      const image = imageName({ target, base: "scratch", carrier });
      return host.runOnce({ image, name: target, options: POOR.slice(0, -1), variables, args });
    };
    const plain = await run("agent");
    assertEquals(plain.code, 2, plain.stderr);
    assertMatch(plain.stderr, /started without the permission to run programs/);
    const able = await run("agent-run");
    assertEquals(able.code, 1, able.stderr);
    assert(!able.stderr.includes("permission"), able.stderr);
  });
}

for (const base of ["scratch", "alpine"] as const) {
  Deno.test(`compiled.Containerfile brings all that an executable needs, on ${base}`, async () => {
    // Deno itself needs the same as what it compiles, and is there where no executable is.
    const context = await Deno.makeTempDir({ dir: host.folder });
    await Deno.copyFile(Deno.execPath(), `${context}/fluxvault-agent-0.0.0-${Deno.build.target}`);
    const tag = `localhost/stand-in:${base}`;
    await buildImage(host, { carrier: "compiled", target: "agent", base, context, tag });
    const start = { image: tag, name: "stand-in", options: POOR, args: ["--version"] };
    const { code, stdout, stderr } = await host.runOnce(start);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^deno \d/);
    await host.podman("image", "rm", tag);
    await Deno.remove(context, { recursive: true });
  });
}
