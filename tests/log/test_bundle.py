"""What leaves the house: all that is needed to check, nothing that names anybody, the same bytes each time."""

import getpass
import re
import shutil
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.log_attacks.making import KEY, filed, signed
from verify.cli.log import bundle as command
from verify.cli.log import log as group
from verify.errors import Refused, Tampered
from verify.log import Log, SigningKey, check
from verify.log.bundle import bundle
from verify.store import Store


@pytest.fixture
def case(tmp_path):
    """A signed case with its own key, a picture, private bodies, a write-up and what does not belong into a bundle."""
    (tmp_path / "IMG_1.jpg").write_bytes(b"a picture")
    folder = tmp_path / "case"
    key = SigningKey.make(folder / "keys" / "signing_key")
    log = Log.create(folder, title="The lobby", actor="heron", key=key)
    evidence = Store(folder).take_in(tmp_path / "IMG_1.jpg")
    log.append("intake", {"evidence": evidence.digest, "label": "picture-01"}, private={"name": "IMG_1.jpg"})
    (folder / "case.toml").write_text(f'title = "t"\nauthor = "heron"\narchive = "{tmp_path}"\n')
    (folder / "keys" / "id.pub").write_text(key.public + " anna@laptop\n")
    (folder / "log" / "torn").mkdir()
    (folder / "log" / "torn" / "x.bin").write_bytes(b"torn")
    log.checkpoint(key)
    return log


def names(path):
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2] for name in archive.namelist()}


def test_a_bundle_holds_what_is_needed_and_nothing_else(case, tmp_path):
    packed = names(bundle(case.folder, tmp_path / "b.zip"))

    digest = next(iter(Store(case.folder)))
    assert packed == {
        "VERIFY.txt",
        "verify.sh",
        "log/verification.jsonl",
        "log/checkpoints/00000004.txt",
        "log/checkpoints/00000004.txt.sig",
        "keys/allowed_signers",
        f"store/sha256/{digest[:2]}/{digest}",
    }


def test_private_bodies_are_packed_only_when_asked_for(case, tmp_path):
    assert "log/private/00000003.json" in names(bundle(case.folder, tmp_path / "b.zip", private=True))


def test_exports_are_packed_but_the_internal_write_up_only_when_asked_for(tmp_path):
    case = filed(tmp_path / "case")
    (case.folder / "public.html").write_text("for readers")
    Log.open(case.folder).export("public.html")

    assert names(bundle(case.folder, tmp_path / "1.zip")) & {"write-up.md", "public.html"} == {"public.html"}
    assert names(bundle(case.folder, tmp_path / "2.zip", private=True)) >= {"write-up.md", "public.html"}


def test_the_same_case_gives_the_same_bytes(case, tmp_path):
    one, two = (bundle(case.folder, tmp_path / name).read_bytes() for name in ("1.zip", "2.zip"))

    assert one == two


@pytest.mark.skipif(not shutil.which("jq"), reason="jq not installed")
def test_a_bundle_checks_itself_without_the_toolkit(case, tmp_path):
    fingerprint = SigningKey.load(case.folder / "keys" / "signing_key").fingerprint
    with zipfile.ZipFile(bundle(case.folder, tmp_path / "b.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / case.case

    def script():
        arguments = ["sh", "verify.sh", "--fingerprint", fingerprint]
        return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=250)

    assert script().returncode == 0
    assert fingerprint in (folder / "VERIFY.txt").read_text()
    assert case.head in (folder / "VERIFY.txt").read_text()
    (evidence,) = folder.glob("store/sha256/*/*")
    evidence.write_bytes(b"a Picture")
    assert script().returncode == 1


def test_a_case_that_does_not_check_is_not_packed(case, tmp_path):
    path = case.folder / "log" / "verification.jsonl"
    path.write_bytes(path.read_bytes().replace(b"picture-01", b"picture-02"))

    with pytest.raises(Tampered, match="not packed"):
        bundle(case.folder, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_file_that_is_there_is_not_overwritten(case, tmp_path):
    (tmp_path / "b.zip").write_bytes(b"mine")

    with pytest.raises(Refused, match="there is such a file"):
        bundle(case.folder, tmp_path / "b.zip")


def identities():
    """Words that would tell whose machine this is; short ones would be found anywhere."""
    found = {
        getpass.getuser(),
        socket.gethostname(),
        socket.getfqdn(),
        Path.home().name,
        str(Path.home()),
        str(Path.cwd()),
    }
    return {word for word in found if len(word) >= 4}


def test_no_entry_and_no_export_names_user_machine_or_home(case, tmp_path):
    runner = CliRunner()
    said = [
        runner.invoke(group, ["show", str(case.folder), "--private"]).output,
        runner.invoke(group, ["show", str(case.folder), "--json"]).output,
        runner.invoke(group, ["check", str(case.folder), "--json"]).output,
    ]
    packed = bundle(case.folder, tmp_path / "b.zip", private=True).read_bytes()
    written = [path.read_bytes() for path in (case.folder / "log").rglob("*") if path.is_file()]
    everything = "\n".join(said).encode() + packed + b"".join(written)

    words = identities() | {str(tmp_path)}
    assert [word for word in words if re.search(rb"\b" + re.escape(word.encode()) + rb"\b", everything)] == []
    assert b"laptop" not in packed
    assert b"OPENSSH PRIVATE KEY" not in packed


def test_the_command_signs_what_is_new_and_packs(case, tmp_path):
    case.append("note", {"text": "one more"})

    first = CliRunner().invoke(command, [str(case.folder)], catch_exceptions=False)
    second = CliRunner().invoke(command, [str(case.folder)], catch_exceptions=False)

    assert first.exit_code == 0
    assert first.output == second.output
    assert "log/checkpoints/00000006.txt.sig" in names(case.folder / "bundle.zip")


def test_the_write_up_is_logged_packed_and_checked(case):
    write_up = case.folder / "write-up.md"
    write_up.write_text("# The lobby\n")

    for text, entries in (("# The lobby\n", 6), ("# The lobby\n", 6), ("# The cellar\n", 8)):
        write_up.write_text(text)
        CliRunner().invoke(command, [str(case.folder), "--with-private"], catch_exceptions=False)
        assert len(list(case)) == entries
        assert "write-up.md" in names(case.folder / "bundle.zip")
        assert check(case.folder).exit_code == 0

    write_up.write_text("# The attic\n")
    assert [problem.code for problem in check(case.folder).problems] == ["export"]


def test_a_bundle_of_a_foreign_key_is_signed_with_it(tmp_path):
    case = signed(tmp_path / "case")

    with zipfile.ZipFile(bundle(case.folder, tmp_path / "b.zip")) as archive:
        (signers,) = [archive.read(name) for name in archive.namelist() if name.endswith("allowed_signers")]

    assert KEY.public.encode() in signers
