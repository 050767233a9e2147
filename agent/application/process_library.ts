/**
 * The calls of Linux that the runtime does not offer: looking at children that have ended, and reaping
 * them.
 *
 * @module
 */

/** The calls that a reaper needs. */
export interface ProcessLibrary extends Disposable {
  /** Returns the number of a child that has ended, and leaves its end to others; `null` for none. */
  peek(): number | null;
  /** Takes the end of a child; tells whether there was one. */
  reap(pid: number): boolean;
  /** Tells whether orphans become children of this process though it is not number 1. */
  isSubreaper(): boolean;
}

/** Where the C library may be: that of GNU, or musl. */
const LIBRARIES: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
];

const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 0x1;
const WEXITED = 0x4;
const WNOWAIT = 0x1000000;
const PR_GET_CHILD_SUBREAPER = 37;
/** The size of a `siginfo_t`, and where in it the number of the process is on 64 bits. */
const SIGINFO_BYTES = 128;
const SIGINFO_PID_OFFSET = 16;

const SYMBOLS = {
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "buffer", "usize", "usize", "usize"], result: "i32" },
} as const;

/** Opens the C library; `null` where there is none that is known, or it may not be used. */
export function openProcessLibrary(): ProcessLibrary | null {
  if (Deno.build.os !== "linux") return null;
  for (const path of LIBRARIES) {
    try {
      return new LinuxLibrary(Deno.dlopen(path, SYMBOLS));
    } catch {
      // Another one may be there.
    }
  }
  return null;
}

class LinuxLibrary implements ProcessLibrary {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #info = new Uint8Array(SIGINFO_BYTES);

  constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.#library = library;
  }

  peek(): number | null {
    this.#info.fill(0);
    const flags = WEXITED | WNOHANG | WNOWAIT;
    // It fails where there is no child at all.
    if (this.#library.symbols.waitid(P_ALL, 0, this.#info, flags) !== 0) return null;
    const pid = new DataView(this.#info.buffer).getInt32(SIGINFO_PID_OFFSET, isLittleEndian());
    return pid > 0 ? pid : null;
  }

  reap(pid: number): boolean {
    return this.#library.symbols.waitid(P_PID, pid, this.#info, WEXITED | WNOHANG) === 0;
  }

  isSubreaper(): boolean {
    const value = new Uint8Array(4);
    const { prctl } = this.#library.symbols;
    return prctl(PR_GET_CHILD_SUBREAPER, value, 0n, 0n, 0n) === 0 && value.some((byte) => byte > 0);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
