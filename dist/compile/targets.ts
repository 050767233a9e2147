/**
 * The machines that executables are built for.
 *
 * @module
 */

/** The targets of `deno compile`. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;

/** A target of `deno compile`. */
export type Target = typeof TARGETS[number];

/** Tells whether a text names a target. */
export function isTarget(text: string): text is Target {
  return (TARGETS as readonly string[]).includes(text);
}

/** Returns the ending of executables of a target. */
export function endingOf(target: Target): string {
  return target.includes("windows") ? ".exe" : "";
}

/** Names an executable, for example `fluxvault-agent-0.1.0-x86_64-unknown-linux-gnu`. */
export function executableName(
  name: string,
  { version, target }: { readonly version: string; readonly target: Target },
): string {
  return `${name}-${version}-${target}${endingOf(target)}`;
}

/** How many bytes {@linkcode readTarget} has to see. */
export const HEADER_BYTES = 4_096;

type Processor = "x86_64" | "aarch64";

const ELF_PROCESSORS = new Map<number, Processor>([[62, "x86_64"], [183, "aarch64"]]);
const PE_PROCESSORS = new Map<number, Processor>([[0x8664, "x86_64"], [0xaa64, "aarch64"]]);
const MACH_PROCESSORS = new Map<number, Processor>([
  [0x0100_0007, "x86_64"],
  [0x0100_000c, "aarch64"],
]);

/**
 * Reads off the first bytes of an executable which target it runs on.
 *
 * @returns `null` where it is no executable of any target.
 */
export function readTarget(header: Uint8Array): Target | null {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  try {
    return readElf(view) ?? readPe(view) ?? readMach(view);
  } catch (error) {
    // It is shorter than its header.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readElf(view: DataView): Target | null {
  if (view.getUint32(0) !== 0x7f45_4c46) return null;
  const processor = ELF_PROCESSORS.get(view.getUint16(18, true));
  return processor === undefined ? null : `${processor}-unknown-linux-gnu`;
}

function readPe(view: DataView): Target | null {
  if (view.getUint16(0) !== 0x4d5a) return null;
  const start = view.getUint32(0x3c, true);
  if (view.getUint32(start) !== 0x5045_0000) return null;
  const processor = PE_PROCESSORS.get(view.getUint16(start + 4, true));
  return processor === undefined ? null : `${processor}-pc-windows-msvc`;
}

function readMach(view: DataView): Target | null {
  if (view.getUint32(0, true) !== 0xfeed_facf) return null;
  const processor = MACH_PROCESSORS.get(view.getUint32(4, true));
  return processor === undefined ? null : `${processor}-apple-darwin`;
}
