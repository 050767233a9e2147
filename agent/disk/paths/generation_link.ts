/**
 * The names of what stands for a folder whose contents are exchanged at once.
 *
 * The folder itself is a symbolic link; what is in it lies in a folder beside the link, a generation,
 * under a name that no secret file may have.
 *
 * @module
 */
import { dirname, join } from "../../../protocol/host/mod.ts";
import { encodeHex, randomBytes, RESERVED_PREFIX } from "../../../protocol/mod.ts";

const GENERATION_PREFIX = `${RESERVED_PREFIX}generation-`;
const GENERATION = /^\.fluxvault-generation-[0-9a-f]{24}$/;
const LINK_PREFIX = `${RESERVED_PREFIX}link-`;
/** What a folder or a link is called for the moment in which the other takes its place. */
const FORMER_PREFIX = `${RESERVED_PREFIX}former-`;
const MAX_NAME_BYTES = 255;

/** Makes the name of a new generation. */
export function generationName(): string {
  return GENERATION_PREFIX + encodeHex(randomBytes(12));
}

/** Makes the name of a link that is about to be put in place. */
export function linkName(): string {
  return LINK_PREFIX + encodeHex(randomBytes(12));
}

/** Tells a link that was never put in place by its name. */
export function isLinkName(name: string): boolean {
  return name.startsWith(LINK_PREFIX);
}

/** Tells a generation by its name. */
export function isGenerationName(name: string): boolean {
  return GENERATION.test(name);
}

/**
 * Returns what a folder is called while its successor is put in place, or `null` where that would be
 * too long: the name says what to call it again if nothing comes in its place.
 */
export function formerName(name: string): string | null {
  const former = FORMER_PREFIX + name;
  return new TextEncoder().encode(former).length > MAX_NAME_BYTES ? null : former;
}

/** Returns what something was called before it had to make room, or `null` for any other name. */
export function nameBefore(former: string): string | null {
  return former.startsWith(FORMER_PREFIX) ? former.slice(FORMER_PREFIX.length) : null;
}

/**
 * Returns the generation that a link leads to, or `null` where there is no link, or one that leads
 * anywhere else than to a generation beside it.
 */
export function generationOf(link: string): string | null {
  let name: string;
  try {
    name = Deno.readLinkSync(link);
  } catch {
    return null;
  }
  return isGenerationName(name) ? join(dirname(link), name) : null;
}
