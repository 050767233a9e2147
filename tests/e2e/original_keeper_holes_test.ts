/**
 * The holes of the original's vault, by their numbers in the list of what its two versions suffer from;
 * each is tried on our keeper, and fails. What is the wire's own limit is not here.
 */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { OriginalSession } from "../../protocol/original/handshake.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { COLLISION, honestNode, type Message, playNode } from "../support/original_peers.ts";
import { type KeeperRun, outcomesOf, readKeeperRun, Site } from "../support/site.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

/** Runs the keeper over the original's wire. */
async function deliver(
  site: Site,
  nodes: readonly TcpPeer[],
  args: readonly string[] = [],
): Promise<KeeperRun> {
  const agents = nodes.map(({ address }) => address);
  return await site.deliver({ agents, args: ["--wire", "original", ...args] });
}

/** Runs the original's command line, which offers all of the vault's folder. */
async function runVaultCommand(site: Site, node: TcpPeer): Promise<KeeperRun> {
  const args = ["Vault", "--ip", node.address, "--dir", "vault", "--state-dir", "s", "--json"];
  return readKeeperRun(await site.run("keeper", args));
}

async function say(session: OriginalSession, message: Message): Promise<void> {
  await session.channel.writeSealed(new Map(Object.entries(message)), { newline: false });
}

async function read(session: OriginalSession): Promise<Message> {
  const options = {
    what: "the vault's word",
    maxBytes: 1e9,
    timeoutMs: 30_000,
  };
  return Object.fromEntries(await session.channel.readSealed(options));
}

/** Asks for a file as a node that holds nothing. */
async function ask(session: OriginalSession, FILE: unknown, more: Message = {}): Promise<Message> {
  await say(session, { State: "REQUEST", FILE, crc32: 0, fill: "0".repeat(32), ...more });
  return await read(session);
}

const finish = (session: OriginalSession) => say(session, { State: "DONE", fill: "1" });

Deno.test("hole 2: a node is given nothing that is not in the vault, and learns of nothing", async () => {
  await using site = await Site.open({ "one.txt": "1", "sub/two.txt": "2", ".hidden": "h" });
  await Deno.writeTextFile(site.path("outside.txt"), "outside");
  await Deno.symlink(site.path("outside.txt"), site.path("vault/link.txt"));
  const names = [
    ...["../outside.txt", "../nothing.txt", "/etc/passwd", "/nothing", "/proc/self/environ"],
    ...[
      "sub/../../outside.txt",
      "sub/../one.txt",
      ".hidden",
      "link.txt",
      "sub",
      "",
      ".",
      "..",
      "./one.txt",
    ],
    ...["one.txt\u0000", "sub//two.txt", `${site.folder}/vault/one.txt`],
  ];
  const answers: Message[] = [];
  await using node = playNode(async (session) => {
    for (const name of names) answers.push(await ask(session, name));
    answers.push(await ask(session, "sub/two.txt"));
    await finish(session);
  });
  const run = await runVaultCommand(site, node);
  assertEquals(answers.slice(0, -1).map(({ Status, Body }) => `${Status}${Body}`), [
    ...names.map(() => "FileNotFound"),
  ]);
  assertEquals(answers.at(-1)?.["Body"], "2");
  assertEquals(run.code, 1, run.stderr);
});

Deno.test("hole 6: a request that was sent before is no request", async () => {
  await using site = await Site.open({ a: "1" });
  let line: Uint8Array<ArrayBuffer> = encodeUtf8("");
  await using node = playNode(async (session) => {
    const { link } = session;
    const write = link.write.bind(link);
    link.write = (bytes) => write(line = bytes.slice());
    await ask(session, "a");
    await write(line.slice());
    await read(session);
  });
  const run = await deliver(site, [node]);
  assertEquals([run.code, run.agents.get(node.address)?.code], [1, "open-failed"]);
});

Deno.test("hole 8: a change that the checksum does not show is sent, by the next process too", async () => {
  const [before, after] = COLLISION;
  await using site = await Site.open({ a: before });
  const store = new MemorySecretStore();
  await using node = honestNode(store, ["a"]);
  assertEquals((await deliver(site, [node])).code, 0);
  assertEquals(outcomesOf((await deliver(site, [node])).agents.get(node.address)), {});
  await site.store({ a: after });
  const run = await deliver(site, [node]);
  assertEquals(outcomesOf(run.agents.get(node.address)), { a: "updated" });
  assertEquals(store.read("a"), encodeUtf8(after));
});

Deno.test("hole 9: a file that is empty is made", async () => {
  await using site = await Site.open({ a: "" });
  const store = new MemorySecretStore();
  await using node = honestNode(store, ["a"]);
  assertEquals((await deliver(site, [node])).code, 0);
  assertEquals(store.read("a"), new Uint8Array());
});

Deno.test("hole 10: a file that is not UTF-8 fails alone, and is named", async () => {
  await using site = await Site.open({ a: Uint8Array.of(0xff, 0xfe), b: "b" });
  const stores = [new MemorySecretStore(), new MemorySecretStore()];
  await using first = honestNode(stores[0] ?? new MemorySecretStore(), ["a", "b"]);
  await using second = honestNode(stores[1] ?? new MemorySecretStore(), ["a", "b"]);
  const run = await deliver(site, [first, second]);
  assertEquals(run.code, 1);
  for (const { address } of [first, second]) {
    assertEquals(outcomesOf(run.agents.get(address)), { a: "failed not-text", b: "created" });
  }
  assertEquals(stores.map((store) => store.paths()), [["b"], ["b"]]);
});

Deno.test("hole 13: a file that the vault lacks is reported, and so is one that nobody asks for", async () => {
  await using site = await Site.open({ a: "1", b: "2" });
  await using node = honestNode(new MemorySecretStore(), ["a", "gone"]);
  const run = await deliver(site, [node]);
  assertEquals(run.code, 1);
  assertEquals(outcomesOf(run.agents.get(node.address)), {
    a: "created",
    b: "failed not-requested",
    gone: "denied",
  });
  const whole = await runVaultCommand(site, node);
  assertEquals([whole.code, outcomesOf(whole.agents.get(node.address))["gone"]], [1, "missing"]);
});

Deno.test("hole 14: line ends other than LF are lost with a warning that names the file", async () => {
  await using site = await Site.open({ a: "x\r\ny\rz\n" });
  const store = new MemorySecretStore();
  await using node = honestNode(store, ["a"]);
  const run = await deliver(site, [node]);
  assertEquals([run.code, store.read("a")], [0, encodeUtf8("x\ny\nz\n")]);
  assertMatch(run.stderr, /lost its line ends.*"path":"a"/);
});

Deno.test("hole 22: a silent node, and one that asks without end, hold up nobody else", async () => {
  await using site = await Site.open({ a: "1" });
  await using endless = playNode(async (session) => {
    for (;;) await ask(session, "a");
  });
  await using silent = TcpPeer.silent();
  const arrived = Promise.withResolvers<void>();
  const settle = () => Promise.resolve(arrived.resolve());
  await using node = honestNode(Object.assign(new MemorySecretStore(), { settle }), ["a"]);
  const agents = [silent, endless, node].map(({ address }) => address);
  const keeper = await site.startKeeper({ agents, args: ["--wire", "original"] });
  await keeper.waitForLog(/wire of the original/);
  // The pass itself ends with the silent one, a minute later.
  await arrived.promise;
  assertEquals((await keeper.stop()).code, 0);
  const run = await deliver(site, [endless]);
  assertEquals(run.agents.get(endless.address)?.code, "too-many-messages");
});

const NEEDS_PIPES = { ignore: Deno.build.os === "windows" };

Deno.test(
  "hole 23: a device or a pipe of the vault's folder is not read",
  NEEDS_PIPES,
  async () => {
    await using site = await Site.open({ a: "1" });
    const { success } = await new Deno.Command("mkfifo", { args: [site.path("vault/pipe")] })
      .output();
    assert(success);
    const answers: Message[] = [];
    await using node = playNode(async (session) => {
      for (const name of ["pipe", "/dev/zero", "../../../../../../dev/zero"]) {
        answers.push(await ask(session, name));
      }
      await finish(session);
    });
    await runVaultCommand(site, node);
    assertEquals(answers.map(({ Status }) => Status), Array(3).fill("FileNotFound"));
  },
);

const BAD_NODES: Readonly<Record<string, (session: OriginalSession) => Promise<void>>> = {
  "hangs up": () => Promise.resolve(),
  "sends garbage": (session) => session.link.write(encodeUtf8("garbage\n")),
  "sends another's message": (session) =>
    session.link.write(encodeUtf8('{"nonce": "00", "tag": "00", "ciphertext": "00"}\n')),
  "asks without a name": (session) => ask(session, undefined).then(() => {}),
  "asks with a list for a name": (session) => ask(session, ["a"]).then(() => {}),
  "has no checksum": (session) => ask(session, "a", { crc32: null }).then(() => {}),
  "has a checksum in words": (session) => ask(session, "a", { crc32: "0xff" }).then(() => {}),
  "has a checksum with a point": (session) => ask(session, "a", { crc32: 0.5 }).then(() => {}),
  "says a list": (session) => say(session, [] as unknown as Message),
};

Deno.test("hole 24: bad nodes end nobody's session but their own", async () => {
  await using site = await Site.open({ a: "1" });
  const bad = Object.values(BAD_NODES).map((play) => playNode(play));
  try {
    await using last = honestNode(new MemorySecretStore(), ["a"]);
    const run = await deliver(site, [...bad, last], ["--concurrency", "1"]);
    assertEquals([run.code, run.agents.get(last.address)?.wanted], [1, true]);
    for (const { address } of bad) assertEquals(run.agents.get(address)?.outcome, "failed");
  } finally {
    await Promise.all(bad.map((node) => node[Symbol.asyncDispose]()));
  }
});

Deno.test("hole 25: a node that speaks a byte at a time is understood", async () => {
  await using site = await Site.open({ a: "1" });
  let got: Message = {};
  await using node = playNode(async (session) => {
    const { link } = session;
    const write = link.write.bind(link);
    link.write = async (bytes) => {
      for (const byte of bytes) await write(Uint8Array.of(byte));
    };
    got = await ask(session, "a");
    await finish(session);
  });
  const run = await deliver(site, [node]);
  assertEquals([run.code, got["Body"]], [0, "1"]);
});

Deno.test("hole 26: a request of more than 8,192 bytes is answered as any other", async () => {
  await using site = await Site.open({ a: "1" });
  const statuses: unknown[] = [];
  await using node = playNode(async (session) => {
    for (const name of ["x".repeat(3_945), "x".repeat(3_946), "x".repeat(20_000), "a"]) {
      statuses.push((await ask(session, name))["Status"]);
    }
    await finish(session);
  });
  const run = await deliver(site, [node]);
  assertEquals(statuses, ["FileNotFound", "FileNotFound", "FileNotFound", "Success"]);
  assertEquals(run.agents.get(node.address)?.outcome, "delivered");
});

Deno.test("hole 12: a file that the vault cannot give stops none of the others", async () => {
  await using site = await Site.open({ a: "1", b: "2" });
  await Deno.writeFile(site.path("vault/latin.txt"), Uint8Array.of(0x63, 0xe9));
  await Deno.mkdir(site.path("vault/locked"), { mode: 0o700 });
  const store = new MemorySecretStore();
  await using node = honestNode(store, ["latin.txt", "a", "b"]);
  const run = await runVaultCommand(site, node);
  assertEquals([run.code, store.paths()], [1, ["a", "b"]], run.stderr);
});

Deno.test("hole 31: a folder needs no slash at its end, and may have one", async () => {
  await using site = await Site.open({ "sub/a": "1" });
  for (const dir of ["vault", "vault/", "./vault//"]) {
    const store = new MemorySecretStore();
    await using node = honestNode(store, ["sub/a"]);
    const variables = { VAULT_FILE_DIR: dir, VAULT_PORT: `${node.port}` };
    const args = ["vault", "--ip", "127.0.0.1", "--state-dir", "s"];
    const end = await site.run("keeper", args, { variables });
    assertEquals([end.code, store.paths()], [0, ["sub/a"]], end.stderr);
  }
});
