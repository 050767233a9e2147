/** A keeper that certifies keys of applications, as an agent sees it: what it asks for, right or wrong. */
import { CallError } from "../../protocol/calls/mod.ts";
import { decodeBase64 } from "../../protocol/certificates/mod.ts";
import { PlayedAuthority, type PlayedCertificate, publicKeyOf } from "./played_authority.ts";

/** Answers calls of the action `certificate`. */
export class ApplicationIssuer {
  /** What it was asked. */
  readonly asked: Record<string, unknown>[] = [];
  /** What its certificates say beside what they always say. */
  says: Partial<PlayedCertificate> = {};
  /** The code that it answers with, if it refuses. */
  code: string | null = null;
  readonly root: PlayedAuthority;
  readonly #intermediate: PlayedAuthority;

  private constructor(root: PlayedAuthority, intermediate: PlayedAuthority) {
    this.root = root;
    this.#intermediate = intermediate;
  }

  /** Makes a root, and an intermediate below it. */
  static async create(): Promise<ApplicationIssuer> {
    const root = await PlayedAuthority.create();
    return new ApplicationIssuer(root, await PlayedAuthority.create({ subject: "demo" }, root));
  }

  /** The whole answer to a call. */
  readonly answer = async (input: unknown): Promise<unknown> => {
    const asked = input as Record<string, unknown>;
    this.asked.push(asked);
    if (this.code !== null) throw new CallError(this.code, "as the test wants it");
    const { pem } = await this.#intermediate.issue({
      subject: "web",
      dnsNames: ["web.example.org"],
      usages: ["server", "client"],
      publicKeyInfo: publicKeyOf(decodeBase64(asked["Request"]) ?? new Uint8Array(0)),
      ...this.says,
    });
    return {
      Chain: [pem, this.#intermediate.certificate.pem],
      Root: this.root.certificate.pem,
      NotAfter: 0,
    };
  };
}
