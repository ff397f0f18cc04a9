"""Damaged logs: nothing passes that should not, and nothing is raised but the toolkit's own errors."""

import contextlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify.log
from tests.log_attacks.making import filed, plain, signed
from verify.errors import EvidenceError
from verify.log import Log, check, sshsig
from verify.log.checkpoints import Checkpoint

SCRIPT = Path(verify.log.__file__).parent / "verify.sh"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("plain") / "case")


@pytest.fixture(scope="module")
def kept(case):
    """A checkpoint over the whole log, kept by somebody."""
    log = Log.open(case.folder)
    return Checkpoint(log.case, len(log), log.head)


def codes(report):
    return [problem.code for problem in report.problems]


def test_a_log_cut_at_any_byte_is_torn_or_a_clean_beginning(case, kept):
    whole = case.path.read_bytes()
    clean = {at for at in range(1, len(whole)) if whole[at - 1 : at] == b"\n"}
    try:
        for at in range(len(whole)):
            case.path.write_bytes(whole[:at])
            report = check(case.folder)
            assert report.exit_code == (0 if at in clean else 1 if at == 0 else 3), at
            assert check(case.folder, seen=kept).exit_code == 1, at
    finally:
        case.path.write_bytes(whole)


def test_any_flipped_bit_is_found_unless_it_is_in_the_last_entry(case, kept):
    whole = case.path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    passed = set()
    try:
        for at in range(len(whole)):
            for bit in range(8):
                case.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
                if check(case.folder, level=1).exit_code == 0:
                    passed.add(at)
                    assert check(case.folder, level=1, seen=kept).exit_code == 1, (at, bit)
    finally:
        case.path.write_bytes(whole)
    assert passed
    assert min(passed) > last
    assert whole[last:].count(b"the end") == 1


PIECES = [
    b"\n",
    b"\r",
    b'"',
    b"\\",
    b"\\u0000",
    b"{}",
    b"[",
    b"null",
    b"1e9",
    b"NaN",
    b"\xff",
    b"\x00",
    b"9" * 5000,
    b"[" * 3000,
]


def mutate(data, moves):
    for kind, at, size, piece in moves:
        at, size = at % (len(data) + 1), size % 200
        if kind == "cut":
            data = data[:at] + data[at + size :]
        elif kind == "put":
            data = data[:at] + piece + data[at:]
        elif kind == "copy":
            data = data[:at] + data[at : at + size] + data[at:]
        else:
            data = data[:at] + piece + data[at + len(piece) :]
    return data


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["cut", "put", "copy", "over"]),
        st.integers(0, 10_000),
        st.integers(1, 10_000),
        st.sampled_from(PIECES) | st.binary(max_size=4),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(MOVES, st.integers(0, 2))
def test_a_mutated_log_raises_only_the_toolkits_own_error(tmp_path_factory, moves, which):
    case = FILES[which]
    whole = case.path.read_bytes()
    try:
        case.path.write_bytes(mutate(whole, moves))
        report = check(case.folder, level=3)
        try:
            entries = list(Log.open(case.folder))
        except EvidenceError:
            assert report.exit_code in {1, 3}
        else:
            assert entries
            assert not {"canonical", "form", "chain", "torn", "genesis", "order", "fork"} & set(codes(report))
    finally:
        case.path.write_bytes(whole)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(MOVES, st.sampled_from(["00000007.txt", "00000007.txt.sig", "00000004.txt", "00000004.txt.sig"]))
def test_a_mutated_checkpoint_or_signature_is_never_good(moves, name):
    case = FILES[1]
    path = case.folder / "log" / "checkpoints" / name
    whole = path.read_bytes()
    mutated = mutate(whole, moves)
    try:
        path.write_bytes(mutated)
        report = check(case.folder)
    finally:
        path.write_bytes(whole)
    assert (report.exit_code == 0) == (meant(name, mutated) == meant(name, whole))


def meant(name, data):
    """The bytes; of a signature what it says, whose lines may be broken anywhere."""
    try:
        return sshsig.parse(data) if name.endswith(".sig") else data
    except EvidenceError:
        return None


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(MOVES)
def test_a_mutated_private_body_is_never_good(moves):
    case = FILES[2]
    path = case.folder / "log" / "private" / "00000002.json"
    whole = path.read_bytes()
    mutated = mutate(whole, moves)
    try:
        path.write_bytes(mutated)
        report = check(case.folder)
    finally:
        path.write_bytes(whole)
    assert (report.exit_code == 0) == (mutated == whole)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(0, 4),
    st.sampled_from(["actor", "body", "kind", "prev", "private", "seq", "time", "v"]),
    st.none()
    | st.sampled_from(["evidence", "archive", "picture", "compared", "digest", "file", "public", "case", "findings"]),
    st.sampled_from(
        ["open", "key", "intake", "known", "check", "export", "checkpoint", "redaction", "link", "recovery"]
    ),
    VALUES,
)
def test_any_value_in_any_field_is_an_entry_or_a_problem(at, field, inside, kind, value):
    from verify.log.canonical import pack

    case = FILES[2]
    whole = case.path.read_bytes()
    entries = case.entries
    entries[at]["kind"] = kind
    if inside:
        entries[at]["body"][inside] = pack(value)
    else:
        entries[at][field] = pack(value)
    try:
        try:
            case.rechain(entries)
        except (AttributeError, TypeError):
            return  # the attacker's own tools fail on a first entry without a body
        check(case.folder, level=3)
        with contextlib.suppress(EvidenceError):
            list(Log.open(case.folder))
    finally:
        case.path.write_bytes(whole)


FILES = []


@pytest.fixture(scope="module", autouse=True)
def _three_cases(tmp_path_factory):
    root = tmp_path_factory.mktemp("cases")
    FILES[:] = [plain(root / "plain"), signed(root / "signed"), filed(root / "filed")]


@pytest.mark.skipif(not shutil.which("jq"), reason="jq not installed")
def test_the_script_says_what_the_toolkit_says_of_mutated_logs(tmp_path):
    draw = random.Random(4)
    case = filed(tmp_path / "case")
    whole = case.path.read_bytes()
    differing = []
    for _ in range(60):
        moves = [
            (
                draw.choice(["cut", "put", "copy", "over"]),
                draw.randrange(10_000),
                draw.randrange(1, 60),
                draw.choice(PIECES),
            )
            for _ in range(draw.randrange(1, 3))
        ]
        case.path.write_bytes(mutate(whole, moves))
        ours = check(case.folder).exit_code
        theirs = subprocess.run(["sh", SCRIPT, case.folder], capture_output=True, timeout=250).returncode
        if ours != theirs:
            differing.append((moves, ours, theirs))
    assert not differing, json.dumps(differing, default=repr)
