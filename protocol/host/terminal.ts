/**
 * The one place where an error becomes text and an exit status, and where a program writes.
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import { ConfigError, ConfigErrors, FluxVaultError } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { sanitiseText } from "./printable_text.ts";
import { StopRequested } from "./shutdown.ts";
import { TerminalArea } from "./terminal_area.ts";

/** Where a program writes text: a terminal, a pipe, a file, or memory in a test. */
export interface TextOutput {
  /** Whether a person reads along. */
  readonly isTerminal: boolean;
  /** Whether colours may be used. */
  readonly hasColour: boolean;
  /** The width in columns; 80 where it is not known. */
  readonly width: number;
  /** Lines that are kept below all that is written; `null` where no terminal can do that. */
  readonly area?: TerminalArea | null;
  /**
   * What kept something from being written, the first time; a reader that has gone (`| head`) is none.
   * `undefined` where all was written.
   */
  readonly failure?: unknown;
  /** Writes text after what was written before; never rejects: see {@linkcode TextOutput.failure}. */
  write(text: string): Promise<void>;
}

const DEFAULT_WIDTH = 80;
const DEFAULT_HEIGHT = 24;

interface DenoStream {
  write(bytes: Uint8Array): Promise<number>;
  isTerminal(): boolean;
}

/** The options of {@linkcode streamOutput}. */
export interface StreamOutputOptions {
  /** Lines below all that is written to the terminal, by whichever stream. @default {null} */
  readonly area?: TerminalArea | null;
}

/** Makes an output of standard output or standard error. */
export function streamOutput(
  stream: DenoStream,
  env: Environment,
  options: StreamOutputOptions = {},
): TextOutput {
  const isTerminal = stream.isTerminal();
  const area = isTerminal ? options.area ?? null : null;
  let last: Promise<void> = Promise.resolve();
  let failure: unknown;
  const note = (error: unknown) => failure ??= error;
  return {
    isTerminal,
    area,
    get failure(): unknown {
      return failure;
    },
    hasColour: isTerminal && !env.get("NO_COLOR") && env.get("TERM") !== "dumb",
    get width(): number {
      return isTerminal ? consoleWidth() : DEFAULT_WIDTH;
    },
    write(text: string): Promise<void> {
      const write = () => writeAll(stream, encodeUtf8(text), note);
      last = last.then(() => area === null ? write() : area.writeAbove(text, write));
      return last;
    },
  };
}

/** Makes an area on a terminal, `null` where the stream leads to none, or to one that cannot do it. */
export function streamArea(stream: DenoStream, env: Environment): TerminalArea | null {
  if (!stream.isTerminal() || env.get("TERM") === "dumb") return null;
  return new TerminalArea({
    write: (text) => writeAll(stream, encodeUtf8(text)),
    size: consoleSize,
  });
}

async function writeAll(
  stream: DenoStream,
  bytes: Uint8Array,
  onFailure: (error: unknown) => void = () => {},
): Promise<void> {
  try {
    for (let offset = 0; offset < bytes.length;) {
      offset += await stream.write(bytes.subarray(offset));
    }
  } catch (error) {
    // The disk behind a redirection is full; or else the reader has gone, as he likes.
    if (!(error instanceof Deno.errors.BrokenPipe)) onFailure(error);
  }
}

function consoleWidth(): number {
  return consoleSize().columns;
}

function consoleSize(): { readonly columns: number; readonly rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || DEFAULT_WIDTH, rows: rows || DEFAULT_HEIGHT };
  } catch {
    return { columns: DEFAULT_WIDTH, rows: DEFAULT_HEIGHT };
  }
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** A way to set off text. */
export type TextStyle = keyof typeof STYLES;

/** Sets off text where the output has colours; elsewhere returns it as it is. */
export function paint(output: TextOutput, style: TextStyle, text: string): string {
  return output.hasColour ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** Exit status of a program that did what it was asked. */
export const EXIT_DONE = 0;
/** Exit status of a program that failed, or of a pass in which some agent did. */
export const EXIT_FAILURE = 1;
/** Exit status where the operator has to change something first. */
export const EXIT_MISTAKE = 2;

/** Exit status of a look at what would be changed, where something would. */
export const EXIT_CHANGES = 3;

/**
 * Returns the exit status for what a program threw.
 *
 * 2 for a {@linkcode ConfigError}, 128 and the signal's number for work that a signal cut short, 1
 * for everything else. A service that was asked to stop has done its work and returns 0 itself.
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_MISTAKE;
  if (error instanceof StopRequested) return error.exitCode;
  return EXIT_FAILURE;
}

/** How to write an error. */
export interface ErrorFormat {
  /**
   * Whether to write one line of JSON.
   *
   * @default false
   */
  readonly json?: boolean;
  /**
   * Whether to add the stack of an error that only a fault in the program can cause.
   *
   * @default false
   */
  readonly debug?: boolean;
}

/**
 * Writes an error as lines of text, each ended: `error:`, a `because:` for each cause, `hint:`; for
 * several mistakes, those of each in turn.
 *
 * Control characters are shown as escapes, so that text of a peer in it does no harm.
 */
export function formatError(error: unknown, format: ErrorFormat = {}): string {
  if (error instanceof ConfigErrors) {
    return error.errors.map((mistake) => formatError(mistake, format)).join("");
  }
  const setting = error instanceof ConfigError ? error.setting : undefined;
  const source = sourceOf(error);
  const message = messageOf(error);
  const because = causesOf(error).map(messageOf);
  const hint = hintFor(error);
  if (format.json) {
    const code = error instanceof FluxVaultError ? error.code : nameOf(error);
    const line = { level: "error", message, code, setting, source, because, hint };
    return `${JSON.stringify(because.length > 0 ? line : { ...line, because: undefined })}\n`;
  }
  const where = source === undefined ? "" : ` (${source})`;
  const lines = [`error: ${message}${where}`, ...because.map((text) => `because: ${text}`)];
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  if (format.debug && isFault(error)) {
    const stack = error instanceof Error ? error.stack ?? "" : "";
    lines.push(...stack.split("\n").slice(1).map((line) => sanitiseText(line)));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Writes an error and returns the exit status for it. */
export async function reportError(
  error: unknown,
  { output, ...format }: ErrorFormat & { readonly output: TextOutput },
): Promise<number> {
  const text = formatError(error, format);
  const word = paint(output, "red", "error:");
  await output.write(format.json ? text : text.replaceAll(/^error:/gm, word));
  return exitCodeOf(error);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return sanitiseText(String(error));
  return sanitiseText(error.message || error.name);
}

function sourceOf(error: unknown): string | undefined {
  if (!(error instanceof ConfigError) || error.source === undefined) return undefined;
  return sanitiseText(error.source);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

const MAX_CAUSES = 5;

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < MAX_CAUSES) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** Tells an error that no input explains, only a fault in the program. */
function isFault(error: unknown): boolean {
  return !(error instanceof FluxVaultError || error instanceof StopRequested);
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof FluxVaultError) {
    return error.hint === undefined ? undefined : sanitiseText(error.hint);
  }
  return isFault(error) ? "This is a fault in FluxVault; --debug shows where." : undefined;
}
