/**
 * The log of a program: lines on standard error and, where asked for, in a file.
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import type { Logger } from "../logger.ts";
import { PRIVATE_FILE_MODE } from "./atomic_file.ts";
import { LineQueue } from "./line_queue.ts";
import { formatLogJson, formatLogText, type LogEvent, type LogLevel } from "./log_line.ts";
import { storageError } from "./storage_error.ts";
import type { TextOutput } from "./terminal.ts";

/** What of the settings concerns the log: those of `GLOBAL_OPTIONS`. */
export interface LogSettings {
  /** Whether to log every step. */
  readonly debug: boolean;
  /** Whether to write lines of JSON. */
  readonly json: boolean;
  /** Whether to log warnings and errors only; `debug` goes before it. */
  readonly quiet: boolean;
  /** Whether to write to the file as well. */
  readonly logToFile: boolean;
  /** The file; made with mode 0600 where it is missing, appended to where it is there. */
  readonly logfilePath: string;
}

/** The log of a program. */
export interface ProgramLog {
  /** Takes the events. */
  readonly logger: Logger;
  /** Writes what is still waiting and closes the file; further events are dropped. */
  close(): Promise<void>;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/**
 * Sets up the log of a program.
 *
 * A log that cannot be written (a full disk, a reader that has stopped reading) never holds up or
 * ends the program: lines are dropped, the first failure of the file is said on standard error, and
 * the number of lost lines is written once there is room again.
 *
 * @throws {StorageError} if the file cannot be opened.
 */
export async function setUpLog(
  settings: LogSettings,
  { stderr }: { readonly stderr: TextOutput },
): Promise<ProgramLog> {
  const format = settings.json ? formatLogJson : formatLogText;
  const lostLine = (count: number) => format(warning("log lines were lost", { count }));
  const terminal = new LineQueue((text) => stderr.write(text), { lostLine });
  const file = settings.logToFile ? await openLogFile(settings.logfilePath) : null;
  const fileQueue = file && new LineQueue((text) => writeAll(file, text), {
    lostLine,
    onFailure(error) {
      const problem = storageError(error, `write ${JSON.stringify(settings.logfilePath)}`);
      terminal.push(format(warning("the log file cannot be written", { error: problem })));
    },
  });
  let isOpen = true;
  const lowest = LEVELS.indexOf(lowestLevel(settings));
  const take = (level: LogLevel): Logger["info"] => (message, properties = {}) => {
    if (!isOpen || LEVELS.indexOf(level) < lowest) return;
    const line = formatSafely(format, { timestamp: Date.now(), level, message, properties });
    terminal.push(line);
    fileQueue?.push(line);
  };
  return {
    logger: {
      debug: take("debug"),
      info: take("info"),
      warn: take("warning"),
      error: take("error"),
    },
    async close(): Promise<void> {
      isOpen = false;
      await fileQueue?.close();
      await terminal.close();
      file?.close();
    },
  };
}

function lowestLevel(settings: LogSettings): LogLevel {
  if (settings.debug) return "debug";
  return settings.quiet ? "warning" : "info";
}

function warning(message: string, properties: Readonly<Record<string, unknown>>): LogEvent {
  return { timestamp: Date.now(), level: "warning", message, properties };
}

/** Says so where an event cannot be written, since a log never throws. */
function formatSafely(format: (event: LogEvent) => string, event: LogEvent): string {
  try {
    return format(event);
  } catch {
    return format({ ...event, properties: { problem: "its values cannot be written" } });
  }
}

async function openLogFile(path: string): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(path, { append: true, create: true, mode: PRIVATE_FILE_MODE });
    await keepPrivate(path);
    return file;
  } catch (error) {
    throw storageError(error, `write ${JSON.stringify(path)}`);
  }
}

/** Takes the file from others where an older run or another umask gave it to them. */
async function keepPrivate(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  try {
    const info = await Deno.stat(path);
    const others = (info.mode ?? 0) & 0o077;
    if (info.isFile && others !== 0) await Deno.chmod(path, PRIVATE_FILE_MODE);
  } catch {
    // Somebody else's file that we may append to: their choice of mode stands.
  }
}

async function writeAll(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = encodeUtf8(text);
  for (let offset = 0; offset < bytes.length;) {
    offset += await file.write(bytes.subarray(offset));
  }
}
