/** A registrar, and sub-agents that a test plays by hand. */
import type { Registration, RegistrationClaim } from "../../agent/registrar/claim.ts";
import { encodeRegistration, proveRegistration } from "../../agent/registrar/claim.ts";
import { Challenges } from "../../agent/registrar/challenges.ts";
import { Registrar, type RegistrarOptions } from "../../agent/registrar/registrar.ts";
import { RequestRate } from "../../agent/registrar/request_rate.ts";
import { SubAgents } from "../../agent/registrar/sub_agents.ts";
import type { HttpRequest } from "../../agent/http/server/http_connection.ts";
import type { Neighbour } from "../../agent/neighbours/neighbours.ts";
import { type Bytes, decodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import {
  type AgentIdentity,
  generateIdentitySeed,
  importIdentity,
} from "../../protocol/identity.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryLogger } from "./memory_logger.ts";

/** Where the containers of the app are. */
export const PLACES = { db: "172.23.0.3", web: "172.23.0.4", other: "172.23.0.5" };

/** Who is where, as the DNS would say. */
export function findPlayed(address: string): Neighbour {
  const found = Object.entries(PLACES).find(([, place]) => place === address);
  if (found === undefined) return { kind: "stranger", reason: "no-name" };
  if (found[0] === "other") return { kind: "stranger", reason: "other-app" };
  return { kind: "component", component: found[0] };
}

/** Makes an identity. */
export async function newIdentity(): Promise<AgentIdentity> {
  return await importIdentity(await generateIdentitySeed());
}

/** Makes a request as the server hands it over. */
export function requestOf(
  method: string,
  target: string,
  body: string | Bytes = "",
  host = "172.23.0.2:2080",
): HttpRequest {
  const bytes = typeof body === "string" ? encodeUtf8(body) : body;
  const fields = new Map([["host", host]]);
  return { method, target, fields, isKept: true, bodyBytes: bytes.length, body: bytes };
}

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What a test changes of a claim, or of its proofs. */
export interface Changes {
  readonly claim?: Partial<RegistrationClaim>;
  readonly bend?: (registration: Registration) => Registration;
  readonly enrolmentSecret?: Bytes;
  readonly registrarKey?: Bytes;
}

/** A registrar with a clock that a test moves. */
export class PlayedRegistrar implements Disposable {
  readonly clock = new FakeClock();
  readonly logger = new MemoryLogger();
  readonly agents: SubAgents;
  readonly registrar: Registrar;

  private constructor(publicKey: Bytes, options: Partial<RegistrarOptions>) {
    const { now } = this.clock;
    this.agents = options.agents ?? new SubAgents({ now });
    this.registrar = new Registrar({
      app: "shop",
      component: "agent",
      publicKey,
      agents: this.agents,
      neighbours: { find: findPlayed },
      key: null,
      enrolmentSecret: null,
      logger: this.logger,
      challenges: new Challenges({ now }),
      rate: new RequestRate({ now, burst: 1_000 }),
      ...options,
    });
  }

  /** Makes one. */
  static async open(options: Partial<RegistrarOptions> = {}): Promise<PlayedRegistrar> {
    return new PlayedRegistrar((await newIdentity()).publicKey, options);
  }

  [Symbol.dispose](): void {
    this.registrar.flush();
  }

  /** Asks. */
  async ask(request: HttpRequest, address: string): Promise<Answer> {
    const { status, body } = await this.registrar.handle(request, address);
    return { status, text: String(body) };
  }

  /** Takes a challenge. */
  async challenge(address: string): Promise<{ readonly nonce: Bytes; readonly instance: Bytes }> {
    const { text } = await this.ask(requestOf("GET", "/registrations/challenge"), address);
    const { nonce, instance } = JSON.parse(text);
    const [first, second] = [decodeHex(nonce, 32), decodeHex(instance, 16)];
    if (first === null || second === null) throw new TypeError(text);
    return { nonce: first, instance: second };
  }

  /** Writes the registration of a component, with what the test changes of it. */
  async compose(
    identity: AgentIdentity,
    component: keyof typeof PLACES,
    { claim, bend = (all) => all, enrolmentSecret, registrarKey }: Changes = {},
  ): Promise<string> {
    const challenge = await this.challenge(PLACES[component]);
    const whole = { ...challenge, app: "shop", component, port: 8_888, tls: false, ...claim };
    const registration = await proveRegistration(whole, {
      identity,
      enrolmentSecret: enrolmentSecret ?? null,
      registrarKey: registrarKey ?? null,
    });
    return encodeRegistration(bend(registration));
  }

  /** Registers a component from where it is. */
  async register(
    identity: AgentIdentity,
    component: keyof typeof PLACES,
    changes: Changes = {},
  ): Promise<Answer> {
    const body = await this.compose(identity, component, changes);
    return await this.ask(requestOf("POST", "/registrations", body), PLACES[component]);
  }
}
