/**
 * A file of the vault on its way to a node of the original: as one text, or in pieces of JSON where it
 * is large (spec, section 5).
 *
 * @module
 */
import { encodeUtf8, joinBytes } from "../bytes.ts";
import { StorageError } from "../errors.ts";
import { LineEnds, textOf } from "./file_text.ts";
import { encodeJsonObject, encodeJsonString } from "./json_text.ts";
import { answer } from "./messages.ts";

/** Reads a small file as the text that the original would send. */
export async function readText(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  try {
    return textOf(joinBytes(copies));
  } catch {
    throw notText();
  }
}

/** Yields the JSON of a successful answer while the file is read. */
export async function* answerPieces(
  requested: ReadonlyMap<string, unknown>,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const whole = encodeJsonObject(answer(requested, { status: "Success" }));
  const end = '"Body": "", "Status": "Success"}';
  const head = whole.slice(0, whole.length - end.length);
  yield encodeUtf8(`${head}"Body": "`);
  const lineEnds = new LineEnds();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    for await (const piece of pieces) {
      const text = decoder.decode(lineEnds.translate(piece), { stream: true });
      if (text !== "") yield encodeUtf8(encodeJsonString(text).slice(1, -1));
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw notText();
    throw error;
  }
  yield encodeUtf8('", "Status": "Success"}');
}

function notText(): StorageError {
  return new StorageError("file-changed", "a file changed and is no longer text");
}
