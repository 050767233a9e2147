import { openRegistrar } from "../../../agent/commands/serve_registrar.ts";
import { readRegistrarKey } from "../../../agent/commands/registrar_key.ts";
import { loadIdentity } from "../../../agent/identity_file.ts";
import { registerOnce } from "../../../agent/subordinate/registrar_client.ts";
import { decodeUtf8, encodeUtf8 } from "../../../protocol/bytes.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { newIdentity, requestOf } from "../../support/registrations.ts";
import { serveContext } from "../../support/serve_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const KEY = "correct-horse-battery-staple";

Deno.test("openRegistrar takes a sub-agent that knows the key, and counts it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/key`;
  await Deno.writeTextFile(path, `${KEY}\n`);
  const context = await serveContext(["--enable-registrar", `--registrar-key=${path}`]);
  using served = await openRegistrar(context, {
    names: { app: "shop", component: "agent", notes: [] },
    identity: await loadIdentity(null),
    enrolmentSecret: null,
  });
  const exchange = {
    ask: async ({ method, path, body = "" }: { method: string; path: string; body?: string }) => {
      const reply = await served.handle(requestOf(method, path, body), "172.23.0.3");
      return { status: reply.status, body: encodeUtf8(String(reply.body)) };
    },
  };
  await registerOnce(exchange, {
    claim: { app: "shop", component: "db", port: 8_888, tls: false },
    identity: await newIdentity(),
    enrolmentSecret: null,
    registrarKey: encodeUtf8(KEY),
  });
  const [figure] = served.figures();
  assertEquals(figure?.samples, [[{}, 1]]);
});

Deno.test("readRegistrarKey reads one line, and nothing where there is none", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/key`;
  const context = await serveContext([]);
  assertEquals(await readRegistrarKey(context, undefined), null);
  for (const end of ["", "\n", "\r\n"]) {
    await Deno.writeTextFile(path, KEY + end);
    const key = await readRegistrarKey(context, path);
    assertEquals(key === null ? null : decodeUtf8(key), KEY);
  }
});

Deno.test("readRegistrarKey refuses what is no key, and repeats nothing of it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/key`;
  const context = await serveContext([]);
  const missing = () => readRegistrarKey(context, path);
  assertMatch((await assertRejects(missing, ConfigError)).message, /that is not there/);
  for (
    const text of ["short", "two words that are long enough", `${KEY}\nsecond`, "\u00e9".repeat(20)]
  ) {
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => readRegistrarKey(context, path), ConfigError);
    assertMatch(error.message, /holds no key/);
    assert(!JSON.stringify([error.message, error.hint, String(error.cause)]).includes(text));
  }
  await Deno.writeFile(path, Uint8Array.of(0xff, 0xfe));
  await assertRejects(() => readRegistrarKey(context, path), ConfigError);
});
