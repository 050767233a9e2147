/** A keeper after its handshake, played by hand. */
import { type Bytes, encodeHex, joinBytes } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { encodeChunkFrame } from "../../protocol/frame.ts";
import { MAX_CHUNK_BYTES } from "../../protocol/limits.ts";
import { encodeManifest, type EncodeManifestOptions } from "../../protocol/manifest.ts";
import type { ManifestEntry } from "../../protocol/manifest_entry.ts";
import type { FramePeer } from "./frame_peer.ts";

/** The members of a message. */
export type Message = Record<string, unknown>;

/** What an agent said at the end. */
export interface TakenDone {
  /** Its counts. */
  readonly counts: Message;
  /** Its results. */
  readonly lines: readonly Message[];
  /** Its message. */
  readonly done: Message;
}

/** A keeper that a test plays. */
export class HandKeeper {
  /** Its end of the connection. */
  readonly peer: FramePeer;
  /** The code with which the agent refused the manifest, if it did. */
  refusal: string | null = null;
  #nextStream = 1;

  /** Takes a peer whose handshake is done. */
  constructor(peer: FramePeer) {
    this.peer = peer;
  }

  /** Announces a manifest and sends the bytes if the reply asks for them; says if they are held. */
  async sendManifest(
    entries: readonly ManifestEntry[],
    more: Message = {},
    options: EncodeManifestOptions = {},
  ): Promise<boolean> {
    const { bytes, digest } = await encodeManifest(entries, options);
    await this.peer.sendMessage({
      State: "MANIFEST",
      Id: 0,
      Revision: 1,
      Issued: 1_000,
      Expires: 2_000,
      Digest: encodeHex(digest),
      Size: bytes.length,
      ...more,
    });
    const reply = await this.peer.readMessage();
    if (reply["State"] === "FAILED") this.refusal = String(reply["Code"]);
    const isHeld = reply["Held"] !== false;
    if (!isHeld) await this.sendStream({ State: "MANIFEST-DATA", Id: 0 }, bytes);
    return isHeld;
  }

  /** Sends a message and its stream. */
  async sendStream(message: Message, bytes: Bytes): Promise<void> {
    const streamId = this.announce();
    await this.peer.sendMessage({ Stream: streamId, StreamSize: bytes.length, ...message });
    await this.sendPieces(streamId, bytes);
  }

  /** Takes the next number of a stream. */
  announce(): number {
    const id = this.#nextStream;
    this.#nextStream += 2;
    return id;
  }

  /** Sends all the bytes of a stream, which must fit the window. */
  async sendPieces(streamId: number, bytes: Bytes): Promise<void> {
    let offset = 0;
    do {
      const piece = bytes.slice(offset, offset + MAX_CHUNK_BYTES);
      offset += piece.length;
      await this.peer.send(encodeChunkFrame(piece, { streamId, isLast: offset === bytes.length }));
    } while (offset < bytes.length);
  }

  /** Answers a request with contents; `more` bends the message. */
  async answer(request: Message, bytes: Bytes, more: Message = {}): Promise<void> {
    const message = {
      State: "DATA",
      Id: request["Id"],
      Status: "Success",
      Offset: 0,
      Digest: encodeHex(await sha256Digest(bytes)),
      Mode: 0o600,
      ...more,
    };
    await this.sendStream(message, bytes);
  }

  /** Answers a batch with the contents of its files; `more` bends the message. */
  async answerBatch(
    request: Message,
    contents: readonly Bytes[],
    more: Message = {},
  ): Promise<void> {
    const message = { State: "BATCH-DATA", Id: request["Id"], ...more };
    await this.sendStream(message, joinBytes(contents));
  }

  /** Takes DONE and the lines of its stream; grants and resets in between are passed over. */
  async takeDone(): Promise<TakenDone> {
    let done: Message | null = null;
    const text: string[] = [];
    for (;;) {
      const frame = await this.peer.readFrame();
      if (frame === null) throw new TypeError("the agent ended before DONE");
      if (frame.kind === "message") {
        done = JSON.parse(new TextDecoder().decode(frame.json));
        if (done?.["State"] !== "DONE") {
          throw new TypeError(`expected DONE, got ${done?.["State"]}`);
        }
      } else if (frame.kind === "chunk" && done !== null) {
        text.push(new TextDecoder().decode(frame.bytes));
        if (frame.isLast) break;
      }
    }
    const lines = text.join("").split("\n").filter((line) => line !== "");
    const counts = done["Counts"] as Message;
    return { counts, lines: lines.map((line) => JSON.parse(line)), done };
  }

  /** Replies to DONE and closes. */
  async finish(): Promise<void> {
    await this.peer.sendMessage({ State: "DONE-REPLY" });
    await this.peer.link.close();
  }
}
