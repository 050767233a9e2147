/**
 * The canary on the original's wire: what goes well there and what goes wrong, with everything turned
 * on that writes.
 */
import { Buffer } from "node:buffer";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { find, readLeftBehind } from "../support/canary.ts";
import { HandVault, honestNode, playNode, runVault } from "../support/original_peers.ts";
import { Site } from "../support/site.ts";

const TEXT = 'canary-6b1f/"\\\u00e4\u{1f424}+&=-sings';
const BINARY = new Uint8Array(48).map((_, i) => (i * 37 + 201) & 255);
const PURPOSE = /^(?:vault\/|[^/]+\/files\/|[^/]+\/state\/identity)/;

Deno.test("agent and keeper: leave no trace of a secret on the original's wire either", async () => {
  await using site = await Site.open({ text: TEXT, binary: BINARY, crlf: `${TEXT}\r\n` });
  const outputs = new Map<string, string>();
  const agent = await site.startAgent({
    args: [
      ...["--original-wire", "127.0.0.1", "--files", "text,gone,crlf,folder"],
      ...["--debug", "--log-to-file", "--logfile-path", "agent.log"],
    ],
  });
  await Deno.mkdir(`${agent.files}/folder`);
  await runVault(agent, { text: TEXT, crlf: TEXT, folder: TEXT });
  for (const bend of [{ State: TEXT }, { FILE: TEXT }, { Status: TEXT }, { Body: [TEXT] }]) {
    using vault = await HandVault.dial(agent);
    await vault.answer(await vault.read(), TEXT, bend);
    await vault.untilClosed();
  }
  await agent.program.stop();
  outputs.set("agent stdout", agent.program.stdout).set("agent stderr", agent.program.stderr);

  await using honest = honestNode(new MemorySecretStore(), ["text", "binary", "crlf", TEXT]);
  await using odd = playNode(async ({ channel }) => {
    const members = { State: "REQUEST", FILE: "text", crc32: TEXT, fill: TEXT };
    await channel.writeSealed(new Map(Object.entries(members)), { newline: true });
  });
  for (const state of ["first", "first", "second"]) {
    const end = await site.run("keeper", [
      ...["--run-once", "--vault-dir", "vault", "--state-dir", state, "--wire", "original"],
      ...["--agent-ips", `${honest.address},${odd.address}`],
      ...["--managed-files", "text,binary,crlf", "--debug", "--json"],
      ...["--log-to-file", "--logfile-path", "keeper.log"],
    ]);
    outputs.set(`keeper ${state} stdout`, end.stdout).set(`keeper ${state} stderr`, end.stderr);
  }

  const places = await readLeftBehind(site, PURPOSE);
  const names = [...places.keys()];
  for (const name of ["agent.log", "keeper.log", "first/original_nodes.json"]) {
    assert(names.includes(name), `${name} is not among ${names}`);
  }
  // The node itself asks for a name that is the canary: names are no secrets.
  for (const [name, text] of outputs) places.set(name, text);
  for (const [name, text] of places) {
    const named = JSON.stringify({ path: TEXT }).slice(1, -1);
    places.set(name, text.replaceAll(named, "").replaceAll(`${TEXT}: denied`, ""));
  }
  const all = [...places.values()].join("");
  for (
    const word of ["not-text", "message-unexpected", "not-a-file", "message-malformed", "lost"]
  ) {
    assert(all.includes(word), `nothing tells of ${word}`);
  }
  const text = new TextEncoder().encode(TEXT);
  assertEquals(find(places, { text, binary: BINARY, both: new Uint8Array(Buffer.from(TEXT)) }), []);
});
