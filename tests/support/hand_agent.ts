/** An agent after its handshake, played by hand. */
import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { encodeChunkFrame } from "../../protocol/frame.ts";
import { decodeManifest } from "../../protocol/manifest.ts";
import { assertEquals } from "./assert.ts";
import type { FramePeer } from "./frame_peer.ts";

/** The members of a message. */
export type Message = Record<string, unknown>;

/** The counts of a delivery in which nothing was declared. */
export const NOTHING: Message = {
  Created: 0,
  Updated: 0,
  Reowned: 0,
  Removed: 0,
  Unchanged: 0,
  Missing: 0,
  Failed: 0,
};

/** An agent that a test plays from the manifest on. */
export class HandAgent {
  /** Its end of the connection. */
  readonly peer: FramePeer;
  #nextStream = 0;

  /** Takes a peer whose handshake is done. */
  constructor(peer: FramePeer) {
    this.peer = peer;
  }

  /** Takes the manifest and returns its paths. */
  async takeManifest(): Promise<string[]> {
    const { Id } = await this.peer.readMessage();
    await this.peer.sendMessage({ State: "MANIFEST-REPLY", Id, Held: false });
    const data = await this.peer.readMessage();
    return decodeManifest(await this.readStream(data)).entries.map(({ path }) => path);
  }

  /** Reads the stream that a message announced; nothing else may come in between. */
  async readStream(message: Message): Promise<Bytes> {
    const pieces: number[] = [];
    for (;;) {
      const frame = await this.peer.readFrame();
      if (frame?.kind !== "chunk" || frame.streamId !== message["Stream"]) {
        throw new TypeError(`expected a piece of the stream, got ${frame?.kind}`);
      }
      pieces.push(...frame.bytes);
      if (frame.isLast) return new Uint8Array(pieces);
    }
  }

  /** Asks for a file. */
  async request(id: number, file: string, more: Message = {}): Promise<void> {
    await this.peer.sendMessage({ State: "REQUEST", Id: id, File: file, Digest: null, ...more });
  }

  /** Asks for the files with these numbers. */
  async batch(id: number, entries: readonly number[], more: Message = {}): Promise<void> {
    await this.peer.sendMessage({ State: "BATCH", Id: id, Entries: entries, ...more });
  }

  /** Says DONE, with counts that are right unless the test has others. */
  async sayDone(
    lines: readonly Message[] = [],
    counts: Message = {},
    more: Message = {},
  ): Promise<void> {
    const bytes = encodeUtf8(lines.map((line) => JSON.stringify(line) + "\n").join(""));
    const stream = this.#nextStream;
    this.#nextStream += 2;
    await this.peer.sendMessage({
      State: "DONE",
      Counts: { ...NOTHING, ...counts },
      Stream: stream,
      StreamSize: bytes.length,
      Digest: encodeHex(await sha256Digest(bytes)),
      ...more,
    });
    await this.peer.send(encodeChunkFrame(bytes, { streamId: stream, isLast: true }));
  }

  /** Takes the reply to DONE and closes. */
  async finish(): Promise<void> {
    assertEquals(await this.peer.readMessage(), { State: "DONE-REPLY" });
    await this.peer.link.close();
  }
}
