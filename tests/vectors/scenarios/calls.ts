/**
 * Calls as either side gets them: section 13, and the streams that are open-ended: section 7.
 *
 * @module
 */
import { broken, type Scenario, type ScenarioOptions, scenariosOf, TRUNCATED } from "./scenario.ts";

const agent = scenariosOf("agent");
const keeper = scenariosOf("keeper");
const OPEN = ["line2 {}", "passed {}"];
const CLAIMED = [
  ...["line1 {}", "read-line2", "claim {}", "await STARTAES"],
  'ready {"Wants":["files","calls"]}',
];
const OFFERED = ["calls", "offered"] as const;
const LIVE = { isScript: true } as const;

type Members = Readonly<Record<string, unknown>>;

function say(State: string, members: Members = {}): string {
  return `message ${JSON.stringify({ State, Id: 0, ...members })}`;
}

function call(Action: string, members: Members = {}): string {
  return say("CALL", { Action, ...members });
}

const SUCCESS = say("RESULT", { Status: "Success", Output: "yes" });
const ENDED = ['message {"State":"END"}', "await END-REPLY", "end"];
const DELIVERED = [
  ...["manifest {}", "manifest-data {}", "await DONE"],
  ...['message {"State":"DONE-REPLY"}', "end"],
];
const HELD = ["await MANIFEST", 'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}'];

/** An agent that is called. */
function called(name: string, outcome: string, steps: readonly string[]): Scenario {
  return agent.bad(`call_${name}`, outcome, [...OPEN, ...steps], { header: [OFFERED] });
}

/** An agent that is called, and ends well. */
function answered(name: string, steps: readonly string[], options: ScenarioOptions = {}): Scenario {
  const header = [OFFERED, ...options.header ?? []];
  return agent.good(`call_${name}`, [...OPEN, ...steps], { ...LIVE, header });
}

/** An agent that calls. */
function calling(name: string, outcome: string, steps: readonly string[]): Scenario {
  const header = [["call", "ask 1"]] as const;
  return agent.bad(`calling_${name}`, outcome, [...OPEN, "await CALL", ...steps], {
    ...LIVE,
    header,
  });
}

function callingWell(name: string, answers: readonly string[], steps: readonly string[]): Scenario {
  const header = [["call", "ask 1"], ...answers.map((each) => ["answer", each] as const)] as const;
  return agent.good(`calling_${name}`, [...OPEN, "await CALL", ...steps, ...ENDED], {
    ...LIVE,
    header,
  });
}

/** A keeper that is called, and calls. */
function kept(name: string, outcome: string, steps: readonly string[]): Scenario {
  const header = [OFFERED, ["call", "ask 1"]] as const;
  return keeper.bad(`keeper_${name}`, outcome, [...CLAIMED, "await CALL", ...HELD, ...steps], {
    header,
  });
}

const MALFORMED = broken("message-malformed");
const UNEXPECTED = broken("message-unexpected");
const STREAM = { Stream: 1, StreamOpen: true };

/** Scenarios of calls. */
export const CALLS: readonly Scenario[] = [
  answered("answered", [call("echo", { Input: [1, null] }), "await RESULT", ...ENDED]),
  answered("answered_beside_a_delivery", [
    ...["manifest {}", call("echo"), "await RESULT", "manifest-data {}", "await DONE"],
    ...[call("echo", { Id: 1 }), "await RESULT", 'message {"State":"DONE-REPLY"}', "end"],
  ]),
  answered("of_unknown_action", [call("sing"), "await RESULT", ...ENDED]),
  answered("that_fails", [call("fail"), "await RESULT", ...ENDED]),
  answered("with_null_for_what_is_absent", [
    call("echo", { Input: null, OneWay: null }),
    ...["await RESULT", ...ENDED],
  ]),
  answered("of_the_longest_name", [call("{pad 64}"), "await RESULT", ...ENDED]),
  answered("cancelled", [call("hold"), say("CANCEL"), "await RESULT", say("CANCEL"), ...ENDED]),
  answered("one_way", [call("hold", { OneWay: true }), say("CANCEL"), ...ENDED]),
  answered("with_open_ended_bytes", [
    call("echo", STREAM),
    ...["await PROGRESS", "chunk 1 5", "chunk 1 70", "last 1 0", "await RESULT"],
    ...ENDED,
  ]),
  answered("with_more_bytes_than_a_window", [
    call("echo", STREAM),
    ...["await PROGRESS", "repeat 8 chunk 1 65536", "window 0 600000", "wait 8"],
    ...["chunk 1 65536", "last 1 7", "await RESULT", ...ENDED],
  ]),
  answered("with_bytes_of_a_size", [
    call("echo", { Stream: 1, StreamSize: 3 }),
    ...["await PROGRESS", "last 1 3", "await RESULT", ...ENDED],
  ]),
  answered("whose_bytes_are_given_up", [
    call("echo", STREAM),
    ...["await PROGRESS", "chunk 1 5", "reset 1 1", "await RESULT", ...ENDED],
  ]),
  answered("whose_answer_is_given_up", [
    call("echo", STREAM),
    ...["await PROGRESS", "reset 0 1", "chunk 1 5", "last 1 0", "await RESULT", ...ENDED],
  ]),
  answered("of_64_at_once", [
    'repeat 64 message {"State":"CALL","Id":#,"Action":"hold"}',
    'repeat 64 message {"State":"CANCEL","Id":#}',
    ...["repeat 64 await RESULT", ...ENDED],
  ]),
  agent.good("call_where_there_are_none", [
    ...OPEN,
    call("echo", STREAM),
    ...["skip-stream", "await RESULT", say("CANCEL"), ...DELIVERED],
  ], LIVE),
  agent.good("call_end_where_there_are_none", [...OPEN, ...ENDED], LIVE),
  called("number_used_before", UNEXPECTED, [call("hold"), call("hold")]),
  called("number_below_the_last", UNEXPECTED, [call("hold", { Id: 2 }), call("hold", { Id: 1 })]),
  called("without_a_number", MALFORMED, [call("echo", { Id: null })]),
  called("number_of_33_bits", MALFORMED, [call("echo", { Id: 2 ** 32 })]),
  called("of_nothing", MALFORMED, [say("CALL")]),
  called("of_a_name_with_a_capital", MALFORMED, [call("Echo")]),
  called("of_a_name_too_long", MALFORMED, [call("{pad 65}")]),
  called("one_way_by_a_word", MALFORMED, [call("echo", { OneWay: "yes" })]),
  called("nested_too_deep", MALFORMED, [
    call("echo", { Input: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]] }),
  ]),
  called("with_a_size_and_none", MALFORMED, [call("echo", { ...STREAM, StreamSize: 1 })]),
  called("with_no_size_at_all", MALFORMED, [call("echo", { Stream: 1 })]),
  called("with_a_size_that_is_open_by_a_word", MALFORMED, [
    call("echo", { Stream: 1, StreamOpen: "yes" }),
  ]),
  called("with_an_even_stream", broken("stream-malformed"), [
    call("echo", { ...STREAM, Stream: 2 }),
  ]),
  called("with_bytes_behind_the_end", broken("stream-malformed"), [
    call("hold", STREAM),
    ...["chunk 1 5", "last 1 0", "chunk 1 1"],
  ]),
  agent.bad("call_with_bytes_beyond_the_window", broken("window-exceeded"), [
    ...OPEN,
    call("hold", STREAM),
    ...["repeat 8 chunk 1 65536", "chunk 1 1"],
  ], { ...LIVE, header: [OFFERED] }),
  agent.bad("calls_open_65", broken("too-many-messages"), [
    ...OPEN,
    'repeat 65 message {"State":"CALL","Id":#,"Action":"hold"}',
  ], { ...LIVE, header: [OFFERED] }),
  called("cancelled_before_it_is_made", UNEXPECTED, [say("CANCEL")]),
  called("cancelled_by_no_number", MALFORMED, [call("hold"), say("CANCEL", { Id: null })]),
  called("open_at_the_end", UNEXPECTED, [call("hold"), 'message {"State":"END"}']),
  called("behind_the_transport", TRUNCATED, [call("hold"), "end"]),
  agent.bad("call_open_at_done_reply", UNEXPECTED, [
    ...OPEN,
    ...["manifest {}", "manifest-data {}", "await DONE", call("hold")],
    'message {"State":"DONE-REPLY"}',
  ], { ...LIVE, header: [OFFERED] }),
  called("end_behind_a_manifest", UNEXPECTED, ["manifest {}", 'message {"State":"END"}']),
  called("end_reply_from_a_keeper", UNEXPECTED, ['message {"State":"END-REPLY"}']),
  called("answer_to_nothing", UNEXPECTED, [SUCCESS]),
  called("progress_of_nothing", UNEXPECTED, [say("PROGRESS", { Output: 1 })]),
  called("unknown_to_nothing", UNEXPECTED, [say("RESULT", { Status: "UnknownCommand" })]),
  called("manifest_without_a_size", MALFORMED, [
    "manifest {}",
    'message {"State":"MANIFEST-DATA","Id":0,"Stream":1,"StreamOpen":true}',
  ]),

  callingWell("answered", ['ask "yes"'], [SUCCESS]),
  callingWell("without_output", ["ask nothing"], [say("RESULT", { Status: "Success" })]),
  callingWell("failed", ["ask full"], [say("RESULT", { Status: "Failed", Code: "full" })]),
  callingWell("failed_without_a_code", ["ask failed"], [
    say("RESULT", { Status: "Failed", Output: 1 }),
  ]),
  callingWell("unknown", ["ask unknown-action"], [
    ...[say("RESULT", { Status: "UnknownCommand" }), say("RESULT", { Status: "UnknownCommand" })],
  ]),
  callingWell("with_progress", ['ask 1 {"a":2} "yes"'], [
    ...[say("PROGRESS", { Output: 1 }), say("PROGRESS"), say("PROGRESS", { Output: { a: 2 } })],
    SUCCESS,
  ]),
  callingWell("with_bytes", ['ask abc "yes"'], [
    ...[say("PROGRESS", STREAM), "text-last 1 abc", SUCCESS],
  ]),
  callingWell("with_bytes_of_a_size", ['ask abc "yes"'], [
    ...[say("PROGRESS", { Stream: 1, StreamSize: 3 }), "text-last 1 abc", SUCCESS],
  ]),
  callingWell("with_bytes_given_up", ["ask full"], [
    ...[say("PROGRESS", STREAM), "chunk 1 5", "reset 1 1"],
    say("RESULT", { Status: "Failed", Code: "full" }),
  ]),
  calling("answered_twice", UNEXPECTED, [SUCCESS, SUCCESS]),
  calling("answered_otherwise", UNEXPECTED, [say("RESULT", { Status: "Success", Id: 1 })]),
  calling("answered_by_another_status", MALFORMED, [say("RESULT", { Status: "Match" })]),
  calling("answered_without_a_number", UNEXPECTED, [
    say("RESULT", { Status: "UnknownCommand", Id: null }),
  ]),
  calling("failed_with_a_text", MALFORMED, [
    say("RESULT", { Status: "Failed", Code: "It does not work." }),
  ]),
  calling("progress_behind_the_answer", UNEXPECTED, [SUCCESS, say("PROGRESS", { Output: 1 })]),
  calling("two_streams", UNEXPECTED, [
    say("PROGRESS", STREAM),
    say("PROGRESS", { ...STREAM, Stream: 3 }),
  ]),
  calling("answered_before_its_bytes", UNEXPECTED, [say("PROGRESS", STREAM), SUCCESS]),
  calling("cut_off", TRUNCATED, ["end"]),

  keeper.good("keeper_called_and_calling", [
    ...[...CLAIMED, "await CALL", ...HELD, call("echo", { Input: 2 }), "await RESULT", SUCCESS],
    ...['done {} ""', "await DONE-REPLY", "end"],
  ], { header: [OFFERED, ["call", "ask 1"], ["answer", 'ask "yes"']] }),
  keeper.good("keeper_calling_after_done", [
    ...[...CLAIMED, "await CALL", ...HELD, 'done {} ""', SUCCESS, "await DONE-REPLY", "end"],
  ], { header: [["call", "ask 1"], ["answer", 'ask "yes"']] }),
  keeper.good("keeper_that_only_calls", [
    ...[...CLAIMED, "await CALL", call("echo"), "await RESULT", SUCCESS, "await END"],
    ...[call("fail", { Id: 1 }), "await RESULT", 'message {"State":"END-REPLY"}', "end"],
  ], { header: [OFFERED, ["call", "ask 1"], ["answer", 'ask "yes"'], ["calls-only", "yes"]] }),
  keeper.bad("keeper_that_only_calls_cut_off", TRUNCATED, [
    ...[...CLAIMED, "await CALL", SUCCESS, "await END", "end"],
  ], { header: [["call", "ask 1"], ["calls-only", "yes"]] }),
  keeper.bad("keeper_that_only_calls_gets_done_reply", UNEXPECTED, [
    ...[...CLAIMED, "await CALL", SUCCESS, "await END", 'message {"State":"DONE-REPLY"}'],
  ], { header: [["call", "ask 1"], ["calls-only", "yes"]] }),
  kept("call_behind_done", UNEXPECTED, ['done {} ""', call("echo")]),
  kept("one_way_behind_done", UNEXPECTED, [
    ...['done {} ""', call("echo", { OneWay: true })],
  ]),
  kept("call_open_at_done", UNEXPECTED, [call("hold"), 'done {} ""']),
  kept("end_reply_in_a_delivery", UNEXPECTED, ['message {"State":"END-REPLY"}']),
  kept("end_from_an_agent", UNEXPECTED, ['message {"State":"END"}']),
  kept("number_used_before", UNEXPECTED, [call("hold"), call("hold")]),
  kept("answered_twice", UNEXPECTED, [SUCCESS, SUCCESS]),
  kept("stream_odd", broken("stream-malformed"), [call("echo", STREAM)]),
];
