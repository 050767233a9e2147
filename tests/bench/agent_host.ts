/**
 * A process that runs many agents, each with a port, an identity and a folder of its own.
 *
 * They share one RSA key, as if each had made its own ahead of need: what is measured is a keeper.
 * Arguments: a folder and how many.
 */
import { Agent, DiskSecretStore, listen, parsePeerRule, PeerPolicy } from "../../agent/mod.ts";
import {
  generateIdentitySeed,
  generateRsaKeyPair,
  importIdentity,
  RsaKeyStock,
} from "../../protocol/mod.ts";
import { createNodeHasher } from "../../protocol/host/mod.ts";

const [folder = "", count = ""] = Deno.args;
const pair = await generateRsaKeyPair();
const policy = new PeerPolicy([parsePeerRule("127.0.0.1")]);
const ports: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const workingFolder = `${folder}/${i}`;
  await Deno.mkdir(workingFolder);
  const agent = new Agent({
    identity: await importIdentity(await generateIdentitySeed()),
    store: await DiskSecretStore.open({
      workingFolder,
      stateFolder: null,
      createHasher: createNodeHasher,
    }),
    policy,
    keys: new RsaKeyStock({ generate: () => Promise.resolve(pair) }),
    createHasher: createNodeHasher,
  });
  const listener = listen({ hostname: "127.0.0.1", port: 0 });
  ports.push(listener.address.port);
  agent.serve(listener);
}
const line = JSON.stringify({ event: "listening", ports });
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
