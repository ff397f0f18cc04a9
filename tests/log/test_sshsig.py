"""Signatures pass between the toolkit and `ssh-keygen -Y`, in both directions."""

import shutil
import subprocess

import pytest

from verify.errors import LogError, Refused, Tampered
from verify.log import SigningKey, sshsig
from verify.log.sshsig import NAMESPACE, OutsideKey

needs_ssh = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen not installed")
MESSAGE = b"verify-log/1 case-0\n3\n" + b"0" * 64 + b"\n"


def ssh(*arguments, **kwargs):
    return subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, check=True, **kwargs)


@pytest.fixture
def theirs(tmp_path):
    """A key of `ssh-keygen`."""
    ssh("-q", "-t", "ed25519", "-N", "", "-C", "anna@laptop", "-f", tmp_path / "id")
    return tmp_path / "id"


@needs_ssh
def test_ssh_keygen_accepts_our_signature_with_our_key(tmp_path):
    key = SigningKey.make(tmp_path / "keys" / "signing_key")
    (tmp_path / "m.sig").write_bytes(key.sign(MESSAGE))
    (tmp_path / "signers").write_text(f"heron {key.public}\n")

    said = ssh(
        "-Y",
        "verify",
        "-f",
        tmp_path / "signers",
        "-I",
        "heron",
        "-n",
        NAMESPACE,
        "-s",
        tmp_path / "m.sig",
        input=MESSAGE,
    )

    assert key.fingerprint in said.stdout.decode()
    assert key.fingerprint in ssh("-l", "-f", tmp_path / "keys" / "signing_key").stdout.decode()


@needs_ssh
def test_we_accept_the_signature_of_ssh_keygen(theirs, tmp_path):
    (tmp_path / "m").write_bytes(MESSAGE)
    ssh("-Y", "sign", "-f", theirs, "-n", NAMESPACE, tmp_path / "m")

    public = sshsig.verify(MESSAGE, (tmp_path / "m.sig").read_bytes())

    assert public == " ".join((tmp_path / "id.pub").read_text().split()[:2])


@needs_ssh
def test_both_write_the_same_bytes_with_the_same_key(theirs, tmp_path):
    (tmp_path / "m").write_bytes(MESSAGE)
    ssh("-Y", "sign", "-f", theirs, "-n", NAMESPACE, tmp_path / "m")

    assert SigningKey.load(theirs).sign(MESSAGE) == (tmp_path / "m.sig").read_bytes()


@needs_ssh
def test_a_key_with_a_passphrase_signs_through_ssh_keygen(theirs, tmp_path, monkeypatch):
    ssh("-p", "-N", "a passphrase", "-f", theirs)
    answer = tmp_path / "answer"
    answer.write_text("#!/bin/sh\necho a passphrase\n")
    answer.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(answer))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")

    with pytest.raises(Refused, match="cannot be opened"):
        SigningKey.load(theirs)
    key = OutsideKey(theirs)
    assert sshsig.verify(MESSAGE, key.sign(MESSAGE)) == key.public

    answer.write_text("#!/bin/sh\necho another\n")
    with pytest.raises(Refused, match="did not sign"):
        key.sign(MESSAGE)


@needs_ssh
def test_another_type_of_key_is_refused(tmp_path):
    ssh("-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "id")

    with pytest.raises(Refused, match="Ed25519"):
        SigningKey.load(tmp_path / "id")


def test_a_made_key_is_for_its_owner_only_and_names_nobody(tmp_path):
    SigningKey.make(tmp_path / "keys" / "signing_key")

    assert (tmp_path / "keys" / "signing_key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys" / "signing_key.pub").read_text().count(" ") == 1
    with pytest.raises(Refused, match="there is a key already"):
        SigningKey.make(tmp_path / "keys" / "signing_key")


def test_a_missing_key_is_one_clear_error(tmp_path):
    with pytest.raises(LogError, match="cannot be read"):
        SigningKey.load(tmp_path / "none")


def test_a_signature_is_for_its_message_purpose_and_key():
    key = SigningKey.from_seed(bytes(32))
    signature = key.sign(MESSAGE)

    assert sshsig.verify(MESSAGE, signature) == key.public
    with pytest.raises(Tampered, match="does not fit"):
        sshsig.verify(MESSAGE + b" ", signature)
    with pytest.raises(Tampered, match="was made for"):
        sshsig.verify(MESSAGE, key.sign(MESSAGE, "git"))


@pytest.mark.parametrize(
    "text", ["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-ed25519 !!", None, 7, "ssh-ed25519 " + "A" * 68 + " c"]
)
def test_what_is_no_public_key_is_not_one(text):
    with pytest.raises(Tampered):
        sshsig.read_public(text)


def test_signers_are_read_as_ssh_keygen_reads_them():
    one, two, three = (SigningKey.from_seed(bytes([n]) * 32).public for n in range(3))
    text = f"# ours\n\nheron {one} heron@nowhere\n"
    text += f'stork namespaces="git,{NAMESPACE}" {two}\ncrane namespaces="git" {three}\n'

    assert sshsig.read_signers(text) == (one, two)
    with pytest.raises(Refused, match="cannot be used"):
        sshsig.read_signers(f"heron cert-authority {one}\n")
