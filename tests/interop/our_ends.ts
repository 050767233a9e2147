/**
 * Our two roles with what every test gives them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import {
  type AgentHandshakeOptions,
  type Bytes,
  type DeliveryReport,
  type Duplex,
  encodeHex,
  type FileEntry,
  generateIdentitySeed,
  generateRsaKeyPair,
  handshakeAsAgent,
  handshakeAsKeeper,
  importIdentity,
  type KeeperHandshakeOptions,
  MemorySecretSource,
  randomBytes,
  RsaKeyStock,
  type Session,
  sha256Digest,
} from "../../protocol/mod.ts";
import type { AgentOptions } from "./second_implementation/agent.ts";
import type { VaultFile } from "./second_implementation/manifest.ts";

const ourRsa = await generateRsaKeyPair(2048);
const theirRsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const theirIdentity = generateKeyPairSync("ed25519").privateKey;

/** Opens a session as our agent. */
export async function openOurAgent(
  duplex: Duplex,
  options: Partial<AgentHandshakeOptions> = {},
): Promise<Session> {
  using keys = new RsaKeyStock({ generate: () => Promise.resolve(ourRsa) });
  return await handshakeAsAgent(duplex, {
    keys,
    identity: await importIdentity(await generateIdentitySeed()),
    instance: randomBytes(16),
    software: "fluxvault/test",
    ...options,
  });
}

/** Opens a session as our keeper. */
export function openOurKeeper(
  duplex: Duplex,
  options: Partial<KeeperHandshakeOptions> = {},
): Promise<Session> {
  return handshakeAsKeeper(duplex, { policy: () => null, ...options });
}

/** What the second implementation's agent is in every test. */
export function theirAgent(options: Partial<AgentOptions> = {}): AgentOptions {
  return { rsa: theirRsa, identity: theirIdentity, ...options };
}

/** A file for the second implementation's keeper. */
export function vaultFile(
  contents: Uint8Array | string,
  strategy: VaultFile["strategy"] = "STRICT",
): VaultFile {
  const bytes = typeof contents === "string" ? Buffer.from(contents) : Buffer.from(contents);
  return { contents: bytes, mode: 0o600, strategy };
}

/** Bytes that no compression and no luck makes equal, the same in each run. */
export function sampleBytes(length: number): Bytes {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Encodes text. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** A source for our keeper, with a strategy for all. */
export async function sourceOf(
  files: Readonly<Record<string, Uint8Array>>,
  options: {
    readonly strategy?: FileEntry["strategy"];
    readonly missing?: readonly string[];
  } = {},
): Promise<MemorySecretSource> {
  const entries: FileEntry[] = [];
  const copies = new Map<string, Bytes>();
  for (const [path, contents] of Object.entries(files)) {
    const bytes = new Uint8Array(contents);
    copies.set(path, bytes);
    const digest = encodeHex(await sha256Digest(bytes));
    const strategy = options.strategy ?? "STRICT";
    entries.push({ kind: "file", path, digest, size: bytes.length, mode: 0o600, strategy });
  }
  const source = new MemorySecretSource(entries, copies);
  return Object.assign(source, { missing: new Set(options.missing) });
}

/** Path and outcome of each file, in the order of the paths. */
export function outcomes(report: DeliveryReport): string[] {
  return report.files.map(({ path, outcome, code }) =>
    `${path} ${outcome}${code === undefined ? "" : ` ${code}`}`
  ).sort();
}
