/**
 * Certificates for the application as an agent gets them: section 8.
 *
 * @module
 */
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
/** Behind a delivery in which nothing is asked for. */
const QUIET = ["wait 5", 'message {"State":"DONE-REPLY"}', "end"];

type Members = Readonly<Record<string, unknown>>;

function line(good: Members, members: Members = {}): string {
  return `${JSON.stringify({ ...good, ...members })}\n`;
}

const FILE = {
  ...{ Path: "a", Kind: "file", Digest: sha256("one").toString("hex"), Size: 3, Mode: 384 },
  Strategy: "STRICT",
};
const FOLDER = { Path: "a", Kind: "folder", Mode: 448, Strategy: "STRICT" };
const HOOK = { Kind: "hook", Name: "x", Touch: "t", TimeoutS: 30 };
const WIPE = line({ Kind: "wipe" });
const CERTIFICATE = { Kind: "certificate", Name: "c", Key: "P-256", Terms: "ab".repeat(32) };
const ISSUED = {
  ...{ Path: "a", Kind: "issued", Certificate: "c", Part: "key", Mode: 384 },
  Strategy: "STRICT",
};

function raw(...lines: readonly string[]): string {
  return `manifest-raw ${JSON.stringify(lines.join(""))}`;
}

function refused(name: string, text: string): Scenario {
  return bad(`tree_${name}`, broken("manifest-malformed"), [
    ...OPEN,
    raw(text),
    "manifest-data {}",
  ]);
}

/** Scenarios of certificates in a manifest, in the role of an agent that makes no keys. */
export const AGENT_CERTIFICATES: readonly Scenario[] = [
  refused("wipe_and_certificate", WIPE + line(CERTIFICATE)),
  refused("certificate_before_hook", line(CERTIFICATE) + line(HOOK)),
  refused("certificate_after_file", line(FILE) + line(CERTIFICATE)),
  refused("certificate_twice", line(CERTIFICATE) + line(CERTIFICATE, { Key: "P-384" })),
  refused("certificates_descending", line(CERTIFICATE) + line(CERTIFICATE, { Name: "b" })),
  refused(
    "certificates_65",
    Array.from({ length: 65 }, (_, i) => line(CERTIFICATE, { Name: `c${i + 10}` })).join(""),
  ),
  refused("certificate_name_capital", line(CERTIFICATE, { Name: "C" })),
  refused("certificate_key_unknown", line(CERTIFICATE, { Key: "P-521" })),
  refused("certificate_terms_short", line(CERTIFICATE, { Terms: "ab" })),
  refused("certificate_terms_capital", line(CERTIFICATE, { Terms: "AB".repeat(32) })),
  refused("certificate_with_path", line(CERTIFICATE, { Path: "a" })),
  refused("issued_of_no_certificate", line(ISSUED)),
  refused("issued_of_another", line(CERTIFICATE) + line(ISSUED, { Certificate: "d" })),
  refused("issued_part_unknown", line(CERTIFICATE) + line(ISSUED, { Part: "all" })),
  refused("issued_once", line(CERTIFICATE) + line(ISSUED, { Strategy: "ENSURE_CREATED" })),
  refused("issued_with_digest", line(CERTIFICATE) + line(ISSUED, { Digest: "ab".repeat(32) })),
  refused("issued_with_lease", line(CERTIFICATE) + line(ISSUED, { LeaseS: 1 })),
  refused("issued_hook_unknown", line(CERTIFICATE) + line(ISSUED, { Hook: "x" })),
  refused(
    "file_below_issued",
    line(CERTIFICATE) + line(ISSUED) + line(FILE, { Path: "a/b" }),
  ),
  refused("issued_below_file", line(CERTIFICATE) + line(FILE) + line(ISSUED, { Path: "a/b" })),
  good("tree_of_certificates", [
    ...OPEN,
    raw(
      line(HOOK),
      line(CERTIFICATE),
      line(CERTIFICATE, { Name: "unused", Key: "Ed25519" }),
      line(FILE, { Path: "a" }),
      line(FOLDER, { Path: "tls" }),
      line(ISSUED, { Path: "tls/chain", Part: "chain", Uid: 1, Gid: 1, InPlace: true, Hook: "x" }),
      line(ISSUED, { Path: "tls/key" }),
    ),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ["held", "a one"],
      ["held", "tls/chain one"],
      ["held", "tls/x one"],
      ["report", "a unchanged"],
      ["report", "tls unchanged"],
      ["report", "tls/chain failed certificate-unsupported"],
      ["report", "tls/key failed certificate-unsupported"],
      ["report", "tls/x removed"],
      ["file", "tls/chain one"],
    ],
  }),
];
