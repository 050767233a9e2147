/**
 * Frames, messages and streams as an agent gets them after READY: sections 5 and 7.
 *
 * @module
 */
import { NOTHING_TO_DO } from "./agent_opening.ts";
import {
  broken,
  brokenSilently,
  refusedByPeer,
  type Scenario,
  scenariosOf,
  TRUNCATED,
} from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
const PING = "ping 0102030405060708";
const LIVE = { isScript: true } as const;

const DELIVERY_OF_NOTHING = [
  "manifest {}",
  "manifest-data {}",
  "await DONE",
  'message {"State":"DONE-REPLY"}',
  "end",
];

function opened(name: string, outcome: string, steps: readonly string[]): Scenario {
  return bad(name, outcome, [...OPEN, ...steps]);
}

function unopened(name: string, steps: readonly string[]): Scenario {
  return opened(`frame_${name}`, brokenSilently("open-failed"), steps);
}

function malformedFrame(name: string, step: string): Scenario {
  return opened(`frame_${name}`, broken("frame-malformed"), [step]);
}

function malformedStream(name: string, steps: readonly string[]): Scenario {
  return opened(`stream_${name}`, broken("stream-malformed"), steps);
}

function action(stream: number, size: unknown): string {
  return `message {"State":"DANCE","Stream":${stream},"StreamSize":${size}}`;
}

/** Scenarios of the session in the agent's role. */
export const AGENT_SESSION: readonly Scenario[] = [
  // A ping's frame has 4 bytes of length, 9 of ciphertext, 16 of tag: 232 bits.
  unopened("flipped_length_down", [`hold ${PING}`, "held 0 flip 24"]),
  unopened("flipped_length_up", [`hold ${PING}`, `hold ${PING}`, "held 0 flip 25", "held 1"]),
  unopened("flipped_kind", [`hold ${PING}`, "held 0 flip 32"]),
  unopened("flipped_body", [`hold ${PING}`, "held 0 flip 100"]),
  unopened("flipped_tag_first", [`hold ${PING}`, "held 0 flip 111"]),
  unopened("flipped_tag_last", [`hold ${PING}`, "held 0 flip 224"]),
  unopened("replayed", [`hold ${PING}`, "held 0", "held 0"]),
  unopened("reordered", [`hold ${PING}`, "hold ping 0000000000000000", "held 1", "held 0"]),
  unopened("dropped", [`hold ${PING}`, "hold ping 0000000000000000", "held 1"]),
  unopened("garbage", [`bytes 00000011${"a5".repeat(17)}`]),
  bad("frame_reflected", brokenSilently("open-failed"), [...OPEN, "reflect"], LIVE),
  opened("frame_16_bytes", broken("frame-malformed"), ["bytes 00000010"]),
  opened("frame_65558_bytes", broken("frame-too-large"), ["bytes 00010016"]),
  opened("frame_4_gib", broken("frame-too-large"), ["bytes ffffffff"]),
  opened("frame_truncated", TRUNCATED, [`hold ${PING}`, "held 0 cut 28", "end"]),
  opened("frame_header_truncated", TRUNCATED, ["bytes 000000", "end"]),
  malformedFrame("kind_0", "frame 00"),
  malformedFrame("kind_8", "frame 080102030405060708"),
  malformedFrame("kind_255", "frame ff"),
  malformedFrame("chunk_without_stream", "frame 02000000"),
  malformedFrame("chunk_empty", "frame 0200000001"),
  malformedFrame("last_chunk_without_stream", "frame 03000000"),
  malformedFrame("window_short", "frame 0400000000000000"),
  malformedFrame("window_long", "frame 04000000000000000000"),
  malformedFrame("reset_short", "frame 050000000000"),
  malformedFrame("reset_long", "frame 0500000000000000"),
  malformedFrame("ping_short", "frame 0601020304050607"),
  malformedFrame("pong_long", "frame 07010203040506070809"),
  bad("frame_message_too_long", broken("frame-malformed"), [
    ...OPEN,
    `message {"State":"DANCE","Pad":"{pad ${65_537 - 26}}"}`,
  ], LIVE),
  good("frame_message_longest", [
    ...OPEN,
    `message {"State":"DANCE","Pad":"{pad ${65_536 - 26}}"}`,
    "await RESULT",
    ...DELIVERY_OF_NOTHING,
  ], LIVE),
  good("frame_ping_is_answered", [
    ...OPEN,
    PING,
    "wait 3",
    "frame 070000000000000000",
    "manifest {}",
    "manifest-data {}",
    "wait 6",
    'message {"State":"DONE-REPLY"}',
    "end",
  ]),
  opened("message_list", broken("message-malformed"), ["message []"]),
  opened("message_byte_order_mark", broken("message-malformed"), ["message \ufeff{}"]),
  opened("message_not_utf8", broken("message-malformed"), ["frame 017b22ff223a317d"]),
  opened("message_lone_surrogate", broken("message-malformed"), [
    'message {"State":"DANCE","New":"\\udfff"}',
  ]),
  opened("message_without_state", broken("message-malformed"), ["message {}"]),
  opened("message_state_lower_case", broken("message-malformed"), ['message {"State":"dance"}']),
  opened("message_result_unasked", broken("message-unexpected"), [
    'message {"State":"RESULT","Id":1,"Status":"UnknownCommand"}',
  ]),
  opened("message_failed", refusedByPeer("shutting-down"), [
    'message {"State":"FAILED","Code":"shutting-down"}',
    "end",
  ]),
  bad("message_action_id_malformed", broken("message-malformed"), [
    ...OPEN,
    'message {"State":"DANCE","Id":-1}',
  ]),
  bad("message_actions_without_end", broken("too-many-messages"), [
    ...OPEN,
    'repeat 2100 message {"State":"DANCE","Id":#}',
  ], LIVE),
  good("message_actions_are_answered", [
    ...OPEN,
    'message {"State":"DANCE","Id":9}',
    'message {"State":"SING","Stream":1,"StreamSize":3}',
    "await RESULT",
    "await RESULT",
    "reset 1 1",
    "skip-stream",
    ...DELIVERY_OF_NOTHING,
  ], LIVE),
  malformedStream("even", [action(2, 0)]),
  malformedStream("used_twice", [action(3, 0), "last 3 0", action(3, 0)]),
  malformedStream("descending", [action(3, 0), "last 3 0", action(1, 0)]),
  malformedStream("piece_of_none", ["last 1 0"]),
  malformedStream("piece_after_its_end", [action(1, 1), "last 1 1", "last 1 0"]),
  malformedStream("over_its_size", [action(1, 4), "last 1 5"]),
  malformedStream("ended_early", [action(1, 4), "last 1 3"]),
  malformedStream("not_ended", [action(1, 4), "chunk 1 4"]),
  malformedStream("grant_for_none", ["window 0 1"]),
  malformedStream("reset_of_none", ["reset 0 1"]),
  malformedStream("reset_of_a_later_one", ["reset 1 1"]),
  opened("stream_number_too_large", broken("message-malformed"), [action(2 ** 32, 0)]),
  opened("stream_size_too_large", broken("message-malformed"), [action(1, 2 ** 40 + 1)]),
  opened("stream_without_size", broken("message-malformed"), [
    'message {"State":"DANCE","Stream":1}',
  ]),
  bad("stream_too_many", broken("too-many-streams"), [
    ...OPEN,
    'repeat 257 message {"State":"DANCE","Stream":{odd},"StreamSize":1}',
  ], LIVE),
  bad("stream_window_exceeded", broken("window-exceeded"), [
    ...OPEN,
    action(1, 600_000),
    "repeat 8 chunk 1 65536",
    "chunk 1 1",
  ], LIVE),
  good("stream_window_full", [
    ...OPEN,
    action(1, 524_289),
    "repeat 8 chunk 1 65536",
    "await RESULT",
    "reset 1 1",
    "skip-stream",
    ...DELIVERY_OF_NOTHING,
  ], LIVE),
  good("stream_window_of_an_ended_one", [
    ...["line2 {}", ...NOTHING_TO_DO.slice(0, 4)],
    "window 0 1000000",
    "reset 0 1",
    'message {"State":"DONE-REPLY"}',
    "end",
  ]),
];
