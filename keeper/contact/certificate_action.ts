/**
 * The action `certificate`: an agent that is trusted has a key of its own certified.
 *
 * @module
 */
import { base64 } from "@scure/base";
import { type Action, type Bytes, CallError } from "../../protocol/mod.ts";
import type { Authority } from "../authority/authority.ts";
import type { ApplicationTerms } from "../authority/issue_order.ts";
import type { TrustLevel } from "../trust/mod.ts";
import { AGENT_LIFETIME_MS, MAX_REQUEST_CHARACTERS } from "./limits.ts";

/** What is known of an agent that asks. */
export interface CertifiedAgent {
  /** The app that it was dialled for, or `null`. */
  readonly app: string | null;
  /** The component that its key is pinned for, or `null`. */
  readonly component: string | null;
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** How much it is trusted. */
  readonly level: TrustLevel;
}

/** What the operator declared of a certificate of an application. */
export interface DeclaredCertificate extends ApplicationTerms {
  /** How long it is to live, in milliseconds; a day where nothing is said. */
  readonly lifetimeMs?: number;
}

/**
 * Finds what the operator declared under a name, for an agent of this component and level.
 *
 * @returns It, or `null` where there is nothing for such an agent.
 */
export type FindCertificate = (
  name: string,
  agent: CertifiedAgent,
) => DeclaredCertificate | null | Promise<DeclaredCertificate | null>;

/** The options of {@linkcode certificateAction}. */
export interface CertificateActionOptions extends CertifiedAgent {
  /** Opens the authority, which may be made with the first certificate. */
  readonly authority: () => Promise<
    Pick<Authority, "issue" | "revocationList" | "rootRevocationList">
  >;
  /** Finds what the operator declared. @default nothing */
  readonly findCertificate?: FindCertificate;
}

/** What an agent asks for. */
export interface CertificateInput {
  /** The request (PKCS#10), in DER. */
  readonly request: Bytes;
  /** The declaration that is meant; `null` for the certificate of the agent itself. */
  readonly name: string | null;
}

/** What an agent is given, as it crosses the wire. */
export interface CertificateOutput {
  /** The certificate and the intermediate that vouches for it, each in PEM. */
  readonly Chain: readonly string[];
  /** The root, in PEM. */
  readonly Root: string;
  /** When the certificate ends, in Unix milliseconds. */
  readonly NotAfter: number;
  /** The list of the app's certificates that are revoked, in base64 of DER. */
  readonly Revocations: string | null;
  /** The list of intermediates that are revoked, in base64 of DER. */
  readonly RootRevocations: string | null;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Makes the action for one agent.
 *
 * What the certificate says is the keeper's decision: of the request only the key counts. That of an
 * agent is for its own name and lives for a day; that of an application is what was declared under its
 * name. The codes beside those of the authority: `certificate-undeclared`, and `not-trusted` for an agent
 * that is known by its address alone, or is of no app.
 */
export function certificateAction(
  options: CertificateActionOptions,
): Action<CertificateInput, CertificateOutput> {
  const { authority: open, findCertificate = () => null, ...agent } = options;
  return {
    name: "certificate",
    parseInput: readInput,
    async run(_context, { request, name }): Promise<CertificateOutput> {
      const { app, component, fingerprint: holder, level } = agent;
      if (app === null || level === "address") {
        throw new CallError("not-trusted", "the agent is not known by its key, or is of no app");
      }
      const declared = name === null ? null : await findCertificate(name, agent);
      if (name !== null && declared === null) {
        throw new CallError("certificate-undeclared", "nothing is declared under this name");
      }
      const authority = await open();
      const { lifetimeMs, ...application } = declared ?? { lifetimeMs: AGENT_LIFETIME_MS };
      const issued = await authority.issue({
        app,
        component,
        request,
        holder,
        ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
        ...(name === null
          ? { purpose: "agent" }
          : { purpose: "application", application: { ...application, name } }),
      });
      return {
        Chain: issued.chain,
        Root: issued.root,
        NotAfter: issued.notAfterMs,
        Revocations: encodeList(await authority.revocationList(app)),
        RootRevocations: encodeList(await authority.rootRevocationList()),
      };
    },
  };
}

/** Writes a list as it crosses the wire. */
export function encodeList(list: Bytes | null): string | null {
  return list === null ? null : base64.encode(list);
}

function readInput(input: unknown): CertificateInput {
  if (typeof input !== "object" || input === null) throw new TypeError("no object");
  const { Request: request, Purpose: purpose, Name: name = null } = input as Record<
    string,
    unknown
  >;
  if (typeof request !== "string" || request.length > MAX_REQUEST_CHARACTERS) {
    throw new TypeError("no request");
  }
  const isAgents = purpose === "agent" && name === null;
  const isNamed = purpose === "application" && typeof name === "string" && NAME.test(name);
  if (!isAgents && !isNamed) throw new TypeError("no purpose");
  return { request: Uint8Array.from(base64.decode(request)), name: isNamed ? name : null };
}
