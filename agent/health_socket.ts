/**
 * Where a running agent says how it is, to whoever asks on the same machine.
 *
 * It is a socket in the folder of state. So only who may open that folder can ask, and the network
 * cannot; nothing is read from who asks, and a line is all that he gets: there is nothing to abuse.
 *
 * @module
 */
import { ConnectionError, decodeUtf8, encodeUtf8, type Logger } from "../protocol/mod.ts";
import { PRIVATE_FILE_MODE } from "../protocol/host/mod.ts";
import { ACCEPT_PAUSE_MS, HEALTH_TIMEOUT_MS, MAX_HEALTH_LINE_BYTES } from "./limits.ts";

/** The name of the socket in the folder of state. */
export const HEALTH_SOCKET_NAME = "health.sock";

/** How an agent is. */
export interface AgentHealth {
  /** Whether it takes keepers; not while it is being stopped. */
  readonly serving: boolean;
  /** Whether all is in place that a keeper declared. */
  readonly delivered: boolean;
}

/** Answers whoever asks, until disposed. */
export class HealthSocket implements AsyncDisposable {
  readonly #path: string;
  readonly #listener: Deno.UnixListener;
  readonly #answering: Promise<void>;
  #isClosed = false;

  private constructor(path: string, listener: Deno.UnixListener, health: () => AgentHealth) {
    this.#path = path;
    this.#listener = listener;
    this.#answering = this.#answer(health);
  }

  /**
   * Opens the socket in a folder of state whose lock the caller holds.
   *
   * @returns `null` where there can be none, which the log says: an agent works without it.
   */
  static async open(
    folder: string,
    { health, logger }: { readonly health: () => AgentHealth; readonly logger: Logger },
  ): Promise<HealthSocket | null> {
    const path = `${folder}/${HEALTH_SOCKET_NAME}`;
    let listener: Deno.UnixListener | null = null;
    try {
      // What is there was left by an agent that was killed: the lock says that no other is running.
      await removeSocket(path);
      listener = Deno.listen({ transport: "unix", path });
      await Deno.chmod(path, PRIVATE_FILE_MODE);
      return new HealthSocket(path, listener, health);
    } catch (error) {
      listener?.close();
      const reason = error instanceof Error ? error.message : String(error);
      logger.info("nobody can ask this agent how it is", { reason });
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#listener.close();
    await this.#answering;
    await removeSocket(this.#path).catch(() => {});
  }

  async #answer(health: () => AgentHealth): Promise<void> {
    while (!this.#isClosed) {
      try {
        const conn = await this.#listener.accept();
        try {
          // The line fits into what the system holds for a peer that does not read.
          await conn.write(encodeUtf8(`${JSON.stringify(health())}\n`));
        } finally {
          conn.close();
        }
      } catch {
        // Who asked is gone, or the machine is short of something: the next one may have more luck.
        if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }
}

/** Removes a socket and nothing else that has its name. */
async function removeSocket(path: string): Promise<void> {
  try {
    if ((await Deno.lstat(path)).isSocket) await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Asks the agent that has this folder of state how it is.
 *
 * @throws {ConnectionError} where none answers, in time or at all.
 */
export async function askHealth(
  folder: string,
  { timeoutMs = HEALTH_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<AgentHealth> {
  const path = `${folder}/${HEALTH_SOCKET_NAME}`;
  let conn: Deno.UnixConn;
  try {
    conn = await Deno.connect({ transport: "unix", path });
  } catch (cause) {
    throw new ConnectionError("connection-refused", `no agent answers at ${JSON.stringify(path)}`, {
      cause,
      hint: "Name its folder with --state-dir; it has to be one that the agent can write to.",
    });
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn.close();
  }, timeoutMs);
  try {
    return decodeHealth(await readLine(conn));
  } catch (cause) {
    if (!isLate) {
      throw new ConnectionError("connection-lost", "the agent gave no answer", { cause });
    }
    throw new ConnectionError("timed-out", `the agent did not answer within ${timeoutMs} ms`);
  } finally {
    clearTimeout(timer);
    if (!isLate) conn.close();
  }
}

async function readLine(conn: Deno.UnixConn): Promise<string> {
  const bytes = new Uint8Array(MAX_HEALTH_LINE_BYTES);
  let length = 0;
  while (length < bytes.length) {
    const count = await conn.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return decodeUtf8(bytes.slice(0, length));
}

function decodeHealth(line: string): AgentHealth {
  const { serving, delivered } = JSON.parse(line);
  if (typeof serving === "boolean" && typeof delivered === "boolean") return { serving, delivered };
  throw new TypeError("not an answer of an agent");
}
