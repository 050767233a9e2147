/**
 * The registrar: takes the registrations of sub-agents over HTTP, from containers of its app alone
 * (README.md in this folder).
 *
 * @module
 */
import {
  type Bytes,
  encodeHex,
  equalBytes,
  identityFingerprint,
  type Logger,
  randomBytes,
} from "../../protocol/mod.ts";
import { hostKey } from "../door/ip_address.ts";
import { ThrottledLog } from "../door/throttled_log.ts";
import { jsonReply, laterReply, textReply } from "../http/server/file_response.ts";
import type { HttpReply, HttpRequest } from "../http/server/http_connection.ts";
import { isNear, isOwnHost, type Neighbours } from "../neighbours/neighbours.ts";
import { REGISTRATION_INTERVAL_MS, REGISTRATION_LIFETIME_MS } from "../limits.ts";
import { Challenges } from "./challenges.ts";
import {
  decodeRegistration,
  INSTANCE_BYTES,
  type Registration,
  verifyEnrolmentProof,
  verifyKeyProof,
  verifySignature,
} from "./claim.ts";
import { REGISTRATIONS_PATH } from "./paths.ts";
import { RequestRate } from "./request_rate.ts";
import type { SubAgents } from "./sub_agents.ts";

/** What a registrar is made of. */
export interface RegistrarOptions {
  /** The app that it takes sub-agents of. */
  readonly app: string;
  /** The component of the primary itself, or `null`. */
  readonly component: string | null;
  /** The raw identity key of the primary, which no sub-agent has; 32 bytes. */
  readonly publicKey: Bytes;
  /** Where registrations go. */
  readonly agents: SubAgents;
  /** Who has an address; not asked where there is a key. */
  readonly neighbours: Pick<Neighbours, "find">;
  /** What every sub-agent has to know in place of its name, or `null`. */
  readonly key: Bytes | null;
  /** The enrolment secret that every sub-agent has to know, or `null`. */
  readonly enrolmentSecret: Bytes | null;
  /** Is told who registers, and who was turned away. */
  readonly logger: Logger;
  /** The challenges. */
  readonly challenges?: Challenges;
  /** How often each address may ask. */
  readonly rate?: RequestRate;
}

/** Why somebody may not register: a status, and what to say. */
interface Refusal {
  readonly status: 403 | 409 | 503;
  readonly reason: string;
}

/** Who asks: the component that its address is, or any that it claims where a key decides. */
type Applicant = { readonly component: string | null };

const PUBLIC_ADDRESS: Refusal = {
  status: 403,
  reason: "only addresses of a private network may register",
};

const REFUSED = {
  "public-address": PUBLIC_ADDRESS.reason,
  "app-unknown": "the primary does not know its app: start it with --app-name",
  "no-name":
    "the DNS of the containers has no name for this address; if it never has, start both " +
    "agents with --registrar-key",
  "other-app": "this address is that of no container of the primary's app",
  "name-mismatch": "the name of this address leads to another address",
} as const;

/** Answers requests. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #challenges: Challenges;
  readonly #rate: RequestRate;
  readonly #instance = randomBytes(INSTANCE_BYTES);
  readonly #refusals: ThrottledLog;

  /** Has registered nobody yet. */
  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#challenges = options.challenges ?? new Challenges();
    this.#rate = options.rate ?? new RequestRate();
    this.#refusals = new ThrottledLog((address, { count, reasons }) => {
      const reason = Object.keys(reasons).join("; ");
      options.logger.warn("the registrar turned somebody away", { address, count, reason });
    });
  }

  /** Tells the log what it was not told yet. */
  flush(): void {
    this.#refusals.flush();
  }

  /** Answers one request from an address. */
  async handle(request: HttpRequest, address: string): Promise<HttpReply> {
    if (!isOwnHost(request.fields.get("host"))) {
      return this.#refuse(address, { status: 403, reason: "the request names another host" });
    }
    // Those are without number: none of them takes a count from who may ask.
    if (!isNear(address)) return this.#refuse(address, PUBLIC_ADDRESS);
    if (!this.#rate.take(hostKey(address))) {
      this.#refusals.note(address, "too many requests");
      return textReply(429, "too many requests: ask again later", { "Retry-After": "1" });
    }
    const applicant = await this.#admit(address);
    if ("status" in applicant) return this.#refuse(address, applicant);
    const { method, target } = request;
    if (target === `${REGISTRATIONS_PATH}/challenge`) {
      return method === "GET" ? await this.#challenge(address) : notAllowed("GET");
    }
    if (target === REGISTRATIONS_PATH) {
      return method === "POST"
        ? await this.#register(request.body, { address, applicant })
        : notAllowed("POST");
    }
    return textReply(404, `there are ${REGISTRATIONS_PATH} and ${REGISTRATIONS_PATH}/challenge`);
  }

  async #challenge(address: string): Promise<HttpReply> {
    const nonce = await this.#challenges.issue(address);
    return jsonReply({
      version: 1,
      nonce: encodeHex(nonce),
      instance: encodeHex(this.#instance),
    });
  }

  async #admit(address: string): Promise<Applicant | Refusal> {
    const { key, neighbours } = this.#options;
    if (key !== null) return { component: null };
    const neighbour = await neighbours.find(address);
    switch (neighbour.kind) {
      case "component":
        return { component: neighbour.component };
      case "self":
        return { status: 403, reason: "this is the container of the primary itself" };
      case "stranger":
        return { status: 403, reason: REFUSED[neighbour.reason] };
      case "unknown":
        return { status: 503, reason: "too many addresses are being looked up" };
    }
  }

  async #register(
    body: Bytes,
    { address, applicant }: { readonly address: string; readonly applicant: Applicant },
  ): Promise<HttpReply> {
    const registration = decodeRegistration(body);
    if (registration === null) return textReply(400, "this is no registration");
    const refusal = this.#checkNames(registration, applicant) ??
      await this.#checkProofs(registration, address);
    if (refusal !== null) return this.#refuse(address, refusal);
    const { claim: { component, port, tls, publicKey } } = registration;
    const fingerprint = await identityFingerprint(publicKey);
    const place = { component, address, port, tls, publicKey, fingerprint };
    // Once all has been proved, nothing is waited for: two that come at once cannot both be first.
    const verdict = this.#challenges.take(registration.claim.nonce);
    if (verdict === "busy") return laterReply("too many registrations", 1);
    if (verdict === "replayed") {
      const reason = "the challenge was answered before";
      return this.#refuse(address, { status: 403, reason });
    }
    const outcome = this.#options.agents.register(place);
    if (outcome === "conflict") {
      const reason = `${component} is registered from another address under another identity`;
      return this.#refuse(address, { status: 409, reason });
    }
    if (outcome === "full") {
      return this.#refuse(address, { status: 503, reason: "there are enough" });
    }
    if (outcome === "registered") {
      const { logger } = this.#options;
      logger.info("a sub-agent has registered", { component, address, port, tls, fingerprint });
    }
    return jsonReply({
      version: 1,
      instance: encodeHex(this.#instance),
      lifetime: REGISTRATION_LIFETIME_MS / 1_000,
      renew: REGISTRATION_INTERVAL_MS / 1_000,
    });
  }

  #checkNames({ claim }: Registration, applicant: Applicant): Refusal | null {
    const { app, component, publicKey } = this.#options;
    const refuse = (reason: string): Refusal => ({ status: 403, reason });
    if (!isEqual(claim.app, app)) return refuse("this is the registrar of another app");
    if (applicant.component !== null && !isEqual(claim.component, applicant.component)) {
      return refuse(`this address is that of the component ${applicant.component}`);
    }
    if (component !== null && isEqual(claim.component, component)) {
      return refuse("this is the component of the primary itself");
    }
    if (equalBytes(claim.publicKey, publicKey)) {
      return refuse(
        "this is the identity of the primary: give each agent a state folder of its own",
      );
    }
    return null;
  }

  async #checkProofs(registration: Registration, address: string): Promise<Refusal | null> {
    const { key, enrolmentSecret } = this.#options;
    const { nonce, instance } = registration.claim;
    const refuse = (reason: string): Refusal => ({ status: 403, reason });
    const isOurs = equalBytes(instance, this.#instance);
    if (!isOurs || !await this.#challenges.isCurrent(nonce, address)) {
      return refuse("the challenge is not one of this registrar, or is past its time");
    }
    if (key !== null && !await verifyKeyProof(registration, key)) {
      return refuse("the registrar's key is wrong or missing: give both agents the same");
    }
    if (enrolmentSecret !== null && !await verifyEnrolmentProof(registration, enrolmentSecret)) {
      return refuse("the enrolment secret is wrong or missing: give both agents the same");
    }
    if (!await verifySignature(registration)) return refuse("the signature does not hold");
    return null;
  }

  #refuse(address: string, { status, reason }: Refusal): HttpReply {
    this.#refusals.note(address, reason);
    return status === 503 ? laterReply(reason, 1) : textReply(status, reason);
  }
}

function notAllowed(method: string): HttpReply {
  return textReply(405, `only ${method} is served here`, { "Allow": method });
}

/** DNS does not tell names apart by the case of their letters, nor does FluxOS. */
function isEqual(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
