/**
 * How far a delivery has come, as one line of a terminal.
 *
 * @module
 */
import { sanitiseText } from "../../protocol/host/mod.ts";
import { formatDuration, formatSize } from "../report/amounts.ts";
import { type DeliveryProgress, leftMs } from "./delivery_meter.ts";

/** The longest name that is shown whole, and how wide a bar is, in characters. */
const MAX_NAME_LENGTH = 34;
const BAR_WIDTHS = [24, 12, 6] as const;

/** Writes a line that is not wider than there is room: what matters least is left out first. */
export function formatProgressLine(
  name: string,
  progress: DeliveryProgress,
  options: { readonly width: number; readonly nameWidth?: number },
): string {
  const { width, nameWidth = 0 } = options;
  const shown = shorten(sanitiseText(name, { maxLength: MAX_NAME_LENGTH }), MAX_NAME_LENGTH);
  const head = shown.padEnd(Math.min(nameWidth, MAX_NAME_LENGTH));
  const percent = `${String(percentOf(progress)).padStart(3)}%`;
  const parts = detailsOf(progress);
  for (const barWidth of BAR_WIDTHS) {
    const line = [head, formatBar(progress, barWidth), percent, ...parts].join("  ");
    if (line.length <= width) return line;
  }
  for (let count = parts.length; count >= 0; count--) {
    const line = [head, percent, ...parts.slice(0, count)].join("  ");
    if (line.length <= width) return line;
  }
  const room = width - percent.length - 1;
  return room < 1 ? percent.slice(0, Math.max(0, width)) : `${shorten(shown, room)} ${percent}`;
}

/** Says how much, how fast, and how long yet. */
export function detailsOf(progress: DeliveryProgress): string[] {
  const { sentBytes, totalBytes, isGuess, bytesPerS } = progress;
  const remainingMs = leftMs(progress);
  return [
    `${formatSize(sentBytes)} of ${isGuess ? "about " : ""}${formatSize(totalBytes)}`,
    ...(bytesPerS === null ? [] : [`${formatSize(Math.round(bytesPerS))}/s`]),
    ...(remainingMs === null || sentBytes === 0 ? [] : [`${formatDuration(remainingMs)} left`]),
  ];
}

function percentOf({ sentBytes, totalBytes }: DeliveryProgress): number {
  return totalBytes === 0 ? 0 : Math.min(100, Math.floor(sentBytes / totalBytes * 100));
}

function formatBar(progress: DeliveryProgress, width: number): string {
  const full = Math.floor(percentOf(progress) / 100 * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]`;
}

/** Cuts the middle out of a name, so that both a host and a component are still told apart. */
function shorten(name: string, length: number): string {
  const characters = [...name];
  if (characters.length <= length) return name;
  if (length < 4) return characters.slice(0, length).join("");
  const head = Math.ceil((length - 2) / 2);
  const tail = length - 2 - head;
  return `${characters.slice(0, head).join("")}..${
    tail === 0 ? "" : characters.slice(-tail).join("")
  }`;
}
