/**
 * The certificates of an app: what keepers certify for keys that agents make for their applications.
 *
 * @module
 */
import { type CertificateKey, limits } from "../../protocol/mod.ts";
import { readIpAddress } from "../authority/certificates/ip_address.ts";
import { isHostName } from "../authority/subject_names.ts";
import type { ApplicationCertificate, CertificateUsage } from "../vault/application_certificate.ts";
import {
  DEFAULT_CERTIFICATE_LIFETIME_S,
  MAX_CERTIFICATE_LIFETIME_S,
  MAX_CERTIFICATE_NAMES,
  MIN_CERTIFICATE_LIFETIME_S,
} from "./limits.ts";
import { Mapping } from "./mapping.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** The keys of a certificate. */
export const CERTIFICATE_KEYS = ["names", "usage", "key", "lifetime"] as const;
/** What a certificate may be shown for. */
export const CERTIFICATE_USAGES: readonly CertificateUsage[] = ["server", "client"];
/** The kinds of keys that agents make. */
export const KEY_KINDS: readonly CertificateKey[] = ["P-256", "P-384", "Ed25519"];

const FORM = {
  what: "a certificate",
  keys: CERTIFICATE_KEYS,
  advice: {
    name: {
      meant: "names",
      hint: "Its name stands above it; the names that it carries are names.",
    },
    hosts: { meant: "names" },
    domains: { meant: "names" },
    key_type: { meant: "key" },
    validity: { meant: "lifetime" },
    files: { hint: "Write where they go below state_directives: certificate, and its name." },
    target: { hint: "Write where it goes below state_directives: certificate, and its name." },
    hook: { hint: "Write the hook where the files are declared, below state_directives." },
  },
} as const;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const INTERNAL = /(?:^|\.)internal$/i;

/** A certificate and where it is defined. */
export interface WrittenCertificate {
  /** The certificate. */
  readonly certificate: ApplicationCertificate;
  /** Where its name is. */
  readonly place: Place;
}

/** Reads the certificates of an app; the names of those that cannot be used are in the result as well. */
export function readCertificates(
  node: YamlNode,
  problems: Problems,
): ReadonlyMap<string, WrittenCertificate | null> {
  const certificates = new Map<string, WrittenCertificate | null>();
  if (node.kind !== "mapping") {
    const hint = "Write a name, and below it what it carries: names, or leave certificates out.";
    const problem = node.kind === "nothing" ? "has no value" : "has to be a mapping of names";
    problems.add(node.place, `certificates ${problem}`, hint);
    return certificates;
  }
  if (node.members.length > limits.MAX_CERTIFICATES) {
    const problem = `there are over ${limits.MAX_CERTIFICATES} certificates`;
    problems.add(node.place, problem, "Leave out those that no state directive names.");
  }
  for (const { key, keyPlace, value } of node.members) {
    const isGood = NAME.test(key);
    if (!isGood) {
      const hint = "Use lower-case letters, digits and inner hyphens, at most 63 of them.";
      problems.add(keyPlace, `a certificate cannot be called ${quoted(key)}`, hint);
    }
    const certificate = readCertificate(key, value, problems);
    const isUsable = certificate !== null && isGood;
    certificates.set(key, isUsable ? { certificate, place: keyPlace } : null);
  }
  return certificates;
}

function readCertificate(
  name: string,
  node: YamlNode,
  problems: Problems,
): ApplicationCertificate | null {
  // All of it may be left to the keeper.
  const isBare = node.kind === "nothing";
  const mapping = isBare ? null : Mapping.read(node, { form: FORM, problems });
  if (mapping === null && !isBare) return null;
  return {
    name,
    names: mapping === null ? null : readNames(mapping, problems),
    usage: mapping === null ? CERTIFICATE_USAGES : readUsage(mapping, problems),
    key: mapping?.choice("key", KEY_KINDS) ?? "P-256",
    lifetimeS: mapping?.duration("lifetime", {
      min: MIN_CERTIFICATE_LIFETIME_S,
      max: MAX_CERTIFICATE_LIFETIME_S,
    }) ?? DEFAULT_CERTIFICATE_LIFETIME_S,
  };
}

function readNames(mapping: Mapping, problems: Problems): readonly string[] | null {
  const hint = 'Write a list: [web.example.org, "10.0.0.7"]. Left out, it is the container\'s own.';
  const written = mapping.textList("names", hint);
  if (written === undefined) return null;
  const names = new Set<string>();
  for (const { text, place } of written) {
    const name = text.toLowerCase();
    if (!isHostName(name) && readIpAddress(name) === null) {
      const problem = `a certificate cannot carry the name ${quoted(text)}`;
      const advice = "Write a host name, of which the first label may be *, or an IP address.";
      problems.add(place, problem, advice);
    } else if (INTERNAL.test(name)) {
      const problem = `the name ${quoted(text)} is kept for agents and keepers`;
      problems.add(place, problem, "Give it a name that does not end in internal.");
    } else if (names.has(name)) {
      problems.add(place, `the name ${quoted(text)} stands twice`, "Write each name once.");
    }
    names.add(name);
  }
  if (names.size > MAX_CERTIFICATE_NAMES) {
    const problem = `are over ${MAX_CERTIFICATE_NAMES}`;
    mapping.refuse("names", problem, "Declare a second certificate for some of them.");
  }
  const isEmpty = mapping.value("names")?.kind === "list" && written.length === 0;
  if (isEmpty) mapping.refuse("names", "is an empty list", hint);
  return [...names];
}

function readUsage(mapping: Mapping, problems: Problems): readonly CertificateUsage[] {
  const hint = "Write [server], [client] or [server, client].";
  const written = mapping.textList("usage", hint);
  if (written === undefined) return CERTIFICATE_USAGES;
  const usage = new Set<CertificateUsage>();
  for (const { text, place } of written) {
    const known = CERTIFICATE_USAGES.find((one) => one === text);
    if (known === undefined) {
      problems.add(place, `usage holds ${quoted(text)}, which is none of server, client`, hint);
    } else if (usage.has(known)) {
      problems.add(place, `usage names ${known} twice`, "Name each once.");
    } else usage.add(known);
  }
  const value = mapping.value("usage");
  if (value?.kind === "list" && value.items.length === 0) {
    mapping.refuse("usage", "is an empty list", hint);
  }
  return CERTIFICATE_USAGES.filter((one) => usage.has(one));
}
