"""Runs node and vault against peers that are not quite like the original."""

import pathlib
import socket
import tempfile
import threading

import wire
from selftest_programs import Program, running_node


class OddNode:
    """A node under the test's control, for a vault to dial."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def run(self, play, private_key):
        """Accepts one vault, exchanges keys and does the rest as told."""
        with self.server, self.server.accept()[0] as sock, sock.makefile("rb") as reader:
            wire.send(sock, wire.make_keysent(private_key))
            key = wire.unwrap_session_key(private_key, wire.receive_line(reader))
            test = {"State": "STARTAES", "Text": "Test", "fill": "", "more": [1, {"a": None}]}
            wire.send(sock, wire.seal(key, test))
            passed = wire.unseal(key, wire.receive_line(reader))
            return [passed, play(sock, reader, key)]


def dial_odd_node(scratch, play, private_key, dialect="class"):
    """Lets a vault dial an odd node; returns what the node saw and what the vault says."""
    odd = OddNode()
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(odd.run(play, private_key)))
    thread.start()
    arguments = ("--dir", scratch, "--port", odd.port, "--dialect", dialect)
    events, _ = Program("vault.py", *arguments).end()
    thread.join()
    return seen, events[0]


def ask(message):
    """Returns a play: one message, its answer, DONE."""
    def play(sock, reader, key):
        wire.send(sock, wire.seal(key, message))
        answer = reader.readline()
        wire.send(sock, wire.seal(key, {"State": "DONE"}), newline=False)
        return wire.unseal(key, wire.decode(answer)) if answer else None
    return play


def send_in_two(sock, reader, key):
    """A play: a message in two segments, of which the vault takes the first for all of it."""
    raw = wire.encode(wire.seal(key, {"State": "DONE"}))
    sock.sendall(raw[:20])
    return reader.readline()


def send_too_much(sock, reader, key):
    """A play: 8192 bytes and a line break, of which one read leaves the line break behind."""
    request = {"State": "REQUEST", "FILE": "none", "crc32": 0, "fill": ""}
    request["fill"] = "0" * ((wire.RECEIVE_BYTES - len(wire.encode(wire.seal(key, request)))) // 2)
    wire.send(sock, wire.seal(key, request))
    return wire.unseal(key, wire.receive_line(reader))["Status"]


def check_vault_alone(checks, scratch):
    """Checks what a vault does with nodes that are not quite like the original."""
    private_key = wire.make_private_key()
    request = {"State": "REQUEST", "more": {"b": [1.5]}, "crc32": "0", "FILE": "none"}
    seen, event = dial_odd_node(scratch, ask(request), private_key)
    checks.equal("echo in STARTAES", list(seen[0].items()), [
        ("State", "STARTAES"), ("Text", "Passed"), ("fill", ""), ("more", [1, {"a": None}])])
    expected = {**request, "State": "DATA", "Body": "", "Status": "FileNotFound"}
    checks.equal("echo in DATA", list(seen[1].items()), list(expected.items()))
    checks.equal("odd node, complete", event["complete"], True)
    unknown = {"State": "MORE", "x": 1}
    seen, event = dial_odd_node(scratch, ask(unknown), private_key, "poc")
    checks.equal("unknown, poc", seen[1], {**unknown, "Body": "", "Status": "Unknown Command"})
    checks.equal("unknown, poc", (event["complete"], event["files"]), (True, {}))
    seen, event = dial_odd_node(scratch, ask(unknown), private_key, "class")
    checks.equal("unknown, class", (seen[1], event["complete"]), (None, False))
    for name in ("../x", "/x", "a/../../x", "x\0", "\ud800"):
        seen, event = dial_odd_node(scratch, ask({**request, "FILE": name}), private_key)
        checks.equal(f"name {name!r}", (seen[1], event["complete"]), (None, False))
    seen, event = dial_odd_node(scratch, send_in_two, private_key)
    checks.equal("two segments", (seen[1], event["error"]), (b"", "this is not one JSON object"))
    seen, event = dial_odd_node(scratch, send_too_much, private_key)
    checks.equal("8193 bytes", seen[1], "FileNotFound")
    checks.equal("8193 bytes", event["error"], "this is not one JSON object")


def dial(port, play):
    """Dials a node, exchanges keys and does the rest as told."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        key, aeskey = wire.make_aeskey(wire.receive_once(sock))
        wire.send(sock, {name: value.upper() if name == "tag" else value
                         for name, value in reversed(aeskey.items())})
        test = wire.unseal(key, wire.receive_once(sock))
        passed = wire.encode(wire.seal(key, {"more": 1, **test, "Text": "Passed"}))
        sock.sendall(b"  " + passed[:9])
        sock.sendall(passed[9:] + b"\r\n")
        return play(sock, key, wire.unseal(key, wire.receive_once(sock)))


def answer_with(**fields):
    """Returns a play: one answer, and what the node says then, as far as it says something."""
    def play(sock, key, request):
        data = {"State": "DATA", "FILE": request["FILE"], "Status": "Match", "Body": ""}
        wire.send(sock, wire.seal(key, {**data, **fields}))
        try:
            return wire.unseal(key, wire.receive_once(sock))["State"]
        except wire.WireError:
            return None
    return play


def shut_down(sock, key, request):
    """A play: an answer that ends with the vault's half of the connection."""
    data = {**request, "State": "DATA", "Status": "Match", "Body": ""}
    wire.send(sock, wire.seal(key, data), newline=False)
    sock.shutdown(socket.SHUT_WR)
    return wire.unseal(key, wire.receive_once(sock))["State"]


def send_after_done(sock, key, request):
    """A play: an answer that nobody asked for."""
    state = answer_with()(sock, key, request)
    wire.send(sock, wire.seal(key, {**request, "State": "DATA", "Status": "Match", "Body": ""}))
    sock.recv(1)
    return state


def listen_for_line_ends(sock, key, request):
    """A play: which of the messages from here on end in a line break."""
    ends = []
    for _ in range(2):
        wire.send(sock, wire.seal(key, {**request, "State": "DATA", "Status": "Match", "Body": ""}))
        ends.append(sock.recv(wire.RECEIVE_BYTES).endswith(b"\n"))
    return ends


def check_line_ends(checks, scratch):
    """Checks which messages end in a line break, as they come from a running node."""
    for dialect, expected in (("poc", True), ("class", False)):
        arguments = ("--dialect", dialect, "--dir", scratch, "a.txt", "a.txt")
        with running_node(checks, *arguments) as (_, port):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                raw = sock.recv(wire.RECEIVE_BYTES)
                checks.equal(f"{dialect}, KEYSENT", (len(raw), raw[-1:]), (496, b"\n"))
            ends = dial(port, listen_for_line_ends)
            checks.equal(f"{dialect}, REQUEST and DONE", ends, [expected] * 2)


PLAYS = [
    # Label, dialect, play, what the node says next, whether the session is complete.
    ("match", "poc", answer_with(), "DONE", True),
    ("other name", "class", answer_with(FILE="b.txt"), None, False),
    ("other state", "poc", answer_with(State="REQUEST"), "REQUEST", False),
    ("other state", "class", answer_with(State="REQUEST"), None, False),
    ("other status", "poc", answer_with(Status="Odd"), None, False),
    ("body not text", "poc", answer_with(Status="Success", Body=None), None, False),
    ("body not Unicode", "poc", answer_with(Status="Success", Body="\ud800"), None, False),
    ("half closed", "class", shut_down, "DONE", True),
    ("after DONE", "poc", send_after_done, "DONE", False),
]


def check_node_alone(checks, scratch):
    """Checks what a node does with vaults that are not quite like the original."""
    for dialect in wire.DIALECTS:
        arguments = ("--dialect", dialect, "--prompt-key", "--dir", scratch / dialect, "a.txt")
        with running_node(checks, *arguments) as (program, port):
            for label, _, play, state, complete in (row for row in PLAYS if row[1] == dialect):
                checks.equal(f"{dialect}, {label}", dial(port, play), state)
                checks.equal(f"{dialect}, {label}", program.next_event()["complete"], complete)
        checks.equal(f"{dialect}, nothing written", list((scratch / dialect).iterdir()), [])


def check_odd_peers(checks):
    """Runs all checks of this module."""
    for check in (check_vault_alone, check_node_alone, check_line_ends):
        with tempfile.TemporaryDirectory() as scratch:
            check(checks, pathlib.Path(scratch))
