/** Certificates without any cryptography: what is issued is text, and the test says what happens. */
import { encodeUtf8 } from "../../protocol/bytes.ts";
import type {
  CertificateDesk,
  CertificateOrder,
  IssuedContents,
  KnownCertificate,
} from "../../protocol/certificate_desk.ts";
import { describeIssued } from "../../protocol/issued_files.ts";
import type { DeclaredCertificate, Manifest } from "../../protocol/manifest_entry.ts";

/** Issues by itself, or as a test says, and remembers what it issued. */
export class PlayedCertificates implements CertificateDesk {
  /** What it was told, in order. */
  readonly log: string[] = [];
  /** Which certificates are due. */
  readonly due = new Set<string>();
  /** Has one issued; text that starts each part. @default {name and count} */
  answer: (name: string, order: CertificateOrder) => Promise<string>;
  readonly #known = new Map<string, KnownCertificate["parts"]>();
  readonly #pending = new Map<string, KnownCertificate["parts"]>();
  #count = 0;

  constructor(answer?: PlayedCertificates["answer"]) {
    this.answer = answer ?? ((name) => Promise.resolve(`${name} ${++this.#count}`));
  }

  recall(certificate: DeclaredCertificate, declaredBy: string | null): KnownCertificate | null {
    const parts = this.#known.get(keyOf(certificate, declaredBy));
    return parts === undefined ? null : { parts, isDue: this.due.has(certificate.name) };
  }

  async issue(certificate: DeclaredCertificate, order: CertificateOrder): Promise<IssuedContents> {
    const { name } = certificate;
    this.log.push(`issue ${name}`);
    const text = await this.answer(name, order);
    this.due.delete(name);
    const contents = contentsOf(text);
    this.#pending.set(keyOf(certificate, order.declaredBy), await describeIssued(contents));
    return contents;
  }

  keep({ certificates = [] }: Manifest, declaredBy: string | null): Promise<void> {
    this.log.push(`keep ${certificates.map(({ name }) => name).join(" ")}`.trimEnd());
    for (const [key, parts] of this.#pending) this.#known.set(key, parts);
    this.#pending.clear();
    const declared = new Set(certificates.map((each) => keyOf(each, declaredBy)));
    for (const key of this.#known.keys()) if (!declared.has(key)) this.#known.delete(key);
    return Promise.resolve();
  }
}

function keyOf({ name, terms }: DeclaredCertificate, declaredBy: string | null): string {
  return `${declaredBy} ${name} ${terms}`;
}

/** What each part holds of a certificate that is played by a text. */
export function contentsOf(text: string): IssuedContents {
  const [key, certificate, chain, root] = ["key", "certificate", "chain", "root"].map((part) => {
    return encodeUtf8(`${text} ${part}`);
  });
  if (!key || !certificate || !chain || !root) throw new TypeError("there are four parts");
  return { key, certificate, chain, root };
}
