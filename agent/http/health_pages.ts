/**
 * How an agent is, for whoever watches it over HTTP: whether it lives, whether it has its files, and
 * figures in the text format of Prometheus.
 *
 * @module
 */
import type { FileEntry } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { MAX_MEASURED_FILES } from "../limits.ts";
import { textReply } from "./server/file_response.ts";
import type { HttpReply } from "./server/http_connection.ts";
import type { RequestHead } from "./server/request_head.ts";
import { FOREIGN_HOST, isNear, isOwnHost } from "../neighbours/neighbours.ts";

/** Something that is measured, in one number or in one for each set of labels. */
export interface Figure {
  /** The name; one that ends in `_total` counts up. */
  readonly name: string;
  /** What it is, as a sentence. */
  readonly help: string;
  /** The numbers. */
  readonly samples: readonly (readonly [
    labels: Readonly<Record<string, string>>,
    value: number,
  ])[];
}

/** What is told. */
export interface HealthSources {
  /** How the agent is, as its socket says it too. */
  readonly health: () => { readonly serving: boolean; readonly delivered: boolean };
  /** What is missing of the files that are waited for; `null` where no keeper has come yet. */
  readonly missing: () => readonly string[] | null;
  /** The files that were delivered. */
  readonly list: () => readonly FileEntry[];
  /** Tells whether a file is in place as it was declared. */
  readonly isInPlace: (entry: FileEntry) => Promise<boolean>;
  /** Looks at a file; `null` where it is not there. */
  readonly look: (entry: FileEntry) => { readonly modifiedMs: number } | null;
  /** What else is measured. @default {nothing} */
  readonly figures?: () => readonly Figure[];
  /** The version of the program. */
  readonly version: string;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** How many files are looked at before others get their turn. */
const FILES_AT_ONCE = 64;
const METRICS_TYPE = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" };

/** What counts of a session. */
type SessionFacts = Pick<AgentSessionReport, "wire" | "isComplete" | "isPlan" | "isCallsOnly">;

function resultOf({ isComplete, isPlan, isCallsOnly }: SessionFacts): string {
  if (!isComplete) return "broken";
  if (isCallsOnly === true) return "calls";
  return isPlan ? "plan" : "delivered";
}

/** Answers requests, and counts sessions. */
export class HealthPages {
  readonly #sources: HealthSources;
  readonly #sessions = new Map<string, number>();
  #contactMs: number | null = null;
  #measuring: Promise<string> | null = null;

  /** Knows of no session yet. */
  constructor(sources: HealthSources) {
    this.#sources = sources;
  }

  /** Counts a session. */
  noteReport(report: SessionFacts): void {
    const { wire, isComplete } = report;
    const labels = labelsOf({ wire: `${wire}`, result: resultOf(report) });
    this.#sessions.set(labels, (this.#sessions.get(labels) ?? 0) + 1);
    if (isComplete) this.#contactMs = this.#sources.now?.() ?? Date.now();
  }

  /** Answers a request from an address; only private ones are answered, and that name this host. */
  async handle({ method, target, fields }: RequestHead, address: string): Promise<HttpReply> {
    if (!isOwnHost(fields.get("host"))) return textReply(403, FOREIGN_HOST);
    if (!isNear(address)) return textReply(403, "only addresses of a private network are served");
    if (method !== "GET" && method !== "HEAD") {
      return textReply(405, "only GET and HEAD are served", { "Allow": "GET, HEAD" });
    }
    switch (target.replace(/\?.*$/, "")) {
      case "/healthz":
        return textReply(200, "ok");
      case "/readyz":
        return this.#readiness();
      case "/metrics":
        this.#measuring ??= this.#measure().finally(() => this.#measuring = null);
        return { ...textReply(200, "", METRICS_TYPE), body: await this.#measuring };
      default:
        return textReply(404, "there are /healthz, /readyz and /metrics");
    }
  }

  #readiness(): HttpReply {
    const { health, missing } = this.#sources;
    const { serving, delivered } = health();
    if (!serving) return textReply(503, "the agent is being stopped");
    if (delivered) return textReply(200, "ok");
    const count = missing()?.length;
    if (count === undefined) return textReply(503, "nothing has been delivered yet");
    return textReply(503, `not in place: ${count} ${count === 1 ? "file" : "files"}`);
  }

  async #measure(): Promise<string> {
    const { health, list, version, now = Date.now } = this.#sources;
    const entries = list();
    const lines = [
      ...metric("fluxvault_build_info", "The version of the agent.", [
        [labelsOf({ version }), 1],
      ]),
      ...metric("fluxvault_ready", "Whether all is in place that was declared.", [
        ["", Number(health().delivered)],
      ]),
      ...metric("fluxvault_files", "How many files were declared.", [["", entries.length]]),
    ];
    if (entries.length <= MAX_MEASURED_FILES) {
      lines.push(...await this.#measureFiles(entries, now()));
    }
    if (this.#contactMs !== null) {
      const help = "When the last session with a keeper came to its end.";
      const seconds = this.#contactMs / 1_000;
      lines.push(...metric("fluxvault_last_contact_timestamp_seconds", help, [["", seconds]]));
    }
    const help = "Sessions with keepers, by wire and result.";
    lines.push(...metric("fluxvault_sessions_total", help, [...this.#sessions]));
    for (const { name, help, samples } of this.#sources.figures?.() ?? []) {
      const labelled = samples.map(([labels, value]): Sample => [labelsOf(labels), value]);
      lines.push(...metric(name, help, labelled));
    }
    return `${lines.join("\n")}\n`;
  }

  async #measureFiles(entries: readonly FileEntry[], nowMs: number): Promise<string[]> {
    const { isInPlace, look } = this.#sources;
    const places: Sample[] = [];
    const ages: Sample[] = [];
    for (const [i, entry] of entries.entries()) {
      const labels = labelsOf({ path: entry.path });
      places.push([labels, Number(await isInPlace(entry))]);
      const looked = look(entry);
      if (looked !== null) ages.push([labels, Math.max(0, (nowMs - looked.modifiedMs) / 1_000)]);
      if (i % FILES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return [
      ...metric("fluxvault_file_in_place", "Whether a file is as it was declared.", places),
      ...metric("fluxvault_file_age_seconds", "How long ago a file was put in place.", ages),
    ];
  }
}

type Sample = readonly [labels: string, value: number];

function metric(name: string, help: string, samples: readonly Sample[]): string[] {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  const head = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  return [...head, ...samples.map(([labels, value]) => `${name}${labels} ${value}`)];
}

/** Writes labels; what would end one is escaped. */
function labelsOf(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels).map(([name, value]) => {
    const text = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `${name}="${text}"`;
  });
  return all.length === 0 ? "" : `{${all.join(",")}}`;
}
