/** Another process that puts one thing in the place of another and back, as fast as it can. */

const PROGRAM = `
  import { constants, openSync } from "node:fs";
  const [path = "", other = "", durationMs = ""] = Deno.args;
  const aside = path + ".aside";
  console.log("begins");
  const endMs = Date.now() + Number(durationMs);
  while (Date.now() < endMs) {
    for (const [from, to] of [[path, aside], [other, path], [path, other], [aside, path]]) {
      try {
        Deno.renameSync(from, to);
      } catch {
        // Somebody else has moved it, or put something in its place.
      }
    }
  }
  if (Deno.lstatSync(other).isFifo) {
    // It can be opened only while somebody waits at its other end.
    try {
      openSync(other, constants.O_WRONLY | constants.O_NONBLOCK);
      Deno.exit(3);
    } catch {
      // Nobody does.
    }
  }
`;
const SOMEBODY_WAITS = 3;

/** How two names are swapped. */
export interface NameSwapOptions {
  /** What is put in the place of the path, and stays at the end where it was. */
  readonly other: string;
  /** For how long, in milliseconds. @default {1_000} */
  readonly durationMs?: number;
}

/** What a swap came to. */
export interface SwapEnd {
  /** Whether somebody waits for ever at a pipe that was put in the place of something else. */
  readonly hasStuckReader: boolean;
}

/** Swaps two names for a while, and does the work again and again meanwhile. */
export async function whileSwapping(
  path: string,
  options: NameSwapOptions,
  work: () => Promise<unknown>,
): Promise<SwapEnd> {
  const { other, durationMs = 1_000 } = options;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", PROGRAM, path, other, String(durationMs)],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  let hasEnded = false;
  const status = child.status.finally(() => hasEnded = true);
  while (!hasEnded) {
    await work();
    // The end of the other process is to be heard of.
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  await reader.cancel();
  const { code } = await status;
  if (code !== 0 && code !== SOMEBODY_WAITS) throw new Error(`the swap ended with ${code}`);
  return { hasStuckReader: code === SOMEBODY_WAITS };
}
