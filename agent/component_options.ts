/**
 * The options that make an agent a primary, or a sub-agent, as data.
 *
 * @module
 */

/** All that has to do with the other components of the app that have agents. */
export const COMPONENT_OPTIONS = [
  {
    name: "enable-registrar",
    aliases: ["registrar"],
    kind: "boolean",
    group: "Sub-agents",
    help: "Whether sub-agents may register here, and keepers reach them through this agent.",
  },
  {
    name: "registrar-address",
    kind: "text",
    metavar: "ADDRESS",
    default: "0.0.0.0",
    group: "Sub-agents",
    help: "The address on which they register; :: for IPv6 and IPv4.",
  },
  {
    name: "registrar-port",
    kind: "integer",
    metavar: "PORT",
    min: 0,
    max: 65_535,
    default: 2_080,
    group: "Sub-agents",
    help: "The port on which they register, which the file server may share.",
  },
  {
    name: "registrar-key",
    kind: "path",
    metavar: "FILE",
    group: "Sub-agents",
    help: "A file with the key that a primary and its sub-agents share, in place of their names.",
  },
  {
    name: "subordinate",
    kind: "boolean",
    group: "Sub-agents",
    help: "Whether this agent is a sub-agent: it registers with its primary, which alone connects.",
  },
  {
    name: "primary-agent-name",
    kind: "text",
    metavar: "NAME",
    default: "agent",
    group: "Sub-agents",
    help: "The component that the primary is.",
  },
  {
    name: "primary-agent-address",
    kind: "text",
    metavar: "ADDRESS",
    group: "Sub-agents",
    defaultText: "the container of that component",
    help: "The address or host name of the primary.",
  },
  {
    name: "primary-agent-port",
    kind: "integer",
    metavar: "PORT",
    min: 1,
    max: 65_535,
    default: 2_080,
    group: "Sub-agents",
    help: "The port of its registrar.",
  },
  {
    name: "trust-primary-agent",
    kind: "boolean",
    group: "Sub-agents",
    help: "Whether whoever comes through the primary may put files here, without a signature.",
  },
  {
    name: "mutual-tls",
    kind: "boolean",
    group: "Sub-agents",
    defaultText: "true where keepers sign",
    help: "Whether a sub-agent asks its keeper for a certificate, and from then on for mutual TLS.",
  },
] as const;
