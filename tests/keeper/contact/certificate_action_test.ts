import { base64 } from "@scure/base";
import {
  certificateAction,
  type CertificateActionOptions,
} from "../../../keeper/contact/certificate_action.ts";
import { AuthorityError } from "../../../keeper/authority/mod.ts";
import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import type { CallContext } from "../../../protocol/mod.ts";
import { CallError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { APP, makeRequest, openMemoryAuthority } from "../authority/authority_site.ts";

const AGENT = { app: APP, component: "db", fingerprint: "SHA256:x", level: "first-use" } as const;
// The action asks nothing of its call.
const CONTEXT = {} as CallContext;

async function makeAction(options: Partial<CertificateActionOptions> = {}) {
  const site = await openMemoryAuthority();
  const authority = () => Promise.resolve(site.authority);
  const action = certificateAction({ authority, ...AGENT, ...options });
  const ask = async (input: Record<string, unknown> = {}) => {
    const { request } = await makeRequest("P-256", { names: ["evil.example.org"] });
    const whole = { Request: base64.encode(request), Purpose: "agent", ...input };
    const parsed = await action.parseInput?.(whole);
    assert(parsed !== undefined);
    return await action.run(CONTEXT, parsed);
  };
  return { site, action, ask };
}

Deno.test("certificateAction certifies an agent under its own name, for a day", async () => {
  const { site, ask } = await makeAction();
  const { Chain, Root, NotAfter, Revocations, RootRevocations } = await ask();
  const { X509Certificate, X509Crl } = await loadX509();
  const [record] = await site.authority.list();
  assertEquals([record?.names, record?.usage, record?.holder, record?.purpose], [
    [`db.agent.${APP}.fluxvault.internal`],
    ["server"],
    "SHA256:x",
    "agent",
  ]);
  assertEquals(NotAfter, site.clock.now() + 86_400_000);
  const [leaf, intermediate] = Chain.map((pem) => new X509Certificate(pem));
  assertEquals([leaf?.issuer, intermediate?.issuer], [
    intermediate?.subject,
    new X509Certificate(Root).subject,
  ]);
  const [app, root] = [Revocations, RootRevocations].map((list) =>
    new X509Crl(Uint8Array.from(base64.decode(list ?? "")))
  );
  assertEquals([app?.issuer, root?.issuer], [leaf?.issuer, intermediate?.issuer]);
});

Deno.test("certificateAction gives an application what was declared for this agent", async () => {
  const asked: unknown[] = [];
  const { site, ask } = await makeAction({
    findCertificate(name, agent) {
      asked.push(name, agent);
      return {
        names: ["www.example.org"],
        allowedNames: ["example.org"],
        usage: ["client"],
        lifetimeMs: 3_600_000,
      };
    },
  });
  const { NotAfter } = await ask({ Purpose: "application", Name: "web" });
  assertEquals(asked, ["web", AGENT]);
  const [record] = await site.authority.list();
  assertEquals([record?.names, record?.usage, record?.declared, record?.purpose], [
    ["www.example.org"],
    ["client"],
    "web",
    "application",
  ]);
  assertEquals(NotAfter, site.clock.now() + 3_600_000);
});

Deno.test("certificateAction gives nothing that was not declared", async () => {
  for (const options of [{}, { findCertificate: () => null }]) {
    const { site, ask } = await makeAction(options);
    const error = await assertRejects(
      () => ask({ Purpose: "application", Name: "web" }),
      CallError,
    );
    assertEquals([error.code, site.store.files.size], ["certificate-undeclared", 0]);
  }
});

Deno.test("certificateAction gives nothing to whom the keeper knows by an address alone, or of no app", async () => {
  for (const options of [{ level: "address" as const }, { app: null }]) {
    const { site, ask } = await makeAction(options);
    const error = await assertRejects(() => ask(), CallError);
    assertEquals([error.code, site.store.files.size], ["not-trusted", 0]);
  }
});

Deno.test("certificateAction says why the authority refuses", async () => {
  const { ask } = await makeAction();
  const { request } = await makeRequest("P-521");
  const error = await assertRejects(
    () => ask({ Request: base64.encode(request) }),
    AuthorityError,
  );
  assertEquals(error.code, "key-refused");
});

const BAD_INPUTS: readonly unknown[] = [
  null,
  "text",
  {},
  { Request: 1, Purpose: "agent" },
  { Request: "?", Purpose: "agent" },
  { Request: "A".repeat(12_001), Purpose: "agent" },
  { Request: "AAAA", Purpose: "keeper" },
  { Request: "AAAA", Purpose: "agent", Name: "web" },
  { Request: "AAAA", Purpose: "application" },
  { Request: "AAAA", Purpose: "application", Name: "../web" },
  { Request: "AAAA", Purpose: "application", Name: "Web" },
];

for (const input of BAD_INPUTS) {
  const shown = JSON.stringify(input)?.slice(0, 60);
  Deno.test(`certificateAction refuses the input ${shown}`, async () => {
    const { action } = await makeAction();
    assertThrows(() => action.parseInput?.(input), Error);
  });
}
