/**
 * The options of `fluxvault-agent fetch`, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";

/** What `fluxvault-agent fetch` can be told. */
export const FETCH_OPTIONS = defineOptions([
  {
    name: "wait",
    kind: "boolean",
    group: "Fetching",
    help: "Whether to wait until the server answers and the file is there.",
  },
  {
    name: "wait-timeout",
    kind: "seconds",
    min: 1,
    group: "Fetching",
    defaultText: "for ever",
    help: "How long to wait.",
  },
  {
    name: "out",
    kind: "path",
    metavar: "FILE",
    group: "Fetching",
    defaultText: "standard output",
    help: "Where the file is put, in one step once all of it is there.",
  },
  {
    name: "mode",
    kind: "text",
    metavar: "BITS",
    default: "0600",
    group: "Fetching",
    help: "The permissions of that file.",
  },
  {
    name: "key-file",
    kind: "path",
    metavar: "FILE",
    group: "Fetching",
    help: "A file with the key that the server asks for.",
  },
  {
    name: "tls-cert",
    kind: "path",
    metavar: "FILE",
    group: "Fetching",
    help: "For https:// a certificate to show, and those between it and its root, as PEM.",
  },
  {
    name: "tls-key",
    kind: "path",
    metavar: "FILE",
    group: "Fetching",
    help: "Its private key, as PEM.",
  },
  {
    name: "tls-root",
    kind: "path",
    metavar: "FILE",
    group: "Fetching",
    help: "The root that the server's certificate has to be of, as PEM.",
  },
]);
