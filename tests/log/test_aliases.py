"""What is withheld: no public line says the digest, and whoever has the private part reads on as before."""

import io
import json
import zipfile

import pytest

from tests.log_attacks.making import withheld
from verify.errors import LogError, Refused, Tampered
from verify.log import Log, check
from verify.log.aliases import Aliases, is_alias
from verify.log.bundle import bundle
from verify.store import Store

DIGEST = "0123456789abcdef" * 4
ALIAS = "~" + "fedcba9876543210" * 4


@pytest.fixture
def case(tmp_path):
    return withheld(tmp_path / "case")


def digests(case):
    return case.picture.name, case.archive.name


@pytest.mark.parametrize(
    "text",
    [
        DIGEST,
        f"a copy of {DIGEST}, twice {DIGEST}",
        f"{DIGEST[:12]}…: not in the store",
        f"{DIGEST[:30]} was cut",
        f"sha256-{DIGEST[:20]}.jpg",
        f"ffff{DIGEST}ffff",
        DIGEST * 2,
    ],
)
def test_what_is_hidden_is_said_again_in_the_same_words(text):
    aliases = Aliases([(ALIAS, DIGEST)])
    body = {"text": text, "list": [{"in": [text]}], text: 1, "other": None}

    hidden = aliases.hide(body)

    assert DIGEST[:12] not in json.dumps(hidden)
    assert aliases.reveal(hidden) == body


def test_a_digest_in_capitals_is_hidden_too():
    assert DIGEST[:12].upper() not in Aliases([(ALIAS, DIGEST)]).hide(f"see {DIGEST.upper()}")


def test_other_texts_stay_as_they_are():
    aliases, other = Aliases([(ALIAS, DIGEST)]), "f" * 64

    for text in (other, DIGEST[:11], "~" + other, "~", "", "a ~ b"):
        assert aliases.hide(text) == aliases.reveal(text) == text


def test_an_alias_is_a_tilde_and_64_hex_digits():
    assert is_alias(ALIAS)
    assert not any(map(is_alias, [DIGEST, ALIAS[:-1], ALIAS + "0", ALIAS.upper(), ALIAS + "\n", None, 1]))


def test_the_lines_say_aliases_and_the_entries_digests(case):
    lines = case.path.read_text()
    entries = list(Log.open(case.folder))

    assert not [digest for digest in digests(case) if digest[:12] in lines]
    assert (entries[1].body["evidence"], entries[1].body["archive"]) == digests(case)
    assert entries[3].body["picture"] == case.picture.name
    assert is_alias(list(Log.open(case.folder, reveal=False))[3].body["picture"])


def test_an_alias_stays_where_its_private_body_is_not_here(case):
    for path in (case.folder / "log" / "private").iterdir():
        path.unlink()

    bodies = [entry.body for entry in Log.open(case.folder)]

    assert is_alias(bodies[1]["evidence"])
    assert bodies[1]["evidence"] == bodies[3]["picture"] == bodies[4]["evidence"]
    report = check(case.folder)
    assert (report.exit_code, report.withheld, report.withheld_files) == (0, 3, 2)


def test_a_file_keeps_its_alias_and_another_log_gives_another(case, tmp_path):
    written = case.entries
    other = Log.create(tmp_path / "other", title="t", actor="heron")
    told = other.append("intake", {"evidence": case.picture.name}, private={}, withhold=[case.picture.name])

    assert written[1]["body"]["evidence"] == written[4]["body"]["evidence"]
    assert case.picture.name in told.private["stands_for"].values()
    assert written[1]["body"]["evidence"] not in told.private["stands_for"]


def test_another_hand_at_the_same_log_says_the_alias_too(case):
    one, two = Log.open(case.folder), Log.open(case.folder)
    fresh = Store(case.folder).put(b"a third picture")
    one.append("intake", {"evidence": fresh, "archive": None}, private={}, withhold=[fresh])

    two.append("note", {"text": f"see {fresh}, {fresh[:12]}…", "about": [fresh]})

    assert fresh[:12] not in case.path.read_text()
    assert list(two)[-1].body["about"] == [fresh]
    assert check(case.folder).exit_code == 0


@pytest.mark.parametrize("said", [DIGEST, DIGEST.upper(), f"begins with {DIGEST[:12]}"])
def test_what_was_said_before_cannot_be_withheld_any_more(case, said):
    log = Log.open(case.folder)
    log.append("note", {"text": said})

    with pytest.raises(Refused, match="said this digest before"):
        log.append("intake", {"evidence": DIGEST}, withhold=[DIGEST])
    assert len(log) == 6


@pytest.mark.parametrize(("kind", "digest"), [("note", DIGEST), ("intake", "f" * 64), ("intake", "x")])
def test_only_what_an_intake_takes_in_can_be_withheld(case, kind, digest):
    log = Log.open(case.folder)

    with pytest.raises(Refused, match="only the evidence or archive of an intake"):
        log.append(kind, {"evidence": DIGEST}, withhold=[digest])


def test_an_entry_that_was_not_written_leaves_no_alias(case, monkeypatch):
    log = Log.open(case.folder)

    def full(*_, **__):
        raise LogError("the disk is full")

    monkeypatch.setattr("verify.log.locked.append", full)
    with pytest.raises(LogError):
        log.append("intake", {"evidence": DIGEST}, withhold=[DIGEST])
    assert DIGEST not in log.aliases
    assert not (case.folder / "log" / "private" / "00000006.json").exists()


def test_a_log_whose_aliases_cannot_be_read_is_not_written_to(case):
    path = case.folder / "log" / "private" / "00000002.json"
    path.write_bytes(path.read_bytes().replace(b"IMG_1", b"IMG_7"))

    with pytest.raises(Tampered, match="private body of entry 2"):
        Log.open(case.folder)


def test_a_redaction_by_alias_waives_the_file(case):
    Log.open(case.folder).append("redaction", {"entry": 2, "digest": case.picture.name, "why": "danger"})
    case.picture.unlink()

    assert case.picture.name[:12] not in case.path.read_text()
    assert (check(case.folder).exit_code, check(case.folder).withheld_files) == (0, 1)


def unpacked(path):
    """All bytes that a ZIP archive can give: as it lies there, and every member, archives in it too."""
    found = [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found += [name.encode(), archive.read(name)]
            if zipfile.is_zipfile(io.BytesIO(archive.read(name))):
                with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
                    found += [inner.read(member) for member in inner.namelist()]
    return b"\n".join(found)


def test_a_bundle_without_the_private_part_has_neither_file_nor_digest(case, tmp_path):
    Store(case.folder).put(b"taken in, and no line written")

    public = unpacked(bundle(case.folder, tmp_path / "1.zip"))
    private = unpacked(bundle(case.folder, tmp_path / "2.zip", private=True))

    for said in (*(digest[:12].encode() for digest in digests(case)), b"bytes of a picture", b"an archive", b"no line"):
        assert said not in public, said
        assert said in private, said
    assert b"another picture" in public
    for name, held in (("1.zip", 2), ("2.zip", 0)):
        with zipfile.ZipFile(tmp_path / name) as archive:
            archive.extractall(tmp_path / name[0])
        (folder,) = (tmp_path / name[0]).iterdir()
        assert (check(folder).exit_code, check(folder).withheld_files) == (0, held)


def test_a_file_for_others_that_says_what_is_withheld_is_not_packed(case, tmp_path):
    (case.folder / "public.html").write_text(f"SHA-256 {case.picture.name[:12].upper()}…")
    Log.open(case.folder).export("public.html")

    with pytest.raises(Refused, match="what the log withholds"):
        bundle(case.folder, tmp_path / "b.zip")
    assert bundle(case.folder, tmp_path / "b.zip", private=True).exists()


def test_the_withheld_file_itself_cannot_be_exported(case):
    (case.folder / "public.jpg").write_bytes(case.picture.read_bytes())

    with pytest.raises(Refused):
        Log.open(case.folder).export("public.jpg")
