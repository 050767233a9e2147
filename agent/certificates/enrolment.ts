/**
 * How an agent comes to its certificate, and keeps it: it asks each keeper that it meets, when it is time.
 *
 * @module
 */
import {
  type Action,
  type CallContext,
  type CallDesk,
  CallError,
  FluxVaultError,
  type Logger,
  UNKNOWN_ACTION,
} from "../../protocol/mod.ts";
import { base64 } from "@scure/base";
import { CERTIFICATE_PAUSE_MS, CERTIFICATE_TIMEOUT_MS } from "../limits.ts";
import { CERTIFICATE, REVOCATIONS } from "./certificate_calls.ts";
import { exportKeyPem, generateCertificateKey } from "./certificate_key.ts";
import { composeRequest } from "./certificate_request.ts";
import type { HeldCertificate } from "./held_certificate.ts";
import { checkIssued } from "./issued_certificate.ts";

/** What an {@linkcode Enrolment} works with. */
export interface EnrolmentOptions {
  /** Where the certificate is kept. */
  readonly held: HeldCertificate;
  /** The component that the agent is, for whoever looks at a request. */
  readonly component: string;
  /** Is told of what comes, and what does not. */
  readonly logger: Logger;
  /** Is told that there is another certificate, or none any more. @default {nothing} */
  readonly onChange?: () => void;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Asks keepers for a certificate, and takes what they revoke. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  #isAsking = false;
  /** Until when nobody is asked, in Unix milliseconds. */
  #quietUntilMs = 0;
  /** What was said last of a failure: it is not said again. */
  #told: string | null = null;

  /** Has asked nobody yet. */
  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /** What a keeper may call: it tells which certificates are revoked. */
  get action(): Action<readonly Uint8Array[]> {
    return {
      ...REVOCATIONS,
      run: async (_context: CallContext, lists) => {
        await this.#takeLists(lists);
        return null;
      },
    };
  }

  /** Asks the keeper of a session for a certificate, where it is time; that none comes is no failure. */
  async visit(desk: Pick<CallDesk, "call" | "signal">): Promise<void> {
    const { held, logger, now = Date.now } = this.#options;
    if (now() < this.#quietUntilMs) return;
    // Two keepers at once are asked one after the other, and the second as a rule not at all.
    if (this.#isAsking || !held.isDue) return;
    this.#isAsking = true;
    try {
      await this.#ask(desk);
      this.#told = null;
    } catch (error) {
      if (desk.signal.aborted || !(error instanceof FluxVaultError)) throw error;
      // To ask who gives none costs nothing; any other failure is a line in the keeper's log, too.
      if (error.code !== UNKNOWN_ACTION) this.#quietUntilMs = now() + CERTIFICATE_PAUSE_MS;
      if (this.#told === error.code) return;
      this.#told = error.code;
      if (error.code === UNKNOWN_ACTION) {
        logger.info("the keeper gives no certificates: its sessions go on without TLS");
      } else logger.warn("no certificate came of the keeper", { code: error.code });
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(desk: Pick<CallDesk, "call">): Promise<void> {
    const { held, component, logger, onChange, now = Date.now } = this.#options;
    // TLS takes keys as text alone, so this one has to be extractable; it never leaves the process.
    const key = await generateCertificateKey("P-256", { extractable: true });
    const request = await composeRequest(key, { commonName: component });
    const answer = await desk.call(CERTIFICATE, {
      input: { Request: base64.encode(request), Purpose: "agent" },
      timeoutMs: CERTIFICATE_TIMEOUT_MS,
    });
    const { publicKeyInfo } = key;
    const issued = await checkIssued(answer, { publicKeyInfo, nowMs: now() });
    const keyPem = await exportKeyPem(key);
    const fault = typeof issued === "string" ? issued : held.hold({ ...issued, keyPem });
    if (fault !== null) {
      throw new CallError(
        "certificate-unusable",
        `what the keeper issued does not count: ${fault}`,
      );
    }
    try {
      await this.#takeLists(answer.lists);
    } catch (error) {
      // The certificate counts all the same.
      if (!(error instanceof CallError)) throw error;
      logger.warn("a list of revoked certificates was refused");
    }
    const { certificate } = held.current ?? {};
    logger.info("the keeper has issued a certificate", {
      serial: certificate?.serialHex ?? "revoked",
      until: certificate === undefined ? "" : new Date(certificate.notAfterMs).toISOString(),
    });
    onChange?.();
  }

  async #takeLists(lists: readonly Uint8Array[]): Promise<void> {
    const { held, logger, onChange } = this.#options;
    const had = held.current !== null;
    for (const list of lists) {
      const verdict = await held.takeList(list);
      if (verdict === "taken") logger.info("took a list of revoked certificates");
      if (verdict === "refused") throw new CallError("list-refused", "nobody's whose lists count");
    }
    if (!had || held.current !== null) return;
    logger.warn("this agent's certificate is revoked");
    onChange?.();
  }
}
