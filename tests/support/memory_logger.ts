/** A log that a test can read. */
import type { Logger } from "../../protocol/logger.ts";

/** One event. */
export interface LoggedEvent {
  /** How much it matters. */
  readonly level: keyof Logger;
  /** What happened. */
  readonly message: string;
  /** The values that belong to it. */
  readonly properties: Record<string, unknown>;
}

/** Keeps events in memory. */
export class MemoryLogger implements Logger {
  /** What was logged so far. */
  readonly events: LoggedEvent[] = [];

  debug(message: string, properties: Record<string, unknown> = {}): void {
    this.events.push({ level: "debug", message, properties });
  }

  info(message: string, properties: Record<string, unknown> = {}): void {
    this.events.push({ level: "info", message, properties });
  }

  warn(message: string, properties: Record<string, unknown> = {}): void {
    this.events.push({ level: "warn", message, properties });
  }

  error(message: string, properties: Record<string, unknown> = {}): void {
    this.events.push({ level: "error", message, properties });
  }

  /** Returns the messages of a level. */
  messages(level: keyof Logger): string[] {
    return this.events.filter((event) => event.level === level).map(({ message }) => message);
  }
}
