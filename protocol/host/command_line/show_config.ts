/**
 * What `--show-config` prints: every setting with where it came from.
 *
 * @module
 */
import { allowsSource } from "./option_table.ts";
import type { ResolvedSettings, SettingEntry } from "./settings.ts";
import { looksLikePrivateKey } from "../private_key_text.ts";
import { formatTable } from "../table.ts";

const HIDDEN = "<hidden>";

/** How to write settings. */
export interface ShowConfigOptions {
  /**
   * Whether to write a JSON object a line instead of a table.
   *
   * @default false
   */
  readonly json?: boolean;
}

/** Writes the settings in the order of their table; the value of a secret is `<hidden>`. */
export function formatSettings(
  resolved: ResolvedSettings,
  options: ShowConfigOptions = {},
): string {
  const entries = [...resolved.entries.values()].filter(isSetting);
  if (options.json) {
    return entries.map((entry) => {
      const { option, source } = entry;
      return `${JSON.stringify({ setting: option.name, value: shown(entry), source })}\n`;
    }).join("");
  }
  const rows = entries.map((entry) => [entry.option.name, textOf(entry), entry.source.text]);
  return formatTable(rows, {
    columns: [{ heading: "setting" }, { heading: "value" }, { heading: "from" }],
  });
}

/** Leaves out what only makes the program print something and stop. */
function isSetting({ option }: SettingEntry): boolean {
  return allowsSource(option, "variable") || allowsSource(option, "file");
}

function shown({ option, value }: SettingEntry): SettingEntry["value"] | null {
  if (value === undefined) return null;
  if (option.secret) return HIDDEN;
  // A private key in the place of its address is a mistake that must not be told on.
  if (typeof value === "string") return looksLikePrivateKey(value) ? HIDDEN : value;
  return Array.isArray(value)
    ? value.map((item) => looksLikePrivateKey(item) ? HIDDEN : item)
    : value;
}

function textOf(entry: SettingEntry): string {
  const value = shown(entry);
  if (value === null || value === undefined) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  return entry.option.kind === "seconds" ? `${value} s` : String(value);
}
