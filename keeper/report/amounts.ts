/**
 * Amounts as a person reads them.
 *
 * @module
 */

/** Writes a time with three or four digits. */
export function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : ms < 100_000 ? 1 : 0)} s`;
}

/** Writes a number with its noun. */
export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** Writes a number of bytes in powers of 1,000. */
export function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  const text = (bytes / 1_000 ** power).toFixed(1);
  // What is rounded up to a thousand is one of the next unit.
  if (text === "1000.0" && power < units.length) return `1.0 ${units[power]}`;
  return `${text} ${units[power - 1]}`;
}

/** Writes how long something takes yet: `0:07`, `12:30`, `3:05:00`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** Writes a time in UTC, to the minute. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
