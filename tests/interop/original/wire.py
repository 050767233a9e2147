"""The wire of the original FluxVault, as its two published versions speak it.

The side that listens is the node, the side that dials is the vault. The node speaks first, and
from then on each side sends one message and waits for one. A message is one JSON object; after the
keys are exchanged it is an envelope around an encrypted one. Failures are not told to the peer: the
connection is closed.
"""

import json
import os
import re
import secrets
import socket
import threading
import zlib

from Cryptodome.Cipher import AES, PKCS1_OAEP
from Cryptodome.Hash import SHA1
from Cryptodome.PublicKey import RSA

DIALECTS = ("poc", "class")

RSA_BITS = 2048

#: The vault takes what one read of this size gives for a whole message.
RECEIVE_BYTES = 8192

#: What a node of each dialect sends without a line break after it.
UNTERMINATED_STATES = {"poc": frozenset(), "class": frozenset({"REQUEST", "DONE"})}

STATUSES = ("Success", "Match", "FileNotFound")


class WireError(Exception):
    """The peer did what this wire does not allow, or left early."""


# Messages


def encode(message):
    """Returns a message as the original writes it: one line of ASCII, blanks after , and :."""
    return json.dumps(message).encode("ascii")


def decode(raw):
    """Reads one JSON object, with white space around it if need be, and nothing else."""
    try:
        message = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WireError("this is not one JSON object") from None
    if not isinstance(message, dict):
        raise WireError("this is JSON, but not an object")
    return message


def take(message, name):
    """Returns a field that has to be there and has to be text."""
    value = message.get(name)
    if not isinstance(value, str):
        raise WireError(f"the field {name} is missing or is not text")
    return value


def take_bytes(message, name):
    """Returns the bytes that a field holds in hexadecimal."""
    try:
        return bytes.fromhex(take(message, name))
    except ValueError:
        raise WireError(f"the field {name} is not hexadecimal") from None


def expect(message, **fields):
    """Checks that the given fields have the given values; others are nobody's business."""
    for name, value in fields.items():
        if take(message, name) != value:
            raise WireError(f"the field {name} is not {value}")


def make_fill():
    """Returns the random text that makes equal messages differ."""
    return secrets.token_hex(16)


# Framing


def ends_in_newline(dialect, state):
    """Tells whether a node of this dialect ends the message of this state in a line break."""
    return state not in UNTERMINATED_STATES[dialect]


def send(sock, message, newline=True):
    """Sends a message in a single write, since the vault may see no more than one segment."""
    sock.sendall(encode(message) + (b"\n" if newline else b""))


def receive_once(sock):
    """Receives a message as the vault does: with exactly one read, whatever it brings."""
    raw = sock.recv(RECEIVE_BYTES)
    if raw == b"":
        raise WireError("the node closed the connection")
    return decode(raw)


def receive_line(reader):
    """Receives a message as the node does: up to the line break, however long that takes.

    If the vault shuts down its side instead, the rest counts as a line.
    """
    raw = reader.readline()
    if raw == b"":
        raise WireError("the vault closed the connection")
    return decode(raw)


# Encryption


def encrypt_eax(key, plaintext, nonce):
    """Returns ciphertext and tag."""
    return AES.new(key, AES.MODE_EAX, nonce=nonce, mac_len=16).encrypt_and_digest(plaintext)


def decrypt_eax(key, nonce, ciphertext, tag):
    """Returns the plaintext, if all of it is what the peer encrypted."""
    try:
        cipher = AES.new(key, AES.MODE_EAX, nonce=nonce, mac_len=16)
        return cipher.decrypt_and_verify(ciphertext, tag)
    except ValueError:
        raise WireError("this does not decrypt") from None


def seal(key, message, nonce=None):
    """Returns the envelope around a message; the nonce is a new one unless a test gives it."""
    if nonce is None:
        nonce = secrets.token_bytes(16)
    ciphertext, tag = encrypt_eax(key, encode(message), nonce)
    return {"nonce": nonce.hex(), "tag": tag.hex(), "ciphertext": ciphertext.hex()}


def unseal(key, envelope):
    """Returns the message in an envelope."""
    parts = [take_bytes(envelope, name) for name in ("nonce", "ciphertext", "tag")]
    return decode(decrypt_eax(key, *parts))


# Keys


def make_private_key():
    """Makes the key pair that a node makes for each connection."""
    return RSA.generate(RSA_BITS)


def make_keysent(private_key):
    """Returns the node's first message."""
    return {"State": "KEYSENT", "PublicKey": private_key.public_key().export_key().decode("ascii")}


def make_cipher(rsa_key):
    """Returns the padding of this wire: OAEP with SHA-1 in both places and no label."""
    return PKCS1_OAEP.new(rsa_key, hashAlgo=SHA1, label=b"")


def wrap(public_pem, wrapping_key):
    """Encrypts the key around the session key for the node that has the public key."""
    try:
        return make_cipher(RSA.import_key(public_pem)).encrypt(wrapping_key)
    except (ValueError, IndexError, TypeError):
        raise WireError("the public key is of no use") from None


def make_aeskey(keysent):
    """Returns a new session key and the message that brings it to the node that sent `keysent`.

    The session key is the text of 16 random bytes in hexadecimal, hence 32 bytes.
    """
    session_key = secrets.token_hex(16).encode("ascii")
    wrapping_key, nonce = secrets.token_bytes(16), secrets.token_bytes(16)
    ciphertext, tag = encrypt_eax(wrapping_key, session_key, nonce)
    return session_key, {
        "enc_session_key": wrap(take(keysent, "PublicKey"), wrapping_key).hex(),
        "nonce": nonce.hex(),
        "tag": tag.hex(),
        "cipher": ciphertext.hex(),
        "State": "AESKEY",
    }


def unwrap(private_key, wrapped_key):
    """Returns the key around the session key."""
    try:
        return make_cipher(private_key).decrypt(wrapped_key)
    except (ValueError, TypeError):
        raise WireError("the wrapped key does not decrypt") from None


def unwrap_session_key(private_key, aeskey):
    """Returns the session key, any that AES can take."""
    expect(aeskey, State="AESKEY")
    wrapping_key = unwrap(private_key, take_bytes(aeskey, "enc_session_key"))
    parts = [take_bytes(aeskey, name) for name in ("nonce", "cipher", "tag")]
    session_key = decrypt_eax(wrapping_key, *parts)
    if len(session_key) not in AES.key_size:
        raise WireError("the session key has an odd length")
    return session_key


# Files


def path_in(folder, name):
    """Joins folder and name as plain text, but lets no name lead out of the folder."""
    if "\0" in name or re.search("[\ud800-\udfff]", name):
        raise WireError("no file can have this name")
    if os.path.isabs(name) or os.path.normpath(name).split(os.sep)[0] == os.pardir:
        raise WireError("the name leads out of the folder")
    return folder.rstrip(os.sep) + os.sep + name


def read_text(path):
    """Reads a file as text: CR LF and lone CR become LF, a byte order mark stays."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise WireError("the file is not UTF-8") from None


def crc_of_text(text):
    """Returns the checksum by which both sides compare a file."""
    return zlib.crc32(text.encode("utf-8"))


# Programs

_report_lock = threading.Lock()


def report(event, **fields):
    """Prints an event as one line at once, whichever thread it comes from."""
    with _report_lock:
        print(json.dumps({"event": event, **fields}), flush=True)


def stop_reporting():
    """Lets the line under way be finished and no other begin, before the program ends."""
    _report_lock.acquire()


def describe(error):
    """Says in one line why a session broke off."""
    if isinstance(error, socket.timeout):
        return "the time is up"
    return str(error) or type(error).__name__
