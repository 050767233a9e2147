"""Checks the wire against known answers and captures of the original.

Each capture is played again: every message is decrypted, and made anew from the files that were
there, down to the last byte.
"""

import base64
import hashlib
import json
import os
import pathlib
import tempfile

import node
import vault
import wire
from Cryptodome.PublicKey import RSA


def check_vectors(checks, path):
    """Checks the parts that have known answers."""
    vectors = json.loads(path.read_text())
    for number, vector in enumerate(vectors["eax"]):
        check_eax(checks, f"EAX vector {number}", vector)
    check_oaep(checks, vectors["rsa_oaep"])
    with tempfile.TemporaryDirectory() as scratch:
        for vector in vectors["crc32_text"]:
            check_crc(checks, pathlib.Path(scratch, "text"), vector)


def check_eax(checks, label, vector):
    """Checks one encryption both ways; this wire never has a header."""
    if vector["header"]:
        return
    names = ("key", "nonce", "plaintext", "ciphertext", "tag")
    key, nonce, plaintext, ciphertext, tag = (bytes.fromhex(vector[name]) for name in names)
    checks.equal(label, wire.encrypt_eax(key, plaintext, nonce), (ciphertext, tag))
    checks.equal(label, wire.decrypt_eax(key, nonce, ciphertext, tag), plaintext)
    checks.breaks_off(label, wire.decrypt_eax, key, nonce, ciphertext, tag[:-1])
    checks.breaks_off(label, wire.decrypt_eax, key, nonce, ciphertext + b"\0", tag)


def check_oaep(checks, vector):
    """Checks the wrapping of a key with a known pair and with its public half alone."""
    private_key = RSA.import_key(base64.b64decode(vector["private_pkcs1_base64"]))
    message = bytes.fromhex(vector["message_hex"])
    wrapped = bytes.fromhex(vector["ciphertext_hex"])
    checks.equal("OAEP vector", wire.unwrap(private_key, wrapped), message)
    again = wire.wrap(vector["public_pem"], message)
    checks.equal("OAEP, there and back", wire.unwrap(private_key, again), message)
    checks.breaks_off("OAEP, cut", wire.unwrap, private_key, wrapped[:-1])


def check_crc(checks, path, vector):
    """Checks the reading of a file and its sum."""
    path.write_bytes(bytes.fromhex(vector["file_bytes_hex"]))
    text = wire.read_text(str(path))
    expected = bytes.fromhex(vector["text_utf8_hex_after_newline_translation"])
    checks.equal(f"text, {vector['note']}", text.encode("utf-8"), expected)
    checks.equal(f"sum, {vector['note']}", wire.crc_of_text(text), vector["crc32"])


class Replay:
    """Plays one captured connection again, with the files that both sides had."""

    def __init__(self, checks, name, capture, scratch):
        self.checks, self.name, self.capture = checks, name, capture
        self.private_key = RSA.import_key(base64.b64decode(capture["rsa_private_pkcs1_base64"]))
        self.key = None
        self.previous = None
        self.version = capture["version"]
        self.node_dialect = self.version.split("+")[0].removesuffix("-node")
        self.vault_dialect = self.version.split("+")[-1].removesuffix("-vault")
        self.node_folder, self.vault_folder = os.path.join(scratch, "n"), os.path.join(scratch, "v")
        os.mkdir(self.node_folder)
        os.mkdir(self.vault_folder)
        self.unpack(capture.get("node_files_before", {}), self.node_folder)
        self.unpack(self.find_vault_files(), self.vault_folder)

    def find_vault_files(self):
        """Returns the vault's files; where there is no record, they are the node's afterwards."""
        if "vault_files" in self.capture:
            return self.capture["vault_files"]
        return self.capture["node_files_after"]

    def unpack(self, files, folder):
        """Writes recorded files; the text of a long one is in the message that brought it."""
        for path, record in files.items():
            target = pathlib.Path(folder, strip_folder(path))
            target.parent.mkdir(exist_ok=True)
            if "b64" in record:
                target.write_bytes(base64.b64decode(record["b64"]))
            else:
                target.write_text(self.find_body(strip_folder(path)), encoding="utf-8")

    def find_body(self, name):
        """Returns the text that a message brought."""
        for message in self.capture["messages"]:
            if message["plaintext"].get("FILE") == name and message["plaintext"].get("Body"):
                return message["plaintext"]["Body"]
        raise ValueError(name)

    def equal(self, what, actual, expected):
        """Checks something of this capture."""
        self.checks.equal(f"{self.name}: {what}", actual, expected)

    def run(self):
        """Goes through all messages and then looks at the node's files."""
        if "node_files_before" not in self.capture and "all-match" in self.name:
            self.unpack(self.capture["node_files_after"], self.node_folder)
        for number, message in enumerate(self.capture["messages"]):
            raw = message["raw"].encode("ascii")
            self.equal(f"{number}: framing", self.frame(message, wire.decode(raw)), raw)
            steps = (self.see_keysent, self.see_aeskey)
            step = steps[number] if number < len(steps) else self.see_encrypted
            step(wire.decode(raw), message)
        for path, record in self.capture["node_files_after"].items():
            target = pathlib.Path(self.node_folder, strip_folder(path))
            digest = hashlib.sha256(target.read_bytes()).hexdigest()
            self.equal(f"{path} after", digest, record["sha256"])
            self.equal(f"mode of {path} after", oct(target.stat().st_mode & 0o777), record["mode"])

    def frame(self, message, content):
        """Returns what this implementation would put on the wire."""
        state = message["plaintext"]["State"]
        dialect = self.node_dialect if message["from"] == "node" else "poc"
        return wire.encode(content) + (b"\n" if wire.ends_in_newline(dialect, state) else b"")

    def see_keysent(self, content, message):
        """Checks that the node's first message is the one for its key."""
        self.equal("KEYSENT", list(content.items()), list(message["plaintext"].items()))
        ours = wire.make_keysent(self.private_key)
        self.equal("KEYSENT, made anew", list(ours.items()), list(content.items()))

    def see_aeskey(self, content, message):
        """Checks that the node gets both keys out of the vault's first message."""
        wrapping_key = wire.unwrap(self.private_key, wire.take_bytes(content, "enc_session_key"))
        self.equal("wrapping key", wrapping_key.hex(), self.capture["rsa_wrapped_session_key_hex"])
        self.key = wire.unwrap_session_key(self.private_key, content)
        self.equal("session key", self.key.hex(), self.capture["aes_key_hex"])
        key, ours = wire.make_aeskey(wire.make_keysent(self.private_key))
        self.equal("AESKEY, form", [len(key), len(wire.encode(ours))], [32, message["len"] - 1])
        self.equal("AESKEY, fields", list(ours), list(content))
        self.equal("AESKEY, read", wire.unwrap_session_key(self.private_key, ours), key)

    def see_encrypted(self, content, message):
        """Checks that a message decrypts, and that the same side makes the same one here."""
        plain = wire.unseal(self.key, content)
        self.equal("plaintext", wire.encode(plain).decode("ascii"), message["plaintext_raw"])
        state = plain["State"]
        nonce = wire.take_bytes(content, "nonce")
        ours = self.make_again(message["from"], plain)
        sealed = wire.seal(self.key, ours, nonce)
        self.equal(f"{state}, made anew", wire.encode(sealed), wire.encode(content))
        if state == "DATA":
            self.see_data(plain)
        self.previous = plain

    def make_again(self, side, plain):
        """Returns what this implementation says at this place."""
        state, fill = plain["State"], plain["fill"]
        if side == "vault" and state == "STARTAES":
            return {**self.previous, "Text": "Passed"}
        if side == "vault":
            return vault.make_answer(self.vault_folder, self.previous, self.vault_dialect)
        if state == "REQUEST":
            return node.make_request(self.node_folder, plain["FILE"], fill)
        if state == "DONE":
            return {"State": "DONE", "fill": fill}
        return {"State": "STARTAES", "Text": "Test", "fill": fill}

    def see_data(self, plain):
        """Does what the vault says, as the node did."""
        name = self.previous["FILE"]
        status = node.apply_data(self.node_folder, name, plain, self.node_dialect)
        self.equal(f"status of {name[-20:]}", status, plain["Status"])

    def check_end(self):
        """Checks the reason of a capture that ends before DONE."""
        last = self.previous or {}
        label = f"{self.name}: the end"
        if last.get("State") == "DONE":
            self.equal("closed by", self.capture["closed"][0]["by"], "vault")
        elif "non-utf8-on-node" in self.name:
            self.checks.breaks_off(label, node.make_request, self.node_folder, "bin.dat")
        elif "non-utf8-on-vault" in self.name:
            self.checks.breaks_off(label, vault.make_answer, self.vault_folder, last, "poc")
        else:
            self.equal("the left-over line break", self.name, "poc-long-name-exactly-8192")


def strip_folder(path):
    """Drops the name of the side from a recorded path."""
    return path.removeprefix("node/").removeprefix("files/")


def check_captures(checks, folder):
    """Plays all captures in the folder again."""
    for path in sorted(folder.glob("*.json")):
        with tempfile.TemporaryDirectory() as scratch:
            replay = Replay(checks, path.stem, json.loads(path.read_text()), scratch)
            replay.run()
            replay.check_end()
