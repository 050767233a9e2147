/**
 * Lines of an audit log as a person reads them.
 *
 * @module
 */
import { sanitiseText } from "../../../protocol/host/mod.ts";
import type { AuditLine } from "../log/mod.ts";

const EVENT_WIDTH = 8;
const ADDRESS_WIDTH = 21;

/** Writes a line: when, what, to which agent, and the rest of it; without its end. */
export function formatAuditLine(line: AuditLine): string {
  const time = line.time.slice(0, 19).replace("T", " ");
  const address = textOf(line["address"]) ?? "-";
  const agent = line.event === "start" ? [] : [textOf(line["fingerprint"]), textOf(line["trust"])];
  const parts = [...agent, ...describe(line)].filter((part) => part !== null);
  const event = line.event.padEnd(EVENT_WIDTH);
  return sanitiseText(
    `${time}  ${event}  ${address.padEnd(ADDRESS_WIDTH)}  ${parts.join(", ")}`.trimEnd(),
    { maxLength: 2_000 },
  );
}

function textOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function listOf(value: unknown): string | null {
  return Array.isArray(value) && value.length > 0 ? value.map(String).join(", ") : null;
}

function named(name: string, value: unknown): string | null {
  const text = textOf(value);
  return text === null ? null : `${name} ${text}`;
}

function describe(line: AuditLine): (string | null)[] {
  switch (line.event) {
    case "start":
      return [
        named("version", line["version"]),
        named("app", line["app"]),
        named("new agents:", line["trust"]),
        named("signed by", line["signer"]),
      ];
    case "given":
    case "held":
      return [
        textOf(line["path"]),
        line["size"] === undefined ? null : `${textOf(line["size"])} bytes`,
        named("mode", line["mode"]),
        named("revision", line["revision"]),
        named("contents", line["contents"]),
      ];
    case "result":
      return describeResult(line);
    case "refused":
      return [textOf(line["code"])];
    case "trust":
      return [
        `${textOf(line["from"]) ?? "unknown"} to ${textOf(line["to"]) ?? "unknown"}`,
        `by the ${textOf(line["by"])}`,
      ];
    case "command":
      return [
        textOf(line["command"]),
        named("for", listOf(line["only"])),
        named("plugin", line["plugin"]),
        textOf(line["action"]),
      ];
    case "authority":
      return [named("the certificate authority", line["authority"]), named("root", line["serial"])];
    case "intermediate":
    case "issued":
      return [
        textOf(line["serial"]),
        textOf(line["purpose"]),
        named("app", line["app"]),
        named("component", line["component"]),
        named("for", listOf(line["names"])),
        named("until", line["notAfter"]),
      ];
    case "revoked":
      return [textOf(line["serial"]), named("app", line["app"]), textOf(line["reason"])];
    case "called":
      return [
        textOf(line["action"]),
        named("for the plugin", line["plugin"]),
        named("input", line["input"]),
      ];
    case "answer":
      return [
        textOf(line["action"]),
        named("for the plugin", line["plugin"]),
        textOf(line["outcome"]),
        textOf(line["code"]),
      ];
    case "torn":
      return [`${textOf(line["bytes"])} bytes before it were cut off`];
    default:
      return [];
  }
}

const CHANGES: ReadonlySet<unknown> = new Set(["created", "updated", "reowned", "removed"]);

function describeResult(line: AuditLine): (string | null)[] {
  const { outcome, code, counts, files, hooks, services, receipt } = line;
  const numbers = typeof counts === "object" && counts !== null ? Object.entries(counts) : [];
  const counted = numbers.filter(([, count]) => count !== 0).map(([name, count]) =>
    `${count} ${name}`
  );
  const troubles = (Array.isArray(files) ? files : [])
    .filter((file) => !CHANGES.has(file?.outcome))
    .map((file) => `${file?.path} ${file?.code ?? file?.outcome}`);
  const told = (Array.isArray(hooks) ? hooks : [])
    .map((hook) => `hook ${hook?.hook} ${hook?.code ?? hook?.outcome}`);
  const served = (Array.isArray(services) ? services : [])
    .map((service) => `service ${service?.service} ${service?.code ?? service?.outcome}`);
  const signature = receipt === undefined ? null : receipt === null ? "unsigned" : "signed";
  return [textOf(outcome), textOf(code), ...counted, ...troubles, ...told, ...served, signature];
}
