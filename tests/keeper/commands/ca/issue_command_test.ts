import { loadX509 } from "../../../../keeper/authority/certificates/x509_library.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { makeRequest } from "../../authority/authority_site.ts";
import { withAuthority } from "./ca_site.ts";

const FOR_DB = ["--app-name", "VaultDemo", "--component", "db"];

Deno.test("ca issue writes a chain to standard output, and what it is beside it", () =>
  withAuthority(async ({ run, request }) => {
    const path = await request();
    const { code, stdout, stderr } = await run(["issue", "--request", path, ...FOR_DB]);
    assertEquals(code, 0);
    assertEquals(stdout.match(/-----BEGIN CERTIFICATE-----/g)?.length, 2);
    assert(/^issued [0-9a-f]{32} for fluxdb_vaultdemo, /.test(stderr), stderr);
    assert(
      stderr.includes("valid until 2030-01-31T00:00:00.000Z; renew it from 2030-01-21"),
      stderr,
    );
    const { X509Certificate } = await loadX509();
    assertEquals(
      new X509Certificate(stdout.slice(0, stdout.indexOf("-----END") + 25)).subject,
      "O=FluxVault, OU=VaultDemo, CN=db",
    );
  }));

Deno.test("ca issue writes a chain to a file for everybody to read", () =>
  withAuthority(async ({ run, request, folder }) => {
    const out = `${folder}/chain.pem`;
    const path = await request();
    const { code, stdout } = await run(["issue", "--request", path, ...FOR_DB, "--out", out]);
    assertEquals(code, 0);
    assert(stdout.startsWith("issued "), stdout);
    assertEquals((await Deno.readTextFile(out)).match(/BEGIN CERTIFICATE/g)?.length, 2);
    const { mode } = await Deno.stat(out);
    if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o644);
  }));

Deno.test("ca issue takes requests in DER, and from standard input", () =>
  withAuthority(async ({ run, request, folder }) => {
    const { request: der } = await makeRequest("P-384");
    await Deno.writeFile(`${folder}/request.der`, der);
    const one = await run(["issue", "--request", `${folder}/request.der`, ...FOR_DB]);
    const lines = (await Deno.readTextFile(await request())).split("\n");
    const two = await run(["issue", "--request", "-", ...FOR_DB], lines);
    assertEquals([one.code, two.code], [0, 0], one.stderr + two.stderr);
  }));

Deno.test("ca issue gives other names only where the operator allows them, from then on", () =>
  withAuthority(async ({ run, request }) => {
    const args = ["issue", "--request", await request(), ...FOR_DB, "--names", "www.example.org"];
    const refused = await run(args);
    assertEquals(refused.code, 2);
    assert(refused.stderr.includes("--allowed-names"), refused.stderr);
    assertEquals((await run([...args, "--allowed-names", "example.org"])).code, 0);
    assertEquals((await run(args)).code, 0);
  }));

Deno.test("ca issue says in JSON all that there is to hand over", () =>
  withAuthority(async ({ run, request }) => {
    const args = ["--purpose", "agent", "--lifetime", "3h", "--json"];
    const { stdout } = await run(["issue", "--request", await request(), ...FOR_DB, ...args]);
    const { serial, chain, root, ...rest } = JSON.parse(stdout);
    assert(/^[0-9a-f]{32}$/.test(serial) && chain.length === 2 && root.includes("BEGIN CERT"));
    assertEquals(rest, {
      names: ["db.agent.VaultDemo.fluxvault.internal"],
      notAfter: "2030-01-01T03:00:00.000Z",
      renewAt: "2030-01-01T02:00:00.000Z",
    });
  }));

const MISTAKES: readonly (readonly [what: string, args: readonly string[], word: string])[] = [
  ["no request", [...FOR_DB], "--request"],
  ["no app", ["--request", "REQUEST"], "--app-name"],
  ["a component that is none", [
    "--request",
    "REQUEST",
    ...FOR_DB.slice(0, 2),
    "--component",
    "a_b",
  ], "--component"],
  ["an unknown usage", ["--request", "REQUEST", ...FOR_DB, "--usage", "email"], "--usage"],
  [
    "a life that is too long",
    ["--request", "REQUEST", ...FOR_DB, "--lifetime", "91d"],
    "--lifetime",
  ],
  ["names for an agent", [
    "--request",
    "REQUEST",
    ...FOR_DB,
    "--purpose",
    "agent",
    "--names",
    "a.org",
  ], "--names"],
  ["the name of an agent", [
    "--request",
    "REQUEST",
    ...FOR_DB,
    "--names",
    "x.agent.y.fluxvault.internal",
  ], "kept for agents"],
];

for (const [what, args, word] of MISTAKES) {
  Deno.test(`ca issue refuses ${what}`, () =>
    withAuthority(async ({ run, request, folder }) => {
      const path = await request();
      const given = args.map((arg) => arg === "REQUEST" ? path : arg);
      const { code, stdout, stderr } = await run(["issue", ...given]);
      assertEquals([code, stdout], [2, ""]);
      assert(stderr.includes(word), stderr);
      assertEquals(await list(`${folder}/state/authority/apps`), []);
    }));
}

async function list(folder: string): Promise<string[]> {
  const names = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    // It was not made.
  }
  return names;
}

Deno.test("ca issue refuses a private key, and shows nothing of it", () =>
  withAuthority(async ({ run, request, folder }) => {
    const key = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n";
    const path = `${folder}/both.pem`;
    await Deno.writeTextFile(path, `${await Deno.readTextFile(await request())}${key}`);
    const { code, stderr } = await run(["issue", "--request", path, ...FOR_DB]);
    assertEquals([code, stderr.includes("CANARY")], [2, false]);
  }));

Deno.test("ca issue refuses a file that is no request, or is missing", () =>
  withAuthority(async ({ run, folder }) => {
    await Deno.writeTextFile(
      `${folder}/a`,
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    await Deno.writeTextFile(
      `${folder}/b`,
      "-----BEGIN CERTIFICATE REQUEST-----\nA\n-----END CERTIFICATE REQUEST-----\n",
    );
    const codes = [];
    for (const name of ["a", "b", "c"]) {
      codes.push((await run(["issue", "--request", `${folder}/${name}`, ...FOR_DB])).code);
    }
    assertEquals(codes, [2, 2, 1]);
  }));

Deno.test("ca renew issues once more for the same key", () =>
  withAuthority(async ({ run, issue, clock }) => {
    const serial = await issue(...FOR_DB);
    clock.advance(86_400_000);
    const colons = serial.toUpperCase().replace(/..(?=.)/g, "$&:");
    const { code, stdout } = await run(["renew", colons, "--json"]);
    const renewed = JSON.parse(stdout);
    assertEquals([code, renewed.notAfter], [0, "2030-02-01T00:00:00.000Z"]);
    assert(renewed.serial !== serial);
  }));

Deno.test("ca renew --app-name renews the intermediate", () =>
  withAuthority(async ({ run, issue }) => {
    await issue(...FOR_DB);
    const { code, stdout } = await run(["renew", "--app-name", "vaultdemo"]);
    assertEquals([code, /^vaultdemo has the intermediate [0-9a-f]{32}\n$/.test(stdout)], [0, true]);
  }));

Deno.test("ca renew refuses neither, both, and what is not there", () =>
  withAuthority(async ({ run, issue }) => {
    const serial = await issue(...FOR_DB);
    const calls = [[], [serial, "--app-name", "x"], ["40".repeat(16)], ["--app-name", "x"], [
      "abc",
    ]];
    for (const args of calls) assertEquals((await run(["renew", ...args])).code, 2, args.join(" "));
  }));
