/**
 * Our agent against the second implementation's keeper.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  type DeliveryReport,
  MemorySecretStore,
  receiveAsAgent,
  type ReceiveOptions,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { connect, connectWell } from "./loopback.ts";
import { openOurAgent, outcomes, sampleBytes, vaultFile } from "./our_ends.ts";
import { proveEnrolment } from "./second_implementation/confirmation.ts";
import { Failure } from "./second_implementation/failure.ts";
import {
  deliver,
  type Delivered,
  type DeliverOptions,
  openAsKeeper,
} from "./second_implementation/keeper.ts";
import type { VaultFile } from "./second_implementation/manifest.ts";

type Files = Readonly<Record<string, VaultFile>>;

function pass(
  store: MemorySecretStore,
  files: Files,
  options: Partial<DeliverOptions> & { readonly receive?: ReceiveOptions } = {},
): Promise<[DeliveryReport, Delivered]> {
  return connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), store, options.receive),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      return await deliver(session, { files: new Map(Object.entries(files)), ...options });
    },
  );
}

function textOf(store: MemorySecretStore, path: string): string {
  return new TextDecoder().decode(store.read(path));
}

Deno.test("our agent takes a first delivery from a second keeper", async () => {
  const store = new MemorySecretStore();
  const files = { "db.password": vaultFile("correct horse"), "tls/key.pem": vaultFile("pem") };
  const [received, delivered] = await pass(store, files);
  assertEquals(outcomes(received), ["db.password created", "tls/key.pem created"]);
  assertEquals(delivered.counts.Created, 2);
  assertEquals(textOf(store, "db.password"), "correct horse");
});

Deno.test("our agent asks a second keeper for nothing when nothing changed", async () => {
  const store = new MemorySecretStore();
  const files = { a: vaultFile("1"), b: vaultFile("2") };
  await pass(store, files);
  const [received, delivered] = await pass(store, files);
  assertEquals(outcomes(received), ["a unchanged", "b unchanged"]);
  assertEquals([delivered.requests, received.contentBytes], [0, 0]);
  assertEquals(delivered.counts.Unchanged, 2);
});

Deno.test("our agent takes a change from a second keeper, and only that", async () => {
  const store = new MemorySecretStore();
  await pass(store, { a: vaultFile("1"), b: vaultFile("2") });
  const [received, delivered] = await pass(store, { a: vaultFile("1"), b: vaultFile("new") });
  assertEquals(outcomes(received), ["a unchanged", "b updated"]);
  assertEquals([delivered.requests, textOf(store, "b")], [1, "new"]);
});

Deno.test("our agent reports what a second keeper misses or denies", async () => {
  const [received, delivered] = await pass(new MemorySecretStore(), { a: vaultFile("1") }, {
    absent: new Set(["gone"]),
    receive: { files: ["gone", "others", "a"] },
  });
  assertEquals(outcomes(received), ["a created", "gone missing", "others denied"]);
  assertEquals(delivered.counts.Missing, 2);
});

Deno.test("our agent leaves an ENSURE_CREATED file of a second keeper as the application has it", async () => {
  const store = new MemorySecretStore();
  await pass(store, { seed: vaultFile("1", "ENSURE_CREATED") });
  const [received, delivered] = await pass(store, { seed: vaultFile("2", "ENSURE_CREATED") });
  assertEquals(outcomes(received), ["seed unchanged"]);
  assertEquals([delivered.requests, textOf(store, "seed")], [0, "1"]);
});

Deno.test("our agent takes an empty vault, an empty file and 5 MiB from a second keeper", async () => {
  const store = new MemorySecretStore();
  const [none] = await pass(store, {});
  assertEquals(none.files, []);
  const big = sampleBytes(5 * 1024 * 1024 + 1);
  const [received] = await pass(store, { big: vaultFile(big), empty: vaultFile("") });
  assertEquals(outcomes(received), ["big created", "empty created"]);
  assertEquals(received.contentBytes, big.length);
  assert(Buffer.from(big).equals(store.read("big") as Uint8Array));
  assertEquals(store.read("empty")?.length, 0);
});

Deno.test("our agent takes 300 files from a second keeper", async () => {
  const store = new MemorySecretStore();
  const files: Record<string, VaultFile> = {};
  for (let i = 0; i < 300; i++) files[`dir/${i}`] = vaultFile(`file ${i}`);
  const [received, delivered] = await pass(store, files);
  assertEquals([received.files.length, delivered.counts.Created], [300, 300]);
  assertEquals(textOf(store, "dir/299"), "file 299");
});

Deno.test("our agent follows a second keeper into the next epoch", async () => {
  const store = new MemorySecretStore();
  const contents = sampleBytes(70_000);
  const [received] = await pass(store, { big: vaultFile(contents) }, { pieceBytes: 1 });
  assertEquals(outcomes(received), ["big created"]);
  assert(Buffer.from(contents).equals(store.read("big") as Uint8Array));
});

Deno.test("our agent shows a second keeper its names, identity and enrolment", async () => {
  const enrolmentSecret = sampleBytes(32);
  const [origin, seen] = await connectWell(
    async (duplex) => {
      const session = await openOurAgent(duplex, { app: "myapp", enrolmentSecret });
      await session.close();
      return session.origin;
    },
    async (transport) => {
      const { session, claim } = await openAsKeeper(transport);
      await session.close();
      return { claim, transcript: session.schedule.transcript };
    },
  );
  const { claim, transcript } = seen;
  assertEquals([claim.app, claim.component], ["myapp", null]);
  assertEquals(Buffer.from(origin.transcript), transcript);
  const secret = Buffer.from(enrolmentSecret).toString("base64url");
  assertEquals(claim.enrolment, proveEnrolment(secret, transcript, claim.key, claim));
});

Deno.test("our agent answers pings and unknown actions of a second keeper", async () => {
  const files = new Map([["a", vaultFile("1")]]);
  const [received, answers] = await connectWell(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore()),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      await session.sendFrame({ kind: "ping", data: Buffer.from("12345678") });
      await session.send({ State: "DANCE", Id: 7 });
      await session.send({ State: "SING" });
      const answers = [await session.message("RESULT"), await session.message("RESULT")];
      await deliver(session, { files });
      return { answers, pongs: session.pongs };
    },
  );
  assertEquals(outcomes(received), ["a created"]);
  assertEquals(answers.pongs, 1);
  assertEquals(answers.answers.map(({ Id, Status }) => [Id, Status]), [
    [7, "UnknownCommand"],
    [null, "UnknownCommand"],
  ]);
});

const SIGNATURE = Buffer.alloc(65, 7).toString("base64");

function openSigned(
  verifies: boolean,
  signs = true,
): Promise<[PromiseSettledResult<string[]>, PromiseSettledResult<unknown>, string[]]> {
  const signed: string[] = [];
  const seen: string[] = [];
  const signer = {
    address: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    sign: (text: string) => {
      signed.push(text);
      return SIGNATURE;
    },
  };
  return connect(
    async (duplex) => {
      const session = await openOurAgent(duplex, {
        app: "myapp",
        verifyStatement: (text, signature) => {
          seen.push(text, signature);
          return Promise.resolve(verifies);
        },
      });
      await session.close();
      return seen;
    },
    async (transport) => {
      const { session } = await openAsKeeper(transport, signs ? { signer } : {});
      await session.close();
    },
  ).then(([left, right]) => [left, right, signed]);
}

Deno.test("our agent composes the statement that a second keeper signed", async () => {
  const [left, right, signed] = await openSigned(true);
  assert(left.status === "fulfilled" && right.status === "fulfilled");
  assertEquals(left.value, [...signed, SIGNATURE]);
});

Deno.test("our agent tells a second keeper that its statement does not verify", async () => {
  const [left, right] = await openSigned(false);
  assertEquals(codesOf(left, right), ["statement-invalid", "statement-invalid"]);
});

Deno.test("our agent tells a second keeper that a statement is missing", async () => {
  const [left, right] = await openSigned(true, false);
  assertEquals(codesOf(left, right), ["statement-missing", "statement-missing"]);
});

function codesOf(...results: PromiseSettledResult<unknown>[]): (string | null)[] {
  return results.map((result) => result.status === "rejected" ? result.reason.code : null);
}

Deno.test("our agent learns why a second keeper refuses it", async () => {
  const [left, right] = await connect(
    (duplex) => openOurAgent(duplex),
    (transport) => openAsKeeper(transport, { policy: () => "agent-pending" }),
  );
  assertEquals(codesOf(left, right), ["agent-pending", "agent-pending"]);
});

Deno.test("our agent tells a second keeper what it broke", async () => {
  const [left, right] = await connect(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore()),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      await session.send({ State: "DATA", Id: 1, Status: "Match" });
      await session.message();
    },
  );
  assertEquals(codesOf(left, right), ["message-unexpected", "message-unexpected"]);
});

Deno.test("our agent takes an early end of a second keeper as truncated", async () => {
  const [left] = await connect(
    async (duplex) => await receiveAsAgent(await openOurAgent(duplex), new MemorySecretStore()),
    async (transport) => {
      const { session } = await openAsKeeper(transport);
      await session.close().catch((error) => assert(error instanceof Failure));
    },
  );
  assertEquals(codesOf(left), ["truncated"]);
});
