/**
 * The end of what a program printed, made fit to be told.
 *
 * @module
 */
import { encodeUtf8, limits } from "../../protocol/mod.ts";
import { sanitiseText } from "../../protocol/host/mod.ts";

const { MAX_HOOK_OUTPUT_BYTES } = limits;

/** Keeps the last bytes of what comes; the rest is forgotten at once. */
export class OutputTail {
  #bytes = new Uint8Array();

  /** Takes what comes next. */
  add(bytes: Uint8Array): void {
    const last = bytes.subarray(-MAX_HOOK_OUTPUT_BYTES);
    const room = MAX_HOOK_OUTPUT_BYTES - last.length;
    const before = this.#bytes.subarray(Math.max(0, this.#bytes.length - room));
    const joined = new Uint8Array(before.length + last.length);
    joined.set(before);
    joined.set(last, before.length);
    this.#bytes = joined;
  }

  /** The end of it as printable text and newlines, of as many bytes as may be told. */
  get text(): string {
    const lines = withoutBrokenStart(this.#bytes).split("\n");
    const printable = lines.map((line) => {
      return sanitiseText(line.replace(/\r$/, ""), { maxLength: MAX_HOOK_OUTPUT_BYTES });
    });
    const bytes = encodeUtf8(printable.join("\n").trimEnd());
    return withoutBrokenStart(bytes.subarray(-MAX_HOOK_OUTPUT_BYTES));
  }
}

/** Decodes, and leaves out what is left of a character that was cut in two. */
function withoutBrokenStart(bytes: Uint8Array): string {
  let start = 0;
  while (start < Math.min(3, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(bytes.subarray(start));
}
