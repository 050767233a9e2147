/** A keeper that issues certificates to agents, as far as these see of it. */
import { base64 } from "@scure/base";
import { type CallDesk, CallError, type WholeCallOptions } from "../../protocol/mod.ts";
import { CERTIFICATE, type CertificateInput } from "../../agent/certificates/certificate_calls.ts";
import { type PlayedCertificate, publicKeyOf } from "./played_authority.ts";
import { AGENT, type TlsAuthorities } from "./tls_ends.ts";

/** What the keeper does otherwise than it should. */
export interface PlayedIssuerOptions {
  /** What its certificates say beside what is asked. */
  readonly says?: Partial<PlayedCertificate>;
  /** The code that it answers with. */
  readonly code?: string;
  /** Further members of its answer. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A desk at whose other end certificates are issued; `asked` is what was asked for. */
export class PlayedIssuer {
  readonly asked: CertificateInput[] = [];
  readonly #authorities: TlsAuthorities;
  #options: PlayedIssuerOptions;

  constructor(authorities: TlsAuthorities, options: PlayedIssuerOptions = {}) {
    this.#authorities = authorities;
    this.#options = options;
  }

  /** Does otherwise from now on. */
  change(options: PlayedIssuerOptions): void {
    this.#options = options;
  }

  /** What an agent sees of it. */
  get desk(): Pick<CallDesk, "call" | "signal"> {
    const call = async (action: unknown, options: WholeCallOptions = {}) => {
      if (action !== CERTIFICATE) throw new TypeError("another action");
      const input = options.input as CertificateInput;
      return CERTIFICATE.parseOutput?.(await this.issue(input));
    };
    return { call: call as CallDesk["call"], signal: new AbortController().signal };
  }

  /** Answers a call of the action `certificate`. */
  async issue(input: CertificateInput): Promise<unknown> {
    this.asked.push(input);
    const { says = {}, code, members = {} } = this.#options;
    if (code !== undefined) throw new CallError(code, "as the test wants it");
    const { root, app } = this.#authorities;
    const publicKeyInfo = publicKeyOf(base64.decode(input.Request));
    const { pem } = await app.issue({ ...AGENT, publicKeyInfo, ...says });
    return {
      Chain: [pem, app.certificate.pem],
      Root: root.certificate.pem,
      NotAfter: 0,
      Revocations: null,
      ...members,
    };
  }
}
