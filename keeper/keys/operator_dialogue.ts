/**
 * What a person is asked, and how a secret is taken from one or from standard input.
 *
 * @module
 */
import type { TextInput, TextOutput } from "../../protocol/host/mod.ts";
import { describeKey } from "./key_ring.ts";
import type { KeyName } from "./stores/mod.ts";

/** Where a person can be asked. */
export interface OperatorContext {
  /** Standard input. */
  readonly stdin: TextInput;
  /** Standard error. */
  readonly stderr: TextOutput;
  /** Ends the wait for an answer. */
  readonly signal: AbortSignal;
}

/** The options of {@linkcode askYesNo}. */
export interface QuestionOptions {
  /** What an empty answer means. */
  readonly otherwise: boolean;
}

const WARNING = "You are about to enter a private key into a program. Check that you trust this " +
  "program\nand this machine. Whoever has the key of an app's owner can change the app: rather " +
  "give\nthe keeper a key of its own (fluxvault-keeper keys create).\n";

/**
 * Asks a person a question until the answer is yes, no, or empty.
 *
 * @returns The answer; `false` where the input has ended.
 */
export async function askYesNo(
  { stdin, stderr, signal }: OperatorContext,
  question: string,
  { otherwise }: QuestionOptions,
): Promise<boolean> {
  for (;;) {
    const prompt = `${question} [${otherwise ? "Yes" : "No"}] `;
    const answer = (await stdin.readLine(prompt, { signal }))?.trim().toLowerCase();
    if (answer === undefined) return false;
    if (answer === "") return otherwise;
    if (/^y(?:es)?$/.test(answer)) return true;
    if (/^no?$/.test(answer)) return false;
    await stderr.write("Answer yes or no.\n");
  }
}

/**
 * Takes a secret: from a person who is warned first and does not see it, or a line of standard input.
 *
 * @returns The text without spaces around it, or `null` where there is none.
 */
export async function takeSecret(
  { stdin, stderr, signal }: OperatorContext,
  key: KeyName,
): Promise<string | null> {
  const { kind } = key;
  if (stdin.isTerminal && kind === "keeper-key") await stderr.write(WARNING);
  const prompt = `${kind === "keeper-key" ? "Private key of" : "Enrolment secret of"} ${key.name}` +
    `${kind === "keeper-key" ? ", in WIF" : ""} (it is not shown): `;
  const line = (await stdin.readHidden(prompt, { signal }))?.trim() ?? "";
  return line === "" ? null : line;
}

/** Returns the question whether to forget a secret for good. */
export function removalQuestion(key: KeyName): string {
  return `Remove ${describeKey(key)} for good? Without a copy it is lost.`;
}
