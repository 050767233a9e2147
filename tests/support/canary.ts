/** Looks for secrets in all that programs leave behind, in whatever spelling they might stand there. */
import { Buffer } from "node:buffer";
import { assert } from "./assert.ts";
import { type Site, unlessGone } from "./site.ts";

/** A secret that is a text, with all that is written otherwise somewhere. */
export const TEXT = 'canary-6b1f/"\\\u00e4\u{1f424}+&=-sings';
/** A secret that is no text. */
export const BINARY = new Uint8Array(48).map((_, i) => (i * 37 + 201) & 255);
/** What of a site holds secrets by its purpose. */
export const KEEPERS_PURPOSE = /^(?:vault\/|[^/]+\/files\/|[^/]+\/state\/identity)/;

/** All the spellings in which a value might be written down. */
export function spellings(value: Uint8Array<ArrayBuffer>): string[] {
  const buffer = Buffer.from(value);
  const text = buffer.toString("utf8");
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.split("").map((unit) =>
    unit < "\u0080" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  ).join("");
  // Base64 of a text in which the value stands at any place: only its inner part is the same.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), buffer]).toString("base64").replace(/=+$/, "").slice(4, -4)
  );
  return [
    text,
    escaped,
    ascii,
    encodeURIComponent(text.toWellFormed()),
    buffer.toString("latin1"),
    buffer.toString("hex"),
    buffer.toString("hex").toUpperCase(),
    [...buffer].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    [...buffer].join(","),
    [...buffer].join(", "),
    ...shifted,
    ...shifted.map((base64) => base64.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

/** Looks for values in all that was left behind; returns what was found and where. */
export function find(
  places: ReadonlyMap<string, string>,
  canaries: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(canaries)) {
    for (const spelling of spellings(value)) {
      assert(spelling.length >= 12, `a spelling of ${name} is too short to be looked for`);
      for (const [place, text] of places) {
        if (text.includes(spelling)) found.push(`${name} in ${place}`);
      }
    }
  }
  return [...new Set(found)];
}

/** Reads every file below the site that is not one of those which hold secrets by their purpose. */
export async function readLeftBehind(site: Site, purposes: RegExp): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  async function read(folder: string): Promise<void> {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await read(path);
      else if (isFile && !purposes.test(path.slice(site.folder.length + 1))) {
        const text = await unlessGone(readLatin1AndUtf8(path));
        if (text !== null) places.set(path.slice(site.folder.length + 1), text);
      }
    }
  }
  await read(site.folder);
  return places;
}

async function readLatin1AndUtf8(path: string): Promise<string> {
  const bytes = Buffer.from(await Deno.readFile(path));
  return `${bytes.toString("utf8")}\n${bytes.toString("latin1")}`;
}
