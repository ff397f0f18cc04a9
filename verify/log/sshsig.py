"""Signatures that `ssh-keygen -Y` makes and checks (PROTOCOL.sshsig of OpenSSH), with Ed25519 keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verify.errors import Refused, Tampered, Unavailable
from verify.log import locked

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAMESPACE = "verify-log-checkpoint"  # a signature made for another purpose does not pass
KEY_TYPE = b"ssh-ed25519"
_MAGIC = b"SSHSIG"
_HASHES = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_public = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/]+={0,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature taken apart; not checked yet."""

    public: str
    namespace: str
    digest: bytes  # name of the hash method
    value: bytes


class SigningKey:
    """The private half of an Ed25519 key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._private = private
        public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        self.public = public.decode()
        self.fingerprint = fingerprint(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key of 32 secret bytes (RFC 8032)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def make(cls, path: Path) -> SigningKey:
        """A new key as `ssh-keygen` writes it, mode 0600, its public half beside it. Raises LogError, Refused."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        if path.exists() or path.is_symlink():
            raise Refused(f"{path.name}: there is a key already; expected a new name")
        key = cls(Ed25519PrivateKey.generate())
        secret = key._private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        locked.write_new(path, secret, 0o600)
        locked.write_new(path.with_name(path.name + ".pub"), key.public.encode() + b"\n", 0o644)
        return key

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """The key in a file of `ssh-keygen -t ed25519`, without passphrase. Raises LogError, Refused."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_ssh_private_key

        try:
            private = load_ssh_private_key(locked.read(path), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Refused(f"{path.name}: cannot be opened as a private key ({str(error)[:80]})") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise Refused(f"{path.name}: expected an Ed25519 key, as `ssh-keygen -t ed25519` makes it")
        return cls(private)

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> bytes:
        """The signature file, byte for byte as `ssh-keygen -Y sign` writes it."""
        name = namespace.encode()
        value = self._private.sign(_signed(message, name, b"sha512"))
        blob = _MAGIC + struct.pack(">I", 1)
        for field in (_blob(self.public), name, b"", b"sha512", _string(KEY_TYPE) + _string(value)):
            blob += _string(field)
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join([_BEGIN, *lines, _END, ""]).encode()


class OutsideKey(SigningKey):
    """A key that only `ssh-keygen` can use: under a passphrase, or held by the agent. Its `.pub` lies beside it."""

    def __init__(self, path: Path) -> None:
        public = locked.read(path.with_name(path.name.removesuffix(".pub") + ".pub"))
        self.path = path
        self.public = read_public(" ".join(public.decode("ascii", "replace").split()[:2]))
        self.fingerprint = fingerprint(self.public)

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> bytes:
        """As `SigningKey.sign`; ssh-keygen asks for the passphrase itself. Raises Unavailable, Refused."""
        import subprocess

        program = shutil.which("ssh-keygen")
        if program is None:
            raise Unavailable("ssh-keygen is not installed; it is needed for a key with a passphrase")
        arguments = [program, "-Y", "sign", "-f", str(self.path.absolute()), "-n", namespace]
        done = subprocess.run(arguments, input=message, capture_output=True, check=False)
        if done.returncode:
            raise Refused(f"{self.path.name}: ssh-keygen did not sign; expected the key's passphrase, or its agent")
        return done.stdout


def fingerprint(public: str) -> str:
    """The fingerprint of a public key, as `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(_blob(public)).digest()).decode()
    return "SHA256:" + digest.rstrip("=")


def read_public(text: object) -> str:
    """A public key in the one form "ssh-ed25519 AAAA…". Raises Tampered."""
    match = _public.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise Tampered("is no public Ed25519 key in the form of OpenSSH")
    blob = _decode(match[1])
    kind, rest = _take(blob)
    value, rest = _take(rest)
    if kind != KEY_TYPE or len(value) != 32 or rest:
        raise Tampered("is no public Ed25519 key in the form of OpenSSH")
    return match[0]


def parse(armored: bytes) -> Signature:
    """A signature file taken apart. Raises Tampered."""
    lines = armored.decode("ascii", "replace").split("\n")
    if len(lines) < 4 or lines[0] != _BEGIN or lines[-2:] != [_END, ""]:
        raise Tampered("is no SSH signature file")
    blob = _decode("".join(lines[1:-2]))
    if blob[:10] != _MAGIC + struct.pack(">I", 1):
        raise Tampered("is no SSH signature of version 1")
    public, rest = _take(blob[10:])
    namespace, rest = _take(rest)
    _, rest = _take(rest)
    digest, rest = _take(rest)
    packed, rest = _take(rest)
    kind, inner = _take(packed)
    value, left = _take(inner)
    if kind != KEY_TYPE or rest or left:
        raise Tampered("is no Ed25519 signature")
    text = f"{KEY_TYPE.decode()} {base64.b64encode(public).decode()}"
    return Signature(read_public(text), namespace.decode("ascii", "replace"), digest, value)


def verify(message: bytes, armored: bytes, namespace: str = NAMESPACE) -> str:
    """The public key that signed this message for this purpose. Raises Tampered."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = parse(armored)
    if signature.namespace != namespace:
        raise Tampered(f"was made for {signature.namespace[:40]!r}; expected {namespace!r}")
    if signature.digest not in _HASHES:
        raise Tampered("uses an unknown hash method")
    public = Ed25519PublicKey.from_public_bytes(_blob(signature.public)[-32:])
    try:
        public.verify(signature.value, _signed(message, namespace.encode(), signature.digest))
    except InvalidSignature as error:
        raise Tampered("does not fit the checkpoint") from error
    return signature.public


def read_signers(text: str) -> tuple[str, ...]:
    """Public keys of an `allowed_signers` file, those that may sign for this purpose. Raises Refused.

    Options other than `namespaces=` are refused: what this reader does not know shall not be passed over.
    """
    keys = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.fullmatch(r'\S+\s+(?:namespaces="([^"]*)"\s+)?(ssh-ed25519)\s+(\S+)(?:\s.*)?', line.strip())
        if not match:
            raise Refused(
                f"a line of the signers' file cannot be used: {line[:60]!r}; expected `name ssh-ed25519 AAAA…`"
            )
        if match[1] is None or NAMESPACE in match[1].split(","):
            keys.append(read_public(f"{match[2]} {match[3]}"))
    return tuple(keys)


def _signed(message: bytes, namespace: bytes, digest: bytes) -> bytes:
    hashed = _HASHES[digest](message).digest()
    return _MAGIC + _string(namespace) + _string(b"") + _string(digest) + _string(hashed)


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _take(blob: bytes) -> tuple[bytes, bytes]:
    if len(blob) < 4 or len(blob) < 4 + (length := struct.unpack(">I", blob[:4])[0]):
        raise Tampered("is cut off")
    return blob[4 : 4 + length], blob[4 + length :]


def _blob(public: str) -> bytes:
    return base64.b64decode(public.split(" ")[1])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Tampered("is no base64") from error
