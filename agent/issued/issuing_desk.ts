/**
 * Makes keys for the application beside the agent, and has the keeper certify them.
 *
 * @module
 */
import {
  type ActionContract,
  CallError,
  type CertificateDesk,
  CertificateError,
  type CertificateOrder,
  ConnectionError,
  type DeclaredCertificate,
  describeIssued,
  encodeUtf8,
  type IssuedContents,
  type KnownCertificate,
  type Logger,
  type Manifest,
  UNKNOWN_ACTION,
} from "../../protocol/mod.ts";
import type { CertificateInput, CertificateOutput } from "../certificates/mod.ts";
import type { IssuedNote } from "./issued_note.ts";
import type { IssuedRecord } from "./issued_record.ts";

/** What an {@linkcode IssuingDesk} works with. */
export interface IssuingDeskOptions {
  /** Remembers what was issued. */
  readonly record: IssuedRecord;
  /** Is told of what is issued, and what is not. */
  readonly logger: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Has certificates issued, one after the other. */
export class IssuingDesk implements CertificateDesk {
  readonly #record: IssuedRecord;
  readonly #logger: Logger;
  readonly #now: () => number;
  /** What was issued for the manifest that is about to be kept. */
  readonly #issued = new Map<string, IssuedNote>();

  /** Has issued nothing yet. */
  constructor({ record, logger, now = Date.now }: IssuingDeskOptions) {
    this.#record = record;
    this.#logger = logger;
    this.#now = now;
  }

  /** Says what is known of a certificate; see {@linkcode CertificateDesk.recall}. */
  recall(certificate: DeclaredCertificate, declaredBy: string | null): KnownCertificate | null {
    const note = this.#record.find(certificate, declaredBy);
    return note === null ? null : { parts: note.parts, isDue: this.#now() >= note.renewAtMs };
  }

  /** Makes a key and has it certified; see {@linkcode CertificateDesk.issue}. */
  async issue(
    certificate: DeclaredCertificate,
    order: CertificateOrder,
  ): Promise<IssuedContents> {
    const { name } = certificate;
    try {
      const { contents, note } = await this.#issue(certificate, order);
      this.#issued.set(name, note);
      this.#logger.info("the keeper has certified a key for the application", {
        certificate: name,
        renewAt: new Date(note.renewAtMs).toISOString(),
      });
      return contents;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      const { code, message: reason } = error;
      this.#logger.warn("no certificate came for the application", {
        certificate: name,
        code,
        reason,
      });
      throw error;
    }
  }

  /** Remembers what was issued; see {@linkcode CertificateDesk.keep}. */
  async keep(manifest: Manifest, declaredBy: string | null): Promise<void> {
    const issued = [...this.#issued.values()].filter((note) => note.declaredBy === declaredBy);
    this.#issued.clear();
    await this.#record.keep(manifest, { declaredBy, issued });
  }

  async #issue(
    { name, key: kind, terms }: DeclaredCertificate,
    { declaredBy, call }: CertificateOrder,
  ): Promise<{ readonly contents: IssuedContents; readonly note: IssuedNote }> {
    const { CERTIFICATE, checkIssued, composeRequest, ...keys } = await import(
      "../certificates/mod.ts"
    );
    const key = await keys.generateCertificateKey(kind, { extractable: true });
    const request = await composeRequest(key, { commonName: name });
    const input: CertificateInput = {
      Request: encodeBase64(request),
      Purpose: "application",
      Name: name,
    };
    const answer = await readAnswer(CERTIFICATE, await ask(call, input));
    const { publicKeyInfo } = key;
    const issued = await checkIssued(answer, { publicKeyInfo, nowMs: this.#now() });
    if (typeof issued === "string") throw unusable(issued);
    const [first = ""] = answer.chain;
    const contents: IssuedContents = {
      key: encodeUtf8(await keys.exportKeyPem(key)),
      certificate: encodeUtf8(`${first.trimEnd()}\n`),
      chain: encodeUtf8(issued.chainPem),
      root: encodeUtf8(issued.rootPem),
    };
    const renewAtMs = keys.renewalTimeMs(issued.certificate);
    const parts = await describeIssued(contents);
    return { contents, note: { declaredBy, name, key: kind, terms, renewAtMs, parts } };
  }
}

/** Calls the keeper; what keeps it from answering is no fault of the session. */
async function ask(call: CertificateOrder["call"], input: unknown): Promise<unknown> {
  try {
    return await call(input);
  } catch (error) {
    if (error instanceof CallError) throw refused(error);
    // Where it is the session that has ended, whatever comes next says so.
    if (!(error instanceof ConnectionError) || error.code !== "timed-out") throw error;
    throw new CertificateError("certificate-refused", "the keeper has not answered in time", {
      cause: error,
    });
  }
}

async function readAnswer(
  { parseOutput }: ActionContract<CertificateInput, CertificateOutput>,
  output: unknown,
): Promise<CertificateOutput> {
  try {
    if (parseOutput !== undefined) return await parseOutput(output);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw unusable("malformed");
}

function refused(cause: CallError): CertificateError {
  if (cause.code === UNKNOWN_ACTION) {
    const problem = "the keeper issues no certificates";
    return new CertificateError("certificate-unsupported", problem, { cause });
  }
  const problem = `the keeper issues none: ${cause.code}`;
  return new CertificateError("certificate-refused", problem, { cause });
}

function unusable(fault: string): CertificateError {
  return new CertificateError("certificate-invalid", `what came cannot be used: ${fault}`);
}

function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
