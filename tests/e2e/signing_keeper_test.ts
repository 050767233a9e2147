/**
 * The real keeper, which signs and knows an enrolment secret, and the real agent, which asks for both.
 *
 * @module
 */
import { encodeWif, type FluxPrivateKey, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";
import { restoredLine, startPlainAgent, startSignedAgent } from "../support/signed_agent.ts";
import { type KeeperRun, readKeeperRun, type RunningAgent, Site } from "../support/site.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";

const KEY = generatePrivateKey();
const ADDRESS = zelIdOfKey(KEY);
const STRANGER = generatePrivateKey();
const FILES = { "db.password": "one", "key.pem": "two" };

interface KeeperSetup {
  /** What it signs with; nothing where it is not given. */
  readonly key?: FluxPrivateKey;
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** What it reads from standard input. @default the key, in WIF */
  readonly input?: string;
}

/** Runs the keeper once against an agent. */
async function keep(
  site: Site,
  agent: RunningAgent,
  setup: KeeperSetup = {},
): Promise<KeeperRun> {
  const { key, args = [], variables = {} } = setup;
  const input = setup.input ?? (key === undefined ? undefined : `${encodeWif(key)}\n`);
  const signing = key === undefined ? [] : ["--sign-connections", "--zelid", zelIdOfKey(key)];
  const end = await site.run("keeper", [
    ...["--run-once", "--json", "--agent-ips", agent.address],
    ...["--vault-dir", site.path("vault"), "--state-dir", site.path("keeper-state")],
    ...["--managed-files", Object.keys(FILES).join(","), ...signing, ...args],
  ], { variables, ...(input === undefined ? {} : { input }) });
  return readKeeperRun(end);
}

/** What came of it: `delivered`, or the code and who refused whom. */
function outcomeOf(run: KeeperRun, agent: RunningAgent): string {
  const { outcome, code, by } = run.agents.get(agent.address) ?? {};
  return outcome === "rejected" ? `${code} by ${by}` : outcome ?? `status ${run.code}`;
}

for (const whitelist of ["192.0.2.1", "127.0.0.1", null] as const) {
  const list = whitelist === null ? "no list" : `a list of ${whitelist}`;
  Deno.test(`keeper: is let in by its signature alone where an agent asks for it, with ${list}`, async () => {
    await using site = await Site.open(FILES);
    const args = whitelist === null ? [] : ["--whitelisted-addresses", whitelist];
    const agent = await startSignedAgent(site, { zelids: [ADDRESS], args });
    const isListed = whitelist !== "192.0.2.1";
    const outcomes: string[] = [];
    for (const setup of [{}, { key: STRANGER }, { key: KEY }]) {
      outcomes.push(outcomeOf(await keep(site, agent, setup), agent));
    }
    assertEquals(
      outcomes,
      isListed
        ? ["statement-missing by peer", "statement-invalid by peer", "delivered"]
        : ["failed", "failed", "failed"],
    );
  });
}

Deno.test("keeper: signs for an agent that does not ask for it, and is let in", async () => {
  await using site = await Site.open(FILES);
  const agent = await site.startAgent();
  assertEquals(outcomeOf(await keep(site, agent, { key: KEY }), agent), "delivered");
});

Deno.test("keeper: signs under the app and the component of the agent, in its spelling", async () => {
  await using site = await Site.open(FILES);
  const agent = await startSignedAgent(site, {
    zelids: [ADDRESS],
    args: ["--app-name", "VaultDemo", "--component-name", "Web"],
  });
  const run = await keep(site, agent, { key: KEY, args: ["--app-name", "vaultdemo"] });
  assertEquals(outcomeOf(run, agent), "delivered");
  // Only one of both knows the app: no statement could be accepted, so none is made.
  const nameless = await keep(site, agent, { key: KEY });
  assertEquals(outcomeOf(nameless, agent), "app-mismatch by us");
});

Deno.test("keeper: signs with an uncompressed key under the address that this one has", async () => {
  await using site = await Site.open(FILES);
  const key = { ...KEY, isCompressed: false };
  assert(zelIdOfKey(key) !== ADDRESS && encodeWif(key).startsWith("5"));
  const agent = await startSignedAgent(site, { zelids: [zelIdOfKey(key)] });
  assertEquals(outcomeOf(await keep(site, agent, { key }), agent), "delivered");
  assertEquals(
    outcomeOf(await keep(site, agent, { key: KEY }), agent),
    "statement-invalid by peer",
  );
});

Deno.test("keeper: has its key from a store, or from the credentials of its service", async () => {
  await using site = await Site.open(FILES);
  const agent = await startSignedAgent(site, { zelids: [ADDRESS] });
  const state = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const passphrase = "correct horse battery";
  const added = await site.run("keeper", ["keys", "add", ADDRESS, ...state], {
    input: `${encodeWif(KEY)}\n${passphrase}\n`,
  });
  assertEquals(added.code, 0, added.stderr);
  const stored = await keep(site, agent, { key: KEY, input: `${passphrase}\n` });
  assertEquals(outcomeOf(stored, agent), "delivered");
  const wrong = await keep(site, agent, { key: KEY, input: "another passphrase\n" });
  assertEquals([wrong.code, wrong.agents.size], [2, 0]);
  assertMatch(wrong.stderr, /passphrase does not open/);

  const credentials = site.path("credentials");
  await Deno.mkdir(credentials);
  await Deno.writeTextFile(`${credentials}/fluxvault-key`, encodeWif(KEY), { mode: 0o600 });
  const variables = { CREDENTIALS_DIRECTORY: credentials };
  const service = await keep(site, agent, { key: KEY, variables, input: "" });
  assertEquals(outcomeOf(service, agent), "delivered");
});

const missing = missingForTerminal();

Deno.test({
  name: "keeper: asks for its key at a terminal, stores it, and asks for it no more" +
    (missing === null ? "" : ` (skipped: ${missing} is missing)`),
  ignore: missing !== null,
  async fn() {
    await using site = await Site.open(FILES);
    const agent = await startSignedAgent(site, { zelids: [ADDRESS] });
    const args = [
      ...["run", "--sign-connections", "--zelid", ADDRESS, "--run-once"],
      ...["--agent-ips", agent.address, "--managed-files", Object.keys(FILES).join(",")],
      ...["--vault-dir", "vault", "--state-dir", "keeper-state", "--key-store", "file"],
    ];
    const passphrase = "correct horse battery";
    const prompt = "(it is not shown): ";
    await using first = startAtTerminal(site, args);
    await answer(first, prompt, `${encodeWif(KEY)}\r`);
    await answer(first, "not asked for again? [Yes] ", "\r");
    await answer(first, "New passphrase: ", `${passphrase}\r`);
    await answer(first, "The same again: ", `${passphrase}\r`);
    const stored = (await first.end).stdout;
    assertMatch(stored, /It is now in the encrypted file /);
    assertMatch(stored, /status=0\r\n/);

    await using second = startAtTerminal(site, args);
    await answer(second, "Passphrase of the keys: ", `${passphrase}\r`);
    const signed = (await second.end).stdout;
    assertMatch(signed, /1 as wanted/);
    assertMatch(signed, /status=0\r\n/);
    assert(!signed.includes(prompt) && !signed.includes("You are about to enter"), signed);
    for (const text of [encodeWif(KEY), passphrase]) assert(!`${stored}${signed}`.includes(text));
    assertEquals(await Deno.readTextFile(`${agent.files}/key.pem`), "two");
  },
});

const MISTAKES: readonly (readonly [string, readonly string[], string, RegExp])[] = [
  ["no address", ["--sign-connections"], "", /--sign-connections needs --zelid/],
  ["an address and nothing to sign", ["--zelid", ADDRESS], "", /--zelid has no use/],
  ["no key", ["--sign-connections", "--zelid", ADDRESS], "", /no private key/],
  [
    "the key of another address",
    ["--sign-connections", "--zelid", ADDRESS],
    `${encodeWif(STRANGER)}\n`,
    /address/,
  ],
  [
    "an address of a test network",
    ["--sign-connections", "--zelid", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"],
    "",
    /test network|ZelID/,
  ],
  [
    "the original's wire alone",
    ["--sign-connections", "--zelid", ADDRESS, "--wire", "original"],
    "",
    /no use where all agents/,
  ],
];

for (const [what, args, input, message] of MISTAKES) {
  Deno.test(`keeper: does not start to sign with ${what}, and says what to change`, async () => {
    await using site = await Site.open(FILES);
    const end = await site.run("keeper", [
      ...["--run-once", "--agent-ips", "127.0.0.1:1", "--vault-dir", site.path("vault")],
      ...["--state-dir", site.path("keeper-state"), "--managed-files", "db.password", ...args],
    ], { input });
    assertEquals([end.code, end.stdout], [2, ""]);
    assertMatch(end.stderr, message);
    assertMatch(end.stderr, /hint: /);
    assert(!end.stderr.includes(encodeWif(STRANGER)));
  });
}

Deno.test("agent: vouches after a restart for what its keeper signed, and gets back what was tampered with", async () => {
  await using site = await Site.open(FILES);
  const agent = await startSignedAgent(site, { zelids: [ADDRESS] });
  assertEquals(outcomeOf(await keep(site, agent, { key: KEY }), agent), "delivered");
  await agent.program.stop();

  const again = await startSignedAgent(site, { zelids: [ADDRESS] });
  const { vouched, files, changed } = await restoredLine(again);
  assertEquals([vouched, files, changed], [true, 2, []]);
  await again.program.stop();

  await Deno.writeTextFile(`${agent.files}/key.pem`, "tampered with");
  const third = await startSignedAgent(site, { zelids: [ADDRESS] });
  assertEquals((await restoredLine(third)).changed, ["key.pem"]);
  const run = await keep(site, third, { key: KEY });
  assertEquals(run.agents.get(third.address)?.files, [{ path: "key.pem", outcome: "updated" }]);
  assertEquals(await Deno.readTextFile(`${agent.files}/key.pem`), "two");
});

const APP = ["--app-name", "shop", "--component-name", "web"];

/** Starts an agent that knows a secret, if it is given one. */
function startEnrolling(site: Site, name: string, secret: string | null): Promise<RunningAgent> {
  return startPlainAgent(site, {
    name,
    args: ["--whitelisted-addresses", "127.0.0.1", ...APP],
    variables: secret === null ? {} : { FLUXVAULT_ENROLL_SECRET: secret },
  });
}

Deno.test("keeper: trusts without a question who knows the app's secret, and nobody else", async () => {
  await using site = await Site.open(FILES);
  const state = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const passphrase = "correct horse battery";
  const made = await site.run("keeper", ["enrolment", "create", "shop", ...state], {
    input: `${passphrase}\n`,
  });
  const secret = /FLUXVAULT_ENROLL_SECRET=(\S{43})/.exec(made.stdout)?.[1] ?? "";
  assertEquals([made.code, secret.length], [0, 43], made.stderr);
  const args = ["--app-name", "shop", "--trust", "approve"];
  const serve = (agent: RunningAgent) => keep(site, agent, { args, input: `${passphrase}\n` });

  const enrolled = await startEnrolling(site, "enrolled", secret);
  const first = await serve(enrolled);
  assertEquals(outcomeOf(first, enrolled), "delivered", first.stderr);
  assertEquals(first.agents.get(enrolled.address)?.trust, "enrolled");

  const wrong = await startEnrolling(site, "wrong", "A".repeat(43));
  const refused = await serve(wrong);
  assertEquals(outcomeOf(refused, wrong), "enrolment-invalid by us");
  const unknowing = await startEnrolling(site, "unknowing", null);
  assertEquals(outcomeOf(await serve(unknowing), unknowing), "pending");
  for (const output of [first, refused]) {
    assert(!`${output.stdout}${output.stderr}`.includes(secret));
  }
  await enrolled.program.stop();
  assert(!`${enrolled.program.stdout}${enrolled.program.stderr}`.includes(secret));
});

Deno.test("keeper: knows the app's secret and its agents however the app is written", async () => {
  await using site = await Site.open(FILES);
  const state = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const passphrase = "correct horse battery";
  const made = await site.run("keeper", ["enrolment", "create", "Shop", ...state], {
    input: `${passphrase}\n`,
  });
  const secret = /FLUXVAULT_ENROLL_SECRET=(\S{43})/.exec(made.stdout)?.[1] ?? "";
  const agent = await startEnrolling(site, "enrolled", secret);
  const args = ["--app-name", "SHOP", "--trust", "approve"];
  const run = await keep(site, agent, { args, input: `${passphrase}\n` });
  assertEquals(outcomeOf(run, agent), "delivered", run.stderr);
  assertEquals(run.agents.get(agent.address)?.trust, "enrolled");
});

Deno.test("keeper: takes another enrolment secret while it runs, and the old one no more", async () => {
  await using site = await Site.open(FILES);
  const state = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const input = "correct horse battery\n";
  const create = async (...args: readonly string[]): Promise<string> => {
    const words = ["enrolment", "create", "shop", ...args, ...state];
    const made = await site.run("keeper", words, { input });
    assertEquals(made.code, 0, made.stderr);
    return /FLUXVAULT_ENROLL_SECRET=(\S{43})/.exec(made.stdout)?.[1] ?? "";
  };
  const leaked = await create();
  const early = await startEnrolling(site, "early", leaked);
  const port = freePort();
  const keeper = site.start("keeper", [
    ...["--json", "--app-name", "shop", "--trust", "approve", "--vault-dir", site.path("vault")],
    ...["--agent-ips", `${early.address},127.0.0.1:${port}`, "--managed-files", "key.pem"],
    ...["--polling-interval", "1", "--discovery-interval", "1", ...state],
  ], { input });
  const heard = (address: string, outcome: string) =>
    keeper.waitForJson((line) => {
      return line.address === address && (line.code ?? line.outcome) === outcome;
    });
  assertEquals((await heard(early.address, "delivered")).trust, "enrolled");
  const secret = await create("--replace");
  assert(secret !== leaked);
  await heard(early.address, "enrolment-invalid");
  const late = await startPlainAgent(site, {
    name: "late",
    port,
    args: ["--whitelisted-addresses", "127.0.0.1", ...APP],
    variables: { FLUXVAULT_ENROLL_SECRET: secret },
  });
  assertEquals((await heard(late.address, "delivered")).trust, "enrolled");
  await late.program.stop();
  // Whoever learned the old secret is nobody now.
  await startPlainAgent(site, {
    name: "thief",
    port,
    args: ["--whitelisted-addresses", "127.0.0.1", ...APP],
    variables: { FLUXVAULT_ENROLL_SECRET: leaked },
  });
  await heard(late.address, "enrolment-invalid");
  const { stderr, stdout } = await keeper.stop();
  for (const text of [leaked, secret]) assert(!`${stdout}${stderr}`.includes(text));
});
