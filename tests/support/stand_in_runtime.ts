/**
 * Small executables of every target, in the place of the runtime that `deno compile` builds on.
 *
 * Those for Linux on x86_64 run there, and say one line whatever they are asked; the others are just
 * whole enough for Deno to put a program behind them.
 */
import { encodeUtf8 } from "../../protocol/mod.ts";
import type { Target } from "../../dist/compile/targets.ts";

type Field = readonly [bytes: 1 | 2 | 4 | 8, value: number];

/** Writes numbers one behind the other, the lowest byte first. */
function pack(...fields: readonly (Field | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      bytes.push(...field);
      continue;
    }
    let rest = BigInt(field[1]);
    for (let i = 0; i < field[0]; i++, rest >>= 8n) bytes.push(Number(rest & 0xffn));
  }
  return Uint8Array.from(bytes);
}

function padded(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

const words = (...values: number[]): Field[] => values.map((value): Field => [4, value]);
const halves = (...values: number[]): Field[] => values.map((value): Field => [2, value]);
const longs = (...values: number[]): Field[] => values.map((value): Field => [8, value]);

/** A program of one segment: it writes the line and ends. */
function makeElf(processor: number, line: string): Uint8Array<ArrayBuffer> {
  const start = 0x40_0000;
  const headerBytes = 64 + 56;
  const text = encodeUtf8(`${line}\n`);
  const code = pack(
    Uint8Array.of(0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0), // eax = write, edi = standard output
    Uint8Array.of(0x48, 0x8d, 0x35, 16, 0, 0, 0, 0xba), // rsi = the text, 16 bytes on; edx =
    [4, text.length],
    Uint8Array.of(0x0f, 0x05, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05), // call; exit(0)
    text,
  );
  const size = headerBytes + code.length;
  return pack(
    padded(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1), 16),
    ...halves(2, processor),
    [4, 1],
    ...longs(start + headerBytes, 64, 0),
    [4, 0],
    ...halves(64, 56, 1, 64, 0, 0),
    ...words(1, 5),
    ...longs(0, start, start, size, size, 0x1000),
    code,
  );
}

function makePe(processor: number): Uint8Array<ArrayBuffer> {
  const header = pack(
    padded(encodeUtf8("MZ"), 0x3c),
    [4, 0x40],
    encodeUtf8("PE\0\0"),
    ...halves(processor, 1),
    ...words(0, 0, 0),
    ...halves(240, 0x22),
    ...halves(0x20b, 14),
    ...words(0x200, 0x200, 0, 0x1000, 0x1000),
    ...longs(0x1_4000_0000),
    ...words(0x1000, 0x200),
    ...halves(6, 0, 0, 0, 6, 0),
    ...words(0, 0x3000, 0x400, 0),
    ...halves(3, 0x8160),
    ...longs(0x10_0000, 0x1000, 0x10_0000, 0x1000),
    ...words(0, 16),
    new Uint8Array(128),
    padded(encodeUtf8(".text"), 8),
    ...words(0x200, 0x1000, 0x200, 0x400, 0, 0),
    ...halves(0, 0),
    ...words(0x6000_0020),
  );
  return padded(pack(padded(header, 0x400), Uint8Array.of(0xc3)), 0x600);
}

function makeMach(processor: number): Uint8Array<ArrayBuffer> {
  const segment = (name: string, memory: number[], file: number[], rights: number) =>
    pack(
      ...words(0x19, 72),
      padded(encodeUtf8(name), 16),
      ...longs(...memory, ...file),
      ...words(rights, rights, 0, 0),
    );
  const commands = [
    segment("__PAGEZERO", [0, 0x1_0000_0000], [0, 0], 0),
    segment("__TEXT", [0x1_0000_0000, 0x4000], [0, 0x4000], 5),
    segment("__LINKEDIT", [0x1_0000_4000, 0x4000], [0x4000, 0x100], 1),
    pack(...words(2, 24, 0x4000, 0, 0x4000, 0x20)),
    pack(...words(0xb, 80), new Uint8Array(72)),
    pack(...words(0x8000_0028, 24), ...longs(0x3000, 0)),
    pack(...words(0x1d, 16, 0x4040, 0xc0)),
  ];
  const all = pack(...commands);
  const header = words(0xfeed_facf, processor, 0, 2, commands.length, all.length, 0x85, 0);
  return padded(pack(...header, all), 0x4100);
}

/** Makes one for a target; where it can run it says the line. */
export function makeStandInRuntime(target: Target, line: string): Uint8Array<ArrayBuffer> {
  switch (target) {
    case "x86_64-unknown-linux-gnu":
      return makeElf(62, line);
    case "aarch64-unknown-linux-gnu":
      return makeElf(183, line);
    case "x86_64-pc-windows-msvc":
      return makePe(0x8664);
    case "aarch64-pc-windows-msvc":
      return makePe(0xaa64);
    case "x86_64-apple-darwin":
      return makeMach(0x0100_0007);
    case "aarch64-apple-darwin":
      return makeMach(0x0100_000c);
  }
}
