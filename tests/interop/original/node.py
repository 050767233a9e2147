"""A node of the original FluxVault: listens, and asks the vault that dials for its files."""

import argparse
import os
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True

import wire

#: How long a node keeps a peer that is not its vault.
STRANGER_SECONDS = 15

BACKLOG = 5


def make_request(folder, name, fill=None):
    """Asks for a file, with the checksum of what is here; 0 says that there is nothing."""
    try:
        checksum = wire.crc_of_text(wire.read_text(wire.path_in(folder, name)))
    except FileNotFoundError:
        checksum = 0
    fill = fill or wire.make_fill()
    return {"State": "REQUEST", "FILE": name, "crc32": checksum, "fill": fill}


def write_text(path, text):
    """Writes a file in place, as the original does, with the line breaks that it has."""
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:
        raise wire.WireError("the text cannot be written as UTF-8") from None
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def apply_data(folder, name, data, dialect):
    """Does what the vault's answer says and returns its status.

    The class version needs the name in the answer. It writes to whatever is named there, this one
    only to what it asked for.
    """
    if dialect == "class":
        wire.expect(data, FILE=name)
    status, text = wire.take(data, "Status"), wire.take(data, "Body")
    if status not in wire.STATUSES:
        raise wire.WireError("the status is unknown")
    if status == "Success":
        write_text(wire.path_in(folder, name), text)
    return status


class Session:
    """What one connection has, since several vaults may be served at once."""

    def __init__(self, sock, options, folder):
        self.sock = sock
        self.reader = sock.makefile("rb")
        self.dialect = options.dialect
        self.names = options.files
        self.folder = folder
        self.key = None
        self.files = {}

    def run(self, private_key):
        """Goes through a whole session, up to the vault's closing."""
        self.exchange_keys(private_key)
        for name in self.names:
            self.files[name] = self.fetch(name)
        self.send({"State": "DONE", "fill": wire.make_fill()})
        if self.reader.readline() != b"":
            raise wire.WireError("the vault sent something after DONE")

    def exchange_keys(self, private_key):
        """Gets the session key and sees that both sides have the same."""
        wire.send(self.sock, wire.make_keysent(private_key))
        self.key = wire.unwrap_session_key(private_key, wire.receive_line(self.reader))
        self.send({"State": "STARTAES", "Text": "Test", "fill": wire.make_fill()})
        wire.expect(self.receive(), State="STARTAES", Text="Passed")

    def fetch(self, name):
        """Asks for one file; the older version asks again until the answer is one."""
        while True:
            self.send(make_request(self.folder, name))
            data = self.receive()
            if self.dialect != "poc" or data.get("State") == "DATA":
                break
        wire.expect(data, State="DATA")
        return apply_data(self.folder, name, data, self.dialect)

    def send(self, message):
        """Sends an encrypted message."""
        newline = wire.ends_in_newline(self.dialect, message["State"])
        wire.send(self.sock, wire.seal(self.key, message), newline)

    def receive(self):
        """Receives an encrypted message."""
        return wire.unseal(self.key, wire.receive_line(self.reader))


def check_peer(sock, vault):
    """Sends a stranger away after a while; the vault's name is looked up each time anew."""
    if sock.getpeername()[0] != socket.gethostbyname(vault):
        time.sleep(STRANGER_SECONDS)
        raise wire.WireError("the peer is not the vault")


def serve(sock, options, listener, private_key):
    """Runs a session and reports it; its failure is its own."""
    start = time.monotonic()
    session = Session(sock, options, listener.folder)
    error = None
    try:
        check_peer(sock, options.vault)
        session.run(private_key or wire.make_private_key())
    except (wire.WireError, OSError) as reason:
        error = wire.describe(reason)
    finally:
        session.reader.close()
        sock.close()
    wire.report(
        "session",
        port=listener.port,
        complete=error is None,
        error=error,
        files=session.files,
        seconds=round(time.monotonic() - start, 6),
    )


class Listener:
    """A port and the folder that belongs to it."""

    def __init__(self, host, port, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.sock = socket.create_server((host, port), backlog=BACKLOG)
        self.port = self.sock.getsockname()[1]

    def accept_all(self, options, private_key):
        """Gives each connection a thread of its own."""
        while True:
            sock, _ = self.sock.accept()
            start_thread(serve, sock, options, self, private_key)


def start_thread(function, *arguments):
    """Runs a function beside the others; the program does not wait for it when it ends."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def parse_options():
    """Reads the command line; what makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: a free one")
    parser.add_argument("--vault", default="127.0.0.1", help="the only host that is served")
    parser.add_argument("--dialect", choices=wire.DIALECTS, default="poc")
    parser.add_argument("--nodes", type=int, metavar="N", help="listen N times, in DIR/0 and so on")
    parser.add_argument("--prompt-key", action="store_true", help="one RSA key for all sessions")
    parser.add_argument("--dir", required=True, help="folder of the files")
    parser.add_argument("files", nargs="*", metavar="FILE", help="name to ask for")
    options = parser.parse_intermixed_args()
    if options.dialect == "poc" and not options.files:
        parser.error("this dialect needs a file to ask for")
    if options.nodes is not None and options.port != 0:
        parser.error("several nodes take free ports")
    return options


def open_listeners(options):
    """Opens all ports, before anything is said about the first."""
    if options.nodes is None:
        return [Listener(options.host, options.port, options.dir)]
    folders = [os.path.join(options.dir, str(number)) for number in range(options.nodes)]
    return [Listener(options.host, 0, folder) for folder in folders]


def main():
    """Listens until it is told to end, which is success."""
    options = parse_options()
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    private_key = wire.make_private_key() if options.prompt_key else None
    for listener in open_listeners(options):
        start_thread(listener.accept_all, options, private_key)
        wire.report("listening", port=listener.port, dir=listener.folder)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    wire.stop_reporting()
    return 0


if __name__ == "__main__":
    sys.exit(main())
