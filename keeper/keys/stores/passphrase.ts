/**
 * The passphrase of encrypted files, from a credential, a person, or a line of standard input.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import type { Environment, TextInput, TextOutput } from "../../../protocol/host/mod.ts";
import { CREDENTIALS_VARIABLE, PASSPHRASE_CREDENTIAL, readCredential } from "../credentials.ts";
import { MIN_PASSPHRASE_CHARACTERS } from "../limits.ts";

/** What a passphrase is for. */
export interface PassphrasePurpose {
  /** Whether the first file is made with it, so that a person has to type it twice. */
  readonly isNew: boolean;
}

/** Asks for a passphrase, once: whoever asks again gets the same. */
export type PassphraseSource = (purpose: PassphrasePurpose) => Promise<string>;

/** Where a passphrase can come from. */
export interface PassphraseContext {
  /** The environment variables. */
  readonly env: Environment;
  /** Standard input. */
  readonly stdin: TextInput;
  /** Standard error. */
  readonly stderr: TextOutput;
  /** Ends the wait for it. */
  readonly signal: AbortSignal;
}

/** Makes a source that asks when it is needed. */
export function passphraseSource(context: PassphraseContext): PassphraseSource {
  let known: Promise<string> | null = null;
  return (purpose) => known ??= findPassphrase(context, purpose);
}

async function findPassphrase(
  context: PassphraseContext,
  { isNew }: PassphrasePurpose,
): Promise<string> {
  const credential = await readCredential(context.env, PASSPHRASE_CREDENTIAL);
  const passphrase = credential ??
    (isNew ? await chooseOnce(context) : await read(context, "Passphrase of the keys: "));
  if ([...passphrase].length >= MIN_PASSPHRASE_CHARACTERS) return passphrase;
  throw new ConfigError(`a passphrase has at least ${MIN_PASSPHRASE_CHARACTERS} characters`, {
    hint: "Take several words that nobody else would put together.",
  });
}

/** Lets a person choose, who cannot see what he types. */
async function chooseOnce(context: PassphraseContext): Promise<string> {
  if (!context.stdin.isTerminal) return await read(context, "");
  await context.stderr.write(
    "The keys are encrypted with a passphrase. It cannot be recovered: keep it in a safe place.\n",
  );
  const first = await read(context, "New passphrase: ");
  const second = await read(context, "The same again: ");
  if (first === second) return first;
  throw new ConfigError("the two passphrases differ", { hint: "Nothing was stored; try again." });
}

async function read({ stdin, signal }: PassphraseContext, prompt: string): Promise<string> {
  const line = await stdin.readHidden(prompt, { signal });
  if (line !== null) return line;
  throw new ConfigError("the passphrase of the keys is missing", {
    hint: stdin.isTerminal
      ? "Type it, or use --key-store system."
      : `Give it as $${CREDENTIALS_VARIABLE}/${PASSPHRASE_CREDENTIAL}, or as a line of standard ` +
        "input behind the secret.",
  });
}
