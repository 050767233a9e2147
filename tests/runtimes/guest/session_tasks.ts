/**
 * A whole session in the runtime, in either role; the other role is one of the programs.
 *
 * @module
 */
import {
  decodeWif,
  fetchAppLocations,
  FluxClient,
  recoverSigner,
  signMessage,
  zelIdOfKey,
} from "../../../flux/mod.ts";
import {
  deliverAsKeeper,
  type DeliveryReport,
  type Duplex,
  encodeHex,
  encodeUtf8,
  FluxVaultError,
  generateIdentitySeed,
  handshakeAsAgent,
  handshakeAsKeeper,
  identityFingerprint,
  importIdentity,
  MemorySecretSource,
  MemorySecretStore,
  randomBytes,
  receiveAsAgent,
  RsaKeyStock,
  sha256Digest,
} from "../../../protocol/mod.ts";
import type { Dial } from "./dial.ts";

/** How a session ended, on this side. */
export interface SessionOutcome {
  /** `delivered`, or the code of the error. */
  readonly ended: string;
  /** Path and outcome of each file, sorted. */
  readonly report: readonly string[];
  /** The SHA-256 of each file that this side holds, in hex. */
  readonly digests: Readonly<Record<string, string>>;
  /** The fingerprint of the agent. */
  readonly fingerprint: string | null;
}

/** To be the keeper. */
export interface KeeperTask {
  /** The port of the agent. */
  readonly port: number;
  /** Where to ask for the places of the app. */
  readonly apiUrl: string;
  /** The app that it delivers to. */
  readonly app: string;
  /** The key that it signs with. */
  readonly wif: string;
}

/** To be the agent. */
export interface AgentTask {
  /** The app that it says it belongs to. */
  readonly app: string;
  /** Whose signature counts. */
  readonly zelid: string;
}

/** More than fits the window of a stream, so that the far end has to grant more. */
const LARGE_FILE_BYTES = 5 * 1024 * 1024 + 1;
const RANDOM_PIECE_BYTES = 65_536;

function reportOf({ files }: DeliveryReport): string[] {
  return files.map(({ path, outcome }) => `${path} ${outcome}`).sort();
}

async function digestsOf(
  files: Iterable<readonly [string, Uint8Array]>,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [path, bytes] of files) {
    digests[path] = encodeHex(await sha256Digest(new Uint8Array(bytes)));
  }
  return digests;
}

function codeOf(error: unknown): string {
  if (error instanceof FluxVaultError) return error.code;
  throw error;
}

/** Asks the Flux API where the app runs, dials, signs, and delivers two files. */
export async function keep(task: KeeperTask, dial: Dial): Promise<SessionOutcome> {
  const client = new FluxClient({ baseUrls: [task.apiUrl], attempts: 1 });
  const { locations } = await fetchAppLocations(client, task.app);
  if (locations.length !== 1) throw new Error(`the app runs at ${locations.length} places`);
  const key = decodeWif(task.wif);
  const signer = { address: zelIdOfKey(key), sign: (text: string) => signMessage(text, key) };
  const large = new Uint8Array(LARGE_FILE_BYTES);
  for (let at = 0; at < large.length; at += RANDOM_PIECE_BYTES) {
    crypto.getRandomValues(large.subarray(at, at + RANDOM_PIECE_BYTES));
  }
  const files = { "db.password": encodeUtf8("correct horse"), "models/large.bin": large };
  const digests = await digestsOf(Object.entries(files));
  let fingerprint: string | null = null;
  try {
    const session = await handshakeAsKeeper(await dial(task.port), {
      app: task.app,
      signer,
      policy: async ({ claim }) => {
        fingerprint = await identityFingerprint(claim.identity.publicKey);
        return null;
      },
    });
    const source = await MemorySecretSource.from(files);
    const report = await deliverAsKeeper(session, source, { revision: Date.now() });
    return { ended: "delivered", report: reportOf(report), digests, fingerprint };
  } catch (error) {
    return { ended: codeOf(error), report: [], digests, fingerprint };
  }
}

/** Opens to a keeper that signs, and takes what it gives. */
export async function serve(task: AgentTask, duplex: Duplex): Promise<SessionOutcome> {
  const keys = new RsaKeyStock();
  const identity = await importIdentity(await generateIdentitySeed());
  const fingerprint = await identityFingerprint(identity.publicKey);
  const store = new MemorySecretStore();
  try {
    const session = await handshakeAsAgent(duplex, {
      keys,
      identity,
      instance: randomBytes(16),
      software: "runtimes/1",
      app: task.app,
      verifyStatement: async (text, signature) =>
        await recoverSigner(text, signature) === task.zelid,
    });
    const report = await receiveAsAgent(session, store);
    const held = report.files.map(({ path }) =>
      [path, store.read(path) ?? randomBytes(1)] as const
    );
    const digests = await digestsOf(held);
    return { ended: "delivered", report: reportOf(report), digests, fingerprint };
  } catch (error) {
    return { ended: codeOf(error), report: [], digests: {}, fingerprint };
  } finally {
    keys[Symbol.dispose]();
  }
}
