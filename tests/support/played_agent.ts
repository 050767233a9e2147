/** Agents that a test plays by hand through the handshake and then lets do as they like. */
import type { Bytes } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { encodeChunkFrame } from "../../protocol/frame.ts";
import { MAX_CHUNK_BYTES } from "../../protocol/limits.ts";
import { encodeWorkMessage } from "../../protocol/message_encoding.ts";
import { countResults, encodeResults, type FileResult } from "../../protocol/results.ts";
import type { Behaviour } from "./fake_fleet.ts";
import { FramePeer } from "./frame_peer.ts";

/** An agent that reads a manifest like any other, says that it holds it, and goes on as told. */
export function playedAgent(play: (peer: FramePeer) => Promise<void>): Behaviour {
  return async (duplex) => {
    await using peer = await FramePeer.openAsAgent(duplex);
    await peer.sendMessage(await peer.claim());
    await peer.readMessage();
    await peer.sendMessage({ State: "READY", Software: "hand/1", Wants: ["files"] });
    const manifest = await peer.readMessage();
    const id = Number(manifest["Id"]);
    await peer.sendMessage(
      encodeWorkMessage({ state: "MANIFEST-REPLY", id, isHeld: true, hasOther: false }),
    );
    await play(peer);
  };
}

/** Asks for a file; returns the status of the answer. */
export async function askFor(
  peer: FramePeer,
  question: { readonly id: number; readonly file: string },
): Promise<unknown> {
  const rest = { digest: null, offset: 0, prefix: null };
  await peer.sendMessage({ ...encodeWorkMessage({ state: "REQUEST", ...question, ...rest }) });
  return (await peer.readMessage())["Status"];
}

/** Says DONE with these results and waits for the keeper's reply. */
export async function sayDone(peer: FramePeer, results: readonly FileResult[]): Promise<void> {
  const bytes: Bytes = encodeResults({ files: results, hooks: [] });
  const digest = await sha256Digest(bytes);
  const stream = 0;
  const counts = countResults(results);
  await peer.sendMessage(
    encodeWorkMessage({
      state: "DONE",
      counts,
      stream,
      size: bytes.length,
      digest,
      signature: null,
    }),
  );
  for (let offset = 0; offset === 0 || offset < bytes.length; offset += MAX_CHUNK_BYTES) {
    const chunk = bytes.subarray(offset, offset + MAX_CHUNK_BYTES);
    const isLast = offset + MAX_CHUNK_BYTES >= bytes.length;
    await peer.send(encodeChunkFrame(chunk, { streamId: stream, isLast }));
  }
  await peer.readMessage();
}
