/**
 * Bytes that go to an action from a file, and come from it into one.
 *
 * @module
 */
import { ConfigError, type ReceiveStream } from "../../../protocol/mod.ts";
import { dirname, join, storageError, temporaryName } from "../../../protocol/host/mod.ts";

/** A file whose bytes are sent. */
export interface SentFile {
  /** How many bytes it has, or `null` where that is not known, as of a pipe. */
  readonly size: number | null;
  /** Opens it anew for each agent. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/**
 * Looks at a file to be sent.
 *
 * @throws {ConfigError} if it cannot be read.
 */
export async function findSentFile(path: string): Promise<SentFile> {
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new Error("it is a folder");
    (await Deno.open(path)).close();
    return { size: isFile ? size : null, open: () => readFile(path) };
  } catch (cause) {
    throw new ConfigError(`the file cannot be read: ${JSON.stringify(path)}`, {
      setting: "--stream",
      hint: "Name a file that this program may read.",
      cause,
    });
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

/**
 * Puts the bytes of a stream into a file, with permissions 0600, in one step once all are there.
 *
 * @returns How many there were.
 * @throws {StorageError} if it cannot be written; what ends the stream.
 */
export async function receiveFile(path: string, stream: ReceiveStream): Promise<number> {
  const temporary = join(dirname(path), temporaryName());
  const doing = `write ${JSON.stringify(path)}`;
  const write = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw storageError(error, doing);
    }
  };
  let bytes = 0;
  const options = { write: true, createNew: true, mode: 0o600 } as const;
  using file = await write(Deno.open(temporary, options));
  try {
    for await (const piece of stream) {
      for (let sent = 0; sent < piece.length;) {
        sent += await write(file.write(piece.subarray(sent)));
      }
      bytes += piece.length;
    }
    await write(file.sync());
    await write(Deno.rename(temporary, path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  return bytes;
}
