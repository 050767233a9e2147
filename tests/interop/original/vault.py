"""A vault of the original FluxVault: dials nodes, one after another, and serves their requests."""

import argparse
import socket
import sys
import time

sys.dont_write_bytecode = True

import wire

CONNECT_SECONDS = 30

#: For each single read and write.
IDLE_SECONDS = 60


def make_data(folder, request):
    """Answers a request: the request itself, unknown fields and all, with the outcome added."""
    name = wire.take(request, "FILE")
    try:
        checksum = int(request.get("crc32"))
    except (TypeError, ValueError, OverflowError):
        raise wire.WireError("the checksum is not a number") from None
    data = {**request, "State": "DATA"}
    try:
        text = wire.read_text(wire.path_in(folder, name))
    except FileNotFoundError:
        return {**data, "Body": "", "Status": "FileNotFound"}
    if wire.crc_of_text(text) == checksum:
        return {**data, "Status": "Match", "Body": ""}
    return {**data, "Body": text, "Status": "Success"}


def make_answer(folder, message, dialect):
    """Answers whatever a node may send once the keys are exchanged."""
    if message.get("State") == "REQUEST":
        return make_data(folder, message)
    if dialect == "poc":
        return {**message, "Body": "", "Status": "Unknown Command"}
    raise wire.WireError("the node asked for something unknown")


class Session:
    """One connection to one node."""

    def __init__(self, options):
        self.folder = options.dir
        self.dialect = options.dialect
        self.files = {}

    def run(self, host, port):
        """Goes through a whole session, up to the node's last message."""
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as sock:
            sock.settimeout(IDLE_SECONDS)
            key = self.exchange_keys(sock)
            while True:
                message = wire.unseal(key, wire.receive_once(sock))
                if message.get("State") == "DONE":
                    return
                wire.send(sock, wire.seal(key, self.answer(message)))

    def exchange_keys(self, sock):
        """Brings a session key to the node and tells it that both sides have the same."""
        key, aeskey = wire.make_aeskey(wire.receive_once(sock))
        wire.send(sock, aeskey)
        test = wire.unseal(key, wire.receive_once(sock))
        wire.expect(test, State="STARTAES", Text="Test")
        wire.send(sock, wire.seal(key, {**test, "Text": "Passed"}))
        return key

    def answer(self, message):
        """Answers a message and remembers how."""
        data = make_answer(self.folder, message, self.dialect)
        if data["Status"] in wire.STATUSES:
            self.files[data["FILE"]] = data["Status"]
        return data


def poll(options, host, port):
    """Runs a session, reports it and tells whether it is complete."""
    start = time.monotonic()
    session = Session(options)
    error = None
    try:
        session.run(host, port)
    except (wire.WireError, OSError) as reason:
        error = wire.describe(reason)
    wire.report(
        "session",
        host=f"{host}:{port}",
        complete=error is None,
        error=error,
        files=session.files,
        seconds=round(time.monotonic() - start, 6),
    )
    return error is None


def parse_host(text):
    """Reads host:port."""
    host, _, port = text.rpartition(":")
    if host == "":
        raise ValueError
    return host, int(port)


def parse_hosts(text):
    """Reads host:port,host:port and so on."""
    return [parse_host(item) for item in text.split(",")]


def parse_options():
    """Reads the command line; what makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", required=True, help="folder of the files")
    parser.add_argument("--port", type=int, help="port of the node, with --host")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--host", default="127.0.0.1", help="host of the node")
    target.add_argument("--hosts", type=parse_hosts, metavar="HOST:PORT,...", help="nodes to dial")
    parser.add_argument("--sessions", type=int, default=1, metavar="N", help="dial each N times")
    parser.add_argument("--dialect", choices=wire.DIALECTS, default="poc")
    options = parser.parse_args()
    if options.hosts is None:
        if options.port is None:
            parser.error("one of --port and --hosts is needed")
        options.hosts = [(options.host, options.port)]
    return options


def main():
    """Dials all nodes, which is success only if every session is complete."""
    options = parse_options()
    targets = options.hosts * options.sessions
    outcomes = [poll(options, host, port) for host, port in targets]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
