/** An agent in this process, on a port of 127.0.0.1, that asks every keeper for a certificate. */
import { base64 } from "@scure/base";
import { Agent } from "../../agent/agent.ts";
import { listen } from "../../agent/listener.ts";
import { parsePeerRule, PeerPolicy } from "../../agent/door/peer_policy.ts";
import {
  CallError,
  generateIdentitySeed,
  importIdentity,
  MemorySecretStore,
  RsaKeyStock,
} from "../../protocol/mod.ts";
import { fixedRsaKeyPair } from "./session_pair.ts";

/** What the keeper answered. */
export interface CertificateAnswer {
  readonly Chain: readonly [string, string];
  readonly Root: string;
  readonly NotAfter: number;
  readonly Revocations: string;
  readonly RootRevocations: string;
}

/** The agent; `await using` ends it. */
export class AskingAgent implements AsyncDisposable {
  /** What it asks for at each session; nothing where there is nothing. */
  input: Readonly<Record<string, unknown>> | null = null;
  /** What came of it: an answer, or a code. */
  readonly answers: (CertificateAnswer | string)[] = [];
  /** The lists that it was told of, in DER, by their members. */
  readonly lists = new Map<string, Uint8Array>();
  /** Its address as a keeper is told. */
  readonly address: string;
  readonly #stop = new AbortController();
  readonly #served: Promise<void>;
  readonly #keys: RsaKeyStock;

  private constructor(
    parts: {
      readonly agent: Agent;
      readonly listener: ReturnType<typeof listen>;
      readonly keys: RsaKeyStock;
    },
    fill: (agent: AskingAgent) => void,
  ) {
    const { agent, listener, keys } = parts;
    this.#keys = keys;
    this.address = `127.0.0.1:${listener.address.port}`;
    this.#served = agent.serve(listener, { signal: this.#stop.signal })
      .finally(() => listener.close());
    fill(this);
  }

  /** Starts an agent of a component. */
  static async open(app: string, component: string): Promise<AskingAgent> {
    let asking: AskingAgent | null = null;
    // A key that is there already: none is on its way when a test ends.
    const pair = await fixedRsaKeyPair();
    const keys = new RsaKeyStock({ generate: () => Promise.resolve(pair) });
    const agent = new Agent({
      identity: await importIdentity(await generateIdentitySeed()),
      store: new MemorySecretStore(),
      keys,
      policy: new PeerPolicy([parsePeerRule("127.0.0.1")]),
      app,
      component,
      stopGraceMs: 100,
      calls: {
        actions: [{
          name: "revocations",
          run(_context, input) {
            for (const [name, list] of Object.entries(input as Record<string, string>)) {
              asking?.lists.set(name, base64.decode(list));
            }
            return Promise.resolve(null);
          },
        }],
        async work(desk) {
          const input = asking?.input ?? null;
          if (input === null) return;
          try {
            asking?.answers.push(await desk.call("certificate", { input }) as CertificateAnswer);
          } catch (error) {
            if (!(error instanceof CallError)) throw error;
            asking?.answers.push(error.code);
          }
        },
      },
    });
    const listener = listen({ hostname: "127.0.0.1", port: 0 });
    return new AskingAgent({ agent, listener, keys }, (made) => asking = made);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#served;
    this.#keys[Symbol.dispose]();
  }
}
