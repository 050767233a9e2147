"""Runs node and vault against each other, as programs."""

import contextlib
import itertools
import json
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile

import wire

HERE = pathlib.Path(__file__).parent


class Program:
    """A program of this folder that prints one event in each line."""

    def __init__(self, name, *arguments):
        command = [sys.executable, str(HERE / name), *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def next_event(self):
        """Waits for the next line."""
        return json.loads(self.process.stdout.readline())

    def end(self):
        """Waits for the end and returns the remaining events and the status."""
        with self.process.stdout as stdout:
            events = [json.loads(line) for line in stdout]
        return events, self.process.wait()

    def stop(self):
        """Ends a node and returns its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()[1]


@contextlib.contextmanager
def running_node(checks, *arguments):
    """Runs a node with one listener; it has to end well when told to."""
    program = Program("node.py", *arguments)
    try:
        yield program, program.next_event()["port"]
    finally:
        checks.equal("status of the node", program.stop(), 0)


#: What takes more than one read of the size that the vault's reads have.
BIG = b"".join(b"line %05d abcdefghijklmnopqrstuvwxyz\n" % number for number in range(600))

#: Letters, a line separator that is not translated, a NUL.
UNICODE = "gr\u00fc\u00dfe \u2028\0\n".encode("utf-8")

#: What the vault has, and how it stands at the node afterwards.
DELIVERED = {
    "plain.txt": (b"one\n", b"one\n"),
    "d\u00fcrf \U0001f511.txt": (UNICODE, UNICODE),
    "crlf.txt": (b"a\r\nb\rc\n", b"a\nb\nc\n"),
    "bom.txt": (b"\xef\xbb\xbfhello\n", b"\xef\xbb\xbfhello\n"),
    "big.txt": (BIG, BIG),
    "sub/a.txt": (b"in sub\n", b"in sub\n"),
}

NAMES = [*DELIVERED, "missing.txt", "empty.txt"]


def statuses(default, others=()):
    """Returns the expected status of all names; a missing and an empty file are what they are."""
    special = {"missing.txt": "FileNotFound", "empty.txt": "Match"}
    return {**dict.fromkeys(NAMES, default), **special, **dict(others)}


class Pair:
    """The folders of a node and of a vault, and a running node."""

    def __init__(self, checks, scratch, node_dialect, vault_dialect):
        self.checks = checks
        self.label = f"{node_dialect} node, {vault_dialect} vault"
        self.node_folder, self.vault_folder = scratch / "new" / "node", scratch / "vault"
        self.vault_dialect = vault_dialect
        self.node_arguments = ["--dialect", node_dialect, "--dir", self.node_folder, *NAMES]
        (self.vault_folder / "sub").mkdir(parents=True)
        (self.vault_folder / "empty.txt").write_bytes(b"")
        for name, (content, _) in DELIVERED.items():
            (self.vault_folder / name).write_bytes(content)

    def run(self):
        """Delivers, delivers again, and delivers after changes on either side."""
        with running_node(self.checks, *self.node_arguments) as (program, self.port):
            self.program = program
            self.deliver("first delivery", statuses("Success"))
            self.check_files()
            self.deliver("all match", statuses("Match"))
            (self.vault_folder / "plain.txt").write_bytes(b"two\n")
            (self.node_folder / "bom.txt").write_bytes(b"tampered\n")
            (self.node_folder / "empty.txt").write_bytes(b"not empty\n")
            changed = dict.fromkeys(("plain.txt", "bom.txt", "empty.txt"), "Success")
            self.deliver("changed", statuses("Match", changed))
            self.equal("changed", (self.node_folder / "plain.txt").read_bytes(), b"two\n")
            self.equal("emptied", (self.node_folder / "empty.txt").read_bytes(), b"")
            (self.vault_folder / "plain.txt").write_bytes(b"\xff")
            self.break_off()

    def equal(self, what, actual, expected):
        """Checks something of this pair."""
        self.checks.equal(f"{self.label}: {what}", actual, expected)

    def dial(self):
        """Runs one session and returns what both sides say of it, and the vault's status."""
        arguments = ("--dir", self.vault_folder, "--port", self.port)
        events, status = Program("vault.py", *arguments, "--dialect", self.vault_dialect).end()
        return events[0], self.program.next_event(), status

    def deliver(self, what, expected):
        """Runs one session that has to be complete."""
        ours, theirs, status = self.dial()
        for event in (ours, theirs):
            self.equal(what, (event["complete"], event["error"]), (True, None))
            self.equal(what, event["files"], expected)
        self.equal(f"{what}, status", status, 0)

    def break_off(self):
        """Runs a session in which the vault has a file that it cannot send."""
        ours, theirs, status = self.dial()
        self.equal("broken off", (ours["complete"], theirs["complete"], status), (False, False, 1))
        self.equal("reason", ours["error"], "the file is not UTF-8")

    def check_files(self):
        """Checks what the first delivery left at the node."""
        for name, (_, expected) in DELIVERED.items():
            path = self.node_folder / name
            self.equal(name, path.read_bytes(), expected)
            self.equal(f"mode of {name}", oct(path.stat().st_mode & 0o777), "0o644")
        for name in ("missing.txt", "empty.txt"):
            self.equal(f"{name} is absent", (self.node_folder / name).exists(), False)


def check_fleet(checks, scratch):
    """Checks several nodes in one program, and a vault that dials all of them twice."""
    (scratch / "vault").mkdir()
    (scratch / "vault" / "a.txt").write_bytes(b"one\n")
    nodes = Program("node.py", "--nodes", 3, "--prompt-key", "--dir", scratch / "nodes", "a.txt")
    listening = [nodes.next_event() for _ in range(3)]
    hosts = ",".join(f"127.0.0.1:{event['port']}" for event in listening)
    arguments = ("--dir", scratch / "vault", "--hosts", hosts, "--sessions", 2)
    events, status = Program("vault.py", *arguments).end()
    checks.equal("fleet, status", status, 0)
    outcomes = [event["files"]["a.txt"] for event in events]
    checks.equal("fleet, outcomes", outcomes, ["Success"] * 3 + ["Match"] * 3)
    checks.equal("fleet, order", ",".join(event["host"] for event in events[:3]), hosts)
    for event in listening:
        content = pathlib.Path(event["dir"], "a.txt").read_bytes()
        checks.equal("fleet, delivered", content, b"one\n")
    checks.equal("fleet, status of the nodes", nodes.stop(), 0)


def check_together(checks, scratch):
    """Checks that vaults at the same time do not get in each other's way."""
    (scratch / "vault").mkdir()
    (scratch / "vault" / "a.txt").write_bytes(b"one\n")
    with running_node(checks, "--dir", scratch / "node", "a.txt") as (_, port):
        vaults = [Program("vault.py", "--dir", scratch / "vault", "--port", port) for _ in range(4)]
        checks.equal("four at once", [program.end()[1] for program in vaults], [0] * 4)


def check_stranger(checks, scratch):
    """Checks that a node says nothing to whom it does not know, and closes if it knows nobody."""
    with running_node(checks, "--vault", "127.0.0.9", "--dir", scratch, "a.txt") as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            checks.equal("silence", select.select([sock], [], [], 0.5)[0], [])
    with running_node(checks, "--vault", "name.invalid", "--dir", scratch, "a.txt") as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            checks.equal("no such vault", sock.recv(1), b"")


def check_programs(checks):
    """Runs both programs, in each pair of dialects and in numbers."""
    for dialects in itertools.product(wire.DIALECTS, repeat=2):
        with tempfile.TemporaryDirectory() as scratch:
            Pair(checks, pathlib.Path(scratch), *dialects).run()
    for check in (check_fleet, check_together, check_stranger):
        with tempfile.TemporaryDirectory() as scratch:
            check(checks, pathlib.Path(scratch))
