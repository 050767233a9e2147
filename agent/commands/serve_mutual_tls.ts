/**
 * Mutual TLS of a sub-agent: its certificate, and what that changes for keepers.
 *
 * Loaded only where it is asked for; what speaks TLS not before the first connection under it.
 *
 * @module
 */
import type { Duplex, Logger, SessionCalls } from "../../protocol/mod.ts";
import { Enrolment, HeldCertificate } from "../certificates/mod.ts";

/** What mutual TLS is made from. */
export interface MutualTlsParts {
  /** The app of the agent. */
  readonly app: string;
  /** The component that it is. */
  readonly component: string;
  /** Is told what happens. */
  readonly logger: Logger;
  /** Is told that the primary has to be told whether this agent speaks TLS. */
  readonly onChange: () => void;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/**
 * Asks keepers for TLS while there is a certificate, and the primary tells them so.
 *
 * Without one, at first and where it was not renewed in time, sessions go on without TLS: protocol 2
 * protects all that is in them, and no keeper could bring another certificate otherwise.
 */
export class ServedMutualTls {
  readonly #held: HeldCertificate;
  readonly #enrolment: Enrolment;
  readonly #logger: Logger;
  #isAnnounced = false;

  /** Holds no certificate yet. */
  constructor({ app, component, logger, onChange, now = Date.now }: MutualTlsParts) {
    this.#held = new HeldCertificate({ app, component, now });
    this.#enrolment = new Enrolment({ held: this.#held, component, logger, onChange, now });
    this.#logger = logger;
  }

  /** Whether there is a certificate that counts now. */
  get isHeld(): boolean {
    return this.#held.current !== null;
  }

  /** What keepers may call, and what is called of them. */
  get calls(): SessionCalls {
    return {
      actions: [this.#enrolment.action],
      work: (desk) => this.#enrolment.visit(desk),
    };
  }

  /** Notes that the primary tells keepers whether this agent speaks TLS. */
  noteAnnounced(isTls: boolean): void {
    if (this.#isAnnounced === isTls) return;
    this.#isAnnounced = isTls;
    if (isTls) this.#logger.info("keepers have to speak TLS from now on");
    else this.#logger.warn("there is no certificate that counts: sessions go on without TLS");
  }

  /** Puts TLS over a connection, where keepers know that they have to speak it. */
  async secure(
    duplex: Duplex,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Duplex> {
    const held = this.#isAnnounced ? this.#held.current : null;
    if (held === null) return duplex;
    const { acceptTls } = await import("../../protocol/host/tls/mod.ts");
    return await acceptTls(duplex, {
      ...held,
      check: (peer, presented) => this.#held.checkKeeper(peer, presented),
      signal,
    });
  }
}
