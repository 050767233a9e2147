import { readAccess, readEnrolmentSecret } from "../../../agent/commands/access.ts";
import { formatPeerRule, parsePeerRule } from "../../../agent/door/peer_policy.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { serveContext } from "../../support/serve_context.ts";

const SIGNED = "--signed-vault-connections";
const ZELID = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
const OTHER = "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF";
const LIST = "--whitelisted-addresses=192.0.2.7";

const VERIFY = "--verify-source-address";

const CASES: readonly (readonly [readonly string[], readonly string[] | null, unknown])[] = [
  [[LIST], ["192.0.2.7"], null],
  [[LIST, VERIFY], ["192.0.2.7"], null],
  [["--original-wire=192.0.2.8", "--files=a"], ["192.0.2.8"], null],
  [[SIGNED, `--zelid=${ZELID}`], null, [ZELID]],
  [[SIGNED, `--zelid=${ZELID},${OTHER},${ZELID}`], null, [ZELID, OTHER]],
  [[SIGNED], null, "owner"],
  [[SIGNED, "--flux-api=http://127.0.0.1:1"], null, "owner"],
  [[SIGNED, LIST], ["192.0.2.7"], "owner"],
  [[SIGNED, LIST, VERIFY], ["192.0.2.7"], "owner"],
  [[SIGNED, LIST, `${VERIFY}=false`], null, "owner"],
  [[SIGNED, `${VERIFY}=false`], null, "owner"],
];

for (const [args, rules, signers] of CASES) {
  Deno.test(`readAccess lets in as told: ${args.join(" ")}`, async () => {
    const access = await readAccess(await serveContext(args));
    assertEquals(access.rules?.map(formatPeerRule) ?? null, rules);
    assertEquals(access.signers as unknown, signers);
  });
}

const PRIMARY = parsePeerRule("fluxagent_shop");
const SUB = "--subordinate";

Deno.test("readAccess lets the primary alone connect to a sub-agent, and whoever signs in", async () => {
  const context = await serveContext([SUB, SIGNED, `--zelid=${ZELID}`]);
  const access = await readAccess(context, PRIMARY);
  assertEquals(access, { rules: [PRIMARY], originalRules: [], signers: [ZELID] });
  assertEquals((await readAccess(await serveContext([SUB, SIGNED]), PRIMARY)).signers, "owner");
});

Deno.test("readAccess lets whoever comes through the primary in where it is told to, and warns", async () => {
  const context = await serveContext([SUB, "--trust-primary-agent"]);
  const access = await readAccess(context, PRIMARY);
  assertEquals(access, { rules: [PRIMARY], originalRules: [], signers: null });
  assertMatch(context.logger.messages("warn").join(), /whoever comes through the primary/);
});

const TRUST = "--trust-primary-agent";
const MISTAKES_OF_SUB_AGENTS: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
  [[], /--subordinate needs --signed-vault-connections/, /--trust-primary-agent/],
  [[TRUST, `--zelid=${ZELID}`], /--zelid has no use without/, /Add --signed-vault-connections/],
  [[SIGNED, TRUST], /--trust-primary-agent has no use beside/, /Leave one/],
  [[SIGNED, LIST], /--whitelisted-addresses contradicts --subordinate/, /Leave it out/],
  [[SIGNED, `${VERIFY}=false`], /--verify-source-address contradicts --subordinate/, /Leave it/],
  [[TRUST, "--original-wire=192.0.2.8"], /--original-wire contradicts --subordinate/, /Leave it/],
  [[SIGNED, "--zelid=x"], /is no ZelID/, /keys list/],
];

for (const [args, message, hint] of MISTAKES_OF_SUB_AGENTS) {
  Deno.test(`readAccess refuses of a sub-agent ${args.join(" ")}`, async () => {
    const context = await serveContext([SUB, ...args]);
    const error = await assertRejects(() => readAccess(context, PRIMARY), ConfigError);
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
  });
}

Deno.test("readAccess warns where a list is not looked at", async () => {
  const context = await serveContext([SIGNED, LIST, `${VERIFY}=false`]);
  await readAccess(context);
  assertMatch(context.logger.messages("warn").join(), /the list is not looked at/);
});

const WIF = "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7";

/** What is not accepted, and what is said of it: what is wrong, and what to do. */
const MISTAKES: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
  [
    [],
    /--whitelisted-addresses is missing, and so is --signed-vault/,
    /--signed-vault-connections/,
  ],
  [[LIST, `--zelid=${ZELID}`], /--zelid has no use without/, /Add --signed-vault-connections/],
  [[LIST, "--flux-api=http://a"], /--flux-api has no use without/, /Add --signed-vault/],
  [[LIST, `${VERIFY}=false`], /cannot be off without --signed/, /Leave it out/],
  [[VERIFY], /--verify-source-address needs --whitelisted-addresses/, /Name the addresses/],
  [[SIGNED, VERIFY], /--verify-source-address needs --whitelisted-addresses/, /Name the addresses/],
  [[SIGNED, "--original-wire=192.0.2.8", "--files=a"], /--original-wire contradicts/, /Leave one/],
  [[SIGNED, `--zelid=${ZELID}`, "--flux-api=http://a"], /no use beside --zelid/, /Leave one/],
  [[SIGNED, "--zelid=mtXWDB6k5yC5v7TcwKZHB89SUp85yCKshy"], /a test network/, /keys list/],
  [[SIGNED, `--zelid=0x${"ab".repeat(20)}`], /an Ethereum address/, /keys create/],
  [[SIGNED, `--zelid=${ZELID},${ZELID.slice(0, -1)}n`], /item 2 is mistyped/, /whole address/],
  [[SIGNED, "--zelid=t1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF"], /is no ZelID/, /keys list/],
  [[SIGNED, `--zelid=${WIF}`], /looks like a private key/, /Give the address/],
  [[SIGNED, `--zelid=${WIF.slice(0, -1)}`], /looks like a private key/, /Give the address/],
  [[SIGNED, `--zelid=5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh`], /private key/, /Give/],
  [[SIGNED, `--zelid=${"ab".repeat(32)}`], /looks like a private key/, /Give the address/],
];

for (const [args, message, hint] of MISTAKES) {
  Deno.test(`readAccess refuses ${args.join(" ").slice(0, 90)}`, async () => {
    const context = await serveContext(args);
    const error = await assertRejects(() => readAccess(context), ConfigError, "config-invalid");
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
  });
}

Deno.test("readAccess never repeats a private key that stands where an address belongs", async () => {
  for (const text of [WIF, WIF.toLowerCase(), `${WIF}x`, WIF.slice(3)]) {
    const context = await serveContext([SIGNED, `--zelid=${text}`]);
    const error = await assertRejects(() => readAccess(context), ConfigError);
    const said = JSON.stringify([error.message, error.hint, error.source, String(error.cause)]);
    assert(!said.includes(text.slice(0, 12)), said);
  }
});

const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("readEnrolmentSecret reads the variable, and nothing where there is none", async () => {
  const context = await serveContext([], { FLUXVAULT_ENROLL_SECRET: SECRET });
  assertEquals(readEnrolmentSecret(context)?.[31], 31);
  assertEquals(readEnrolmentSecret(await serveContext([])), null);
});

Deno.test("readEnrolmentSecret refuses any other text, and repeats nothing of it", async () => {
  for (const text of ["a password of my own", `${SECRET}=`, SECRET.slice(1), ` ${SECRET}`]) {
    const context = await serveContext([], { FLUXVAULT_ENROLL_SECRET: text });
    const error = assertThrows(() => readEnrolmentSecret(context), ConfigError, "config-invalid");
    const said = JSON.stringify([error.message, error.hint, error.source, String(error.cause)]);
    assert(!said.includes(text.trim().slice(0, 12)), said);
    assertMatch(said, /variable FLUXVAULT_ENROLL_SECRET/);
  }
});
