/**
 * What agent and keeper call of each other about certificates (protocol/README.md, section 13).
 *
 * @module
 */
import type { ActionContract } from "../../protocol/mod.ts";
import { decodeBase64 } from "../../protocol/certificates/mod.ts";

/** What an agent asks for. */
export interface CertificateInput {
  /** A PKCS #10 request, as base64 of its DER. */
  readonly Request: string;
  /** Whether the agent shows it, or the application beside it. */
  readonly Purpose: "agent" | "application";
  /** What the loadout calls it; for an application. */
  readonly Name?: string;
}

/** What the keeper gives. */
export interface CertificateOutput {
  /** The certificate and those between it and the root, as one PEM text each. */
  readonly chain: readonly string[];
  /** The root, as PEM. */
  readonly root: string;
  /** Lists of what is revoked, in DER. */
  readonly lists: readonly Uint8Array[];
}

/** The longest text of one certificate that is taken, in characters. */
const MAX_PEM_CHARACTERS = 16_384;
/** How many lists are taken at once: one of whoever issues, one of the root. */
const MAX_LISTS = 2;

/** Asks the keeper for a certificate. */
export const CERTIFICATE: ActionContract<CertificateInput, CertificateOutput> = {
  name: "certificate",
  parseOutput(output) {
    const { Chain: chain, Root: root, ...rest } = membersOf(output);
    if (!Array.isArray(chain) || !chain.every(isPem) || !isPem(root)) {
      throw new TypeError("no chain of certificates");
    }
    return { chain, root, lists: readLists(rest) };
  },
};

/** What a keeper tells an agent: lists of what is revoked. */
export const REVOCATIONS: ActionContract<readonly Uint8Array[]> = {
  name: "revocations",
  parseInput(input) {
    const lists = readLists(membersOf(input));
    if (lists.length === 0) throw new TypeError("no list");
    return lists;
  },
};

/** Reads the lists of an answer or a call; those that were not given are left out. */
function readLists(members: Readonly<Record<string, unknown>>): readonly Uint8Array[] {
  const given = [members["Revocations"], members["RootRevocations"]]
    .filter((text) => text !== undefined && text !== null);
  const lists = given.map(decodeBase64).filter((list) => list !== null);
  if (lists.length !== given.length || lists.length > MAX_LISTS) throw new TypeError("no list");
  return lists;
}

function isPem(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_PEM_CHARACTERS;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError("no object");
}
