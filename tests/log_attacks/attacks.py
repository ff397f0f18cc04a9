"""What a hostile hand can do to a log: each attack makes a bad case, and beside it the honest one most like it."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.log_attacks.making import KEY, STRANGER, Target, filed, plain, signed, withheld
from verify.log.checkpoints import Checkpoint, signers, write


@dataclass(frozen=True)
class Attack:
    name: str
    base: Callable[[Path], Target]
    code: str  # what the checker must call it
    exit: int
    do: Callable[[Target, bool], None]  # bad or honest


ATTACKS: list[Attack] = []


def attack(base, code, exit=1):  # noqa: A002 (what the checker's process returns)
    def register(do):
        ATTACKS.append(Attack(do.__name__.replace("_", "-"), base, code, exit, do))
        return do

    return register


def spoiled(name, old, new, honest=None, code="canonical"):
    """Line 2 with other bytes, and every digest after it made to fit: only its form can give it away."""

    def do(case, bad):
        change = (old, new) if bad else honest or (old, old)
        assert change[0] in case.lines[1], (name, case.lines[1])
        case.rechain(case.entries, spoil={2: lambda line: line.replace(*change, 1)})

    ATTACKS.append(Attack(name, plain, code, 1, do))


# --- the form of a line: digests fit all along ------------------------------------------------------------------------

TEXT = b'"text":"seen at noon"'
NUMBER = b'"number":12'

spoiled("whitespace", b'"kind":', b'"kind": ')
spoiled("key-order", b'"list":[1],"number":12', b'"number":12,"list":[1]')
spoiled("duplicate-key", TEXT, b'"text":"never seen","text":"seen at noon"')
spoiled("duplicate-key-outside", b'"kind":"note"', b'"kind":"claim","kind":"note"')
spoiled("escaped-letter", b"seen", b"\\u0073een")
spoiled("escaped-slash", b"noon", b"no\\/on", (b"noon", b"no/on"))
spoiled("over-escaped", b"seen", b"\\\\u0073een", (b"seen", b"\\\\u0007een"))
spoiled("lone-backslash", b"noon", b"no\\\\on", (b"noon", b"no\\\\\\\\on"))
spoiled("backslash-at-the-end", b'noon"', b'noon\\\\"', (b'noon"', b'noon\\\\\\\\"'))
spoiled("digit-escaped-inside", b"seen at", b"x\\\\u0037.5", (b"seen at noon", b"\\\\u0037.5"))
spoiled("control-character", b"noon", b"no\\u0007on", (b"noon", b"no\\\\u0007on"))
spoiled("newline-escape", b"noon", b"no\\non", (b"noon", b"no\\\\u000aon"))
spoiled("raw-control-character", b"noon", b"no\x07on", (b"noon", b"no\\\\u0007on"))
spoiled("nul", b"noon", b"no\x00on", (b"noon", b"no\\\\u0000on"))
spoiled("delete-character", b"noon", b"no\x7fon", (b"noon", b"no\\\\u007fon"))
spoiled("c1-character", b"noon", b"no\xc2\x85on", (b"noon", b"no\\\\u0085on"))
spoiled("u2028", b"noon", b"no\xe2\x80\xa8on", (b"noon", b"no\\\\u2028on"))
spoiled("bidi-override", b"noon", "no\u202eon".encode(), (b"noon", b"no\\\\u202eon"))
spoiled("byte-order-mark-inside", b"noon", "no\ufeffon".encode(), (b"noon", b"no\\\\ufeffon"))
spoiled("lone-surrogate", b"noon", b"no\\ud800on", (b"noon", b"no\\\\ud800on"))
spoiled("surrogate-bytes", b"noon", b"no\xed\xa0\x80on", (b"noon", "no\ud7ffon".encode()))
spoiled("overlong-utf8", b"noon", b"no\xc0\xaf", (b"noon", b"no/"))
spoiled("broken-utf8", b"noon", b"no\xff", (b"noon", "no\u00ff".encode()))
spoiled("key-not-ascii", b'"text"', '"t\u00e9xt"'.encode(), (b'"text"', b'"t\\\\u00e9xt"'))
spoiled("nan", NUMBER, b'"number":NaN', (NUMBER, b'"number":"nan"'))
spoiled("infinity", NUMBER, b'"number":Infinity', (NUMBER, b'"number":"inf"'))
spoiled("float", NUMBER, b'"number":0.5', (NUMBER, b'"number":"0.5"'))
spoiled("whole-float", NUMBER, b'"number":12.0')
spoiled("exponent", NUMBER, b'"number":1e3', (NUMBER, b'"number":1000'))
spoiled("minus-zero", NUMBER, b'"number":-0', (NUMBER, b'"number":0'))
spoiled("leading-zero", NUMBER, b'"number":012')
spoiled("huge-number", NUMBER, b'"number":1' + b"0" * 400, (NUMBER, b'"number":"1' + b"0" * 400 + b'e+0"'))
spoiled("many-digits", NUMBER, b'"number":' + b"7" * 5000, (NUMBER, b'"number":777'))
spoiled("above-2-53", NUMBER, b'"number":9007199254740992', (NUMBER, b'"number":9007199254740991'))
spoiled("deep-nesting", NUMBER, b'"number":' + b"[" * 65 + b"]" * 65, (NUMBER, b'"number":' + b"[" * 64 + b"]" * 64))
spoiled("absurd-nesting", NUMBER, b'"number":' + b"[" * 5000 + b"]" * 5000, (NUMBER, b'"number":[[]]'))
spoiled("comment", b',"v":1}', b',"v":1}//', (b',"v":1}', b',"v":1}'))
spoiled("trailing-comma", b"[1]", b"[1,]")
spoiled("single-quotes", b'"list"', b"'list'")
spoiled("carriage-return", b',"v":1}', b',"v":1}\r')
spoiled("two-values-on-a-line", b',"v":1}', b',"v":1}{}')
spoiled("literal-in-capitals", b'"private":null', b'"private":NULL')


@attack(plain, "canonical")
def byte_order_mark(case, bad):
    case.path.write_bytes((b"\xef\xbb\xbf" if bad else b"") + case.path.read_bytes())


@attack(plain, "canonical")
def windows_line_ends(case, bad):
    if bad:
        case.path.write_bytes(case.path.read_bytes().replace(b"\n", b"\r\n"))


@attack(plain, "canonical")
def blank_line(case, bad):
    first, *rest = case.lines
    case.lines = [first, b"", *rest] if bad else [first, *rest]


@attack(plain, "empty")
def empty_log(case, bad):
    if bad:
        case.lines = []


@attack(plain, "torn", exit=3)
def torn_last_line(case, bad):
    whole = case.path.read_bytes()
    case.path.write_bytes(whole[:-20] if bad else whole)


@attack(plain, "chain")
def torn_last_line_hides_an_edit(case, bad):
    whole = case.path.read_bytes()
    if bad:
        first, second, third = whole.split(b"\n")[:-1]
        case.path.write_bytes(b"\n".join([first, second.replace(b"noon", b"dusk"), third, b'{"actor"']))


# --- the form of an entry: canonical, digests fit all along -----------------------------------------------------------


def formed(name, change, honest=lambda entry: None, code="form"):
    def do(case, bad):
        entries = case.entries
        (change if bad else honest)(entries[1])
        case.rechain(entries)

    ATTACKS.append(Attack(name, plain, code, 1, do))


def put(**fields):
    return lambda entry: entry.update(fields)


def put_in_body(kind, **fields):
    return lambda entry: entry.update(kind=kind, body=entry["body"] | fields)


DIGEST = hashlib.sha256(b"anything").hexdigest()
formed("unknown-kind", put(kind="musing"), put(kind="review"))
formed("unknown-version", put(v=2))
formed("version-true", put(v=True))
formed("extra-field", put(zeal=1))
formed("missing-field", lambda entry: entry.pop("private"))
formed("body-a-list", put(body=[]), put(body={}))
formed("number-a-text", put(seq="2"))
formed("number-zero", put(seq=0))
formed("number-skipped", put(seq=3), code="sequence")
formed("no-name", put(actor={"key": None, "name": ""}), put(actor={"key": None, "name": "stork"}))
formed("actor-with-more", put(actor={"key": None, "name": "heron", "host": "x"}))
formed("key-a-number", put(actor={"key": 1, "name": "heron"}), put(actor={"key": "SHA256:x", "name": "heron"}))
formed("commitment-cut", put(private=DIGEST[:-1]), put(private=DIGEST))
formed("commitment-in-capitals", put(private=DIGEST.upper()), put(private=DIGEST))
formed("no-such-day", put(time="2024-03-32T09:01:00.000Z"))
formed("no-such-29-february", put(time="2023-02-29T09:01:00.000Z"), put(time="2024-03-01T09:01:00.000Z"))
formed("second-60", put(time="2024-03-01T09:01:60.000Z"), put(time="2024-03-01T09:01:59.999Z"))
formed("local-time", put(time="2024-03-01T11:01:00.000+02:00"))
formed("time-without-milliseconds", put(time="2024-03-01T09:01:00Z"), put(time="2024-03-01T09:01:00.000Z"))
formed("time-in-other-digits", put(time="2024-03-01T09:01:0\u0660.000Z"), put(time="2024-03-01T09:01:00.000Z"))
formed("second-opening", put(kind="open"))
formed("link-to-what-comes", put_in_body("link", entry=3), put_in_body("link", entry=1))
formed("correction-of-itself", put_in_body("correction", supersedes=2), put_in_body("correction", supersedes=1))
formed("redaction-of-nothing", put_in_body("redaction", entry=True), put_in_body("redaction", entry=1))
formed(
    "export-upwards",
    put_in_body("export", file="../../etc/passwd", digest=DIGEST),
    put_in_body("export", file="figures/a.png", digest=DIGEST),
)
formed(
    "export-like-an-option",
    put_in_body("export", file="-ver.jpg", digest=DIGEST),
    put_in_body("export", file="ver.jpg", digest=DIGEST),
)
formed("digest-in-capitals", put_in_body("intake", evidence=DIGEST.upper()), put_in_body("intake", evidence=None))
formed("digest-a-path", put_in_body("known", digest="../" * 21 + "x"), put_in_body("known", digest=None))
formed("clock-back", put(time="2024-03-01T08:59:59.999Z"), put(time="2024-03-01T09:00:00.000Z"), code="clock")
formed("future-time", put(time="2999-01-01T00:00:00.000Z"), code="future")


@attack(plain, "clock")
def clock_back_is_said(case, bad):
    entries = case.entries
    entries[1] |= {"time": "2024-01-01T00:00:00.000Z", "kind": "recovery"}
    entries[1]["body"] = {"what": "something" if bad else "clock set back"}
    case.rechain(entries)


@attack(plain, "form")
def line_a_list(case, bad):
    case.rechain(case.entries, spoil={3: lambda line: b"[" + line + b"]" if bad else line})


# --- the chain --------------------------------------------------------------------------------------------------------


@attack(signed, "chain")
def edit(case, bad):
    if bad:
        case.lines = [line.replace(b"noon", b"dusk") for line in case.lines]


@attack(signed, "checkpoint")
def edit_last_entry(case, bad):
    if bad:
        case.lines = [*case.lines[:-1], case.lines[-1].replace(b'"heron"', b'"stork"')]


@attack(signed, "checkpoint")
def edit_with_new_digests(case, bad):
    entries = case.entries
    if bad:
        entries[2]["body"]["text"] = "seen at dusk"
    case.rechain(entries)


@attack(plain, "chain")
def remove(case, bad):
    first, second, third = case.lines
    case.lines = [first, third] if bad else [first, second, third]


@attack(plain, "genesis")
def remove_the_beginning(case, bad):
    case.lines = case.lines[1:] if bad else case.lines


@attack(signed, "order")
def reorder(case, bad):
    lines = case.lines
    if bad:
        lines[4], lines[5] = lines[5], lines[4]
    case.lines = lines


@attack(plain, "chain")
def reorder_renumbered(case, bad):
    first, second, third = case.lines
    if bad:
        swapped = [third.replace(b'"seq":3', b'"seq":2'), second.replace(b'"seq":2', b'"seq":3')]
        case.lines = [first, *swapped]


@attack(plain, "duplicate")
def duplicate(case, bad):
    first, second, third = case.lines
    case.lines = [first, second, second, third] if bad else [first, second, third]


@attack(plain, "duplicate")
def repeated_end(case, bad):
    case.lines = case.lines + case.lines[-1:] * bad


@attack(plain, "fork")
def fork(case, bad):
    first, second, third = case.lines
    other = second.replace(b"seen at noon", b"from elsewhere")
    case.lines = [first, second, other, third] if bad else [first, second, third]


@attack(plain, "fork")
def fork_with_two_tails(case, bad):
    first, second, third = case.lines
    other = second.replace(b"seen at noon", b"from elsewhere")
    after = third.replace(
        hashlib.sha256(second + b"\n").hexdigest().encode(), hashlib.sha256(other + b"\n").hexdigest().encode()
    )
    case.lines = [first, second, third, other, after] if bad else [first, second, third]


@attack(plain, "genesis")
def other_nonce(case, bad):
    entries = case.entries
    case.rechain(entries)
    if bad:
        nonce = entries[0]["body"]["nonce"].encode()
        case.rechain(entries, spoil={1: lambda line: line.replace(nonce, b"0" * 64)})


@attack(plain, "chain")
def beginning_of_another_case(case, bad):
    if bad:
        other = plain(case.folder / "other", name="other")
        case.lines = [other.lines[0], *case.lines[1:]]
        other.path.unlink()
        other.path.parent.rmdir()
        other.folder.rmdir()


@attack(plain, "genesis")
def case_name_with_a_path(case, bad):
    entries = case.entries
    entries[0]["body"]["case"] = "../up" if bad else "up"
    case.rechain(entries)


# --- checkpoints and signatures ---------------------------------------------------------------------------------------


@attack(signed, "checkpoint")
def drop_tail(case, bad):
    case.lines = case.lines[:5] if bad else case.lines


@attack(signed, "seen")
def drop_tail_and_checkpoint(case, bad):
    case.seen(7)
    if bad:
        case.lines = case.lines[:4]
        case.drop_checkpoint(7)


@attack(signed, "checkpoint")
def old_checkpoint_restored(case, bad):
    if bad:
        case.drop_checkpoint(7)


@attack(signed, "checkpoint")
def all_checkpoints_removed(case, bad):
    if bad:
        case.drop_checkpoint(4)
        case.drop_checkpoint(7)


@attack(signed, "not-pinned", exit=3)
def written_anew_by_a_stranger(case, bad):
    if bad:
        entries = case.entries
        for entry in entries:
            entry["actor"]["key"] = STRANGER.fingerprint
        entries[1]["body"] = {"fingerprint": STRANGER.fingerprint, "public": STRANGER.public}
        case.rechain(entries)
        case.sign_again(STRANGER)
        (case.folder / "keys" / "allowed_signers").write_bytes(signers([STRANGER.public]))


@attack(signed, "signature")
def signed_by_a_stranger(case, bad):
    case.sign_again(STRANGER if bad else KEY)


@attack(signed, "signature")
def edited_and_signed_by_a_stranger(case, bad):
    entries = case.entries
    entries[2]["body"]["text"] = "seen at dusk"
    case.rechain(entries)
    case.sign_again(STRANGER if bad else KEY)


@attack(signed, "seen")
def written_anew_by_the_signer(case, bad):
    case.seen(4)
    entries = case.entries
    entries[2 if bad else 5]["body"]["text"] = "seen at dusk"
    case.rechain(entries)
    case.sign_again(KEY)


@attack(signed, "seen")
def another_case_with_the_same_key(case, bad):
    case.seen(4)
    if bad:
        entries = case.entries
        entries[0]["body"]["case"] = "case-0"
        case.rechain(entries)
        case.sign_again(KEY)


@attack(signed, "signature")
def wrong_namespace(case, bad):
    path = case.checkpoint(7)
    path.with_name(path.name + ".sig").write_bytes(
        KEY.sign(path.read_bytes(), "file" if bad else "verify-log-checkpoint")
    )


@attack(signed, "signature")
def signature_of_another_checkpoint(case, bad):
    if bad:
        old, new = (case.checkpoint(size).with_name(f"{size:08d}.txt.sig") for size in (4, 7))
        new.write_bytes(old.read_bytes())


@attack(signed, "checkpoint")
def checkpoint_of_another_case(case, bad):
    if bad:
        write(case.folder, Checkpoint("case-0", 7, hashlib.sha256(case.lines[6] + b"\n").hexdigest()), KEY)


@attack(signed, "signature")
def signature_cut(case, bad):
    path = case.checkpoint(7).with_name("00000007.txt.sig")
    path.write_bytes(path.read_bytes()[:-60] if bad else path.read_bytes())


@attack(signed, "signature")
def signature_bit(case, bad):
    path = case.checkpoint(7).with_name("00000007.txt.sig")
    path.write_bytes(path.read_bytes().replace(b"g", b"h", 1) if bad else path.read_bytes())


@attack(signed, "signature")
def signature_empty(case, bad):
    path = case.checkpoint(7).with_name("00000007.txt.sig")
    path.write_bytes(b"" if bad else path.read_bytes())


@attack(signed, "unsigned", exit=3)
def signatures_removed(case, bad):
    if bad:
        for size in (4, 7):
            case.checkpoint(size).with_name(f"{size:08d}.txt.sig").unlink()


@attack(signed, "tail", exit=3)
def entry_behind_the_signature(case, bad):
    entries = case.entries
    if bad:
        case.rechain([*entries, entries[5] | {"seq": 8, "time": entries[6]["time"]}])


@attack(signed, "signature")
def key_that_joins_after_it_signed(case, bad):
    entries = case.entries
    entries[4] |= {"kind": "key", "body": {"fingerprint": STRANGER.fingerprint, "public": STRANGER.public}}
    case.rechain(entries)
    case.sign_again(KEY)
    (case.folder / "keys" / "allowed_signers").write_bytes(signers([KEY.public, STRANGER.public]))
    text = case.checkpoint(4).read_bytes()
    case.checkpoint(4).with_name("00000004.txt.sig").write_bytes((STRANGER if bad else KEY).sign(text))


@attack(signed, "form")
def fingerprint_of_another_key(case, bad):
    entries = case.entries
    entries[1]["body"]["fingerprint"] = (STRANGER if bad else KEY).fingerprint
    case.rechain(entries)
    case.sign_again(KEY)


@attack(signed, "signers")
def signers_file_with_a_stranger(case, bad):
    path = case.folder / "keys" / "allowed_signers"
    path.write_bytes(path.read_bytes() + (signers([STRANGER.public]) if bad else b""))


def written(name, change):
    """The newest checkpoint with other bytes, well signed."""

    def do(case, bad):
        path = case.checkpoint(7)
        text = change(path.read_bytes()) if bad else path.read_bytes()
        path.write_bytes(text)
        path.with_name(path.name + ".sig").write_bytes(KEY.sign(text))

    ATTACKS.append(Attack(name, signed, "checkpoint", 1, do))


written("checkpoint-with-four-lines", lambda text: text + b"more\n")
written("checkpoint-with-two-lines", lambda text: text[:-65])
written("checkpoint-with-windows-line-ends", lambda text: text.replace(b"\n", b"\r\n"))
written("checkpoint-without-last-line-end", lambda text: text[:-1])
written("checkpoint-size-with-zero", lambda text: text.replace(b"\n7\n", b"\n07\n"))
written("checkpoint-size-negative", lambda text: text.replace(b"\n7\n", b"\n-7\n"))
written("checkpoint-size-too-large", lambda text: text.replace(b"\n7\n", b"\n99999999999999999999\n"))
written("checkpoint-size-off-by-one", lambda text: text.replace(b"\n7\n", b"\n6\n"))
written("checkpoint-head-in-capitals", lambda text: text[:-65] + text[-65:].upper())
written("checkpoint-head-cut", lambda text: text[:-2] + b"\n")
written("checkpoint-of-another-format", lambda text: text.replace(b"verify-log/1", b"verify-log/2"))
written("checkpoint-with-a-space", lambda text: text.replace(b"\n7\n", b"\n7 \n"))


@attack(signed, "checkpoint")
def checkpoint_under_another_name(case, bad):
    if bad:
        for suffix in ("", ".sig"):
            case.checkpoint(4).with_name(f"00000004.txt{suffix}").rename(
                case.folder / f"log/checkpoints/00000005.txt{suffix}"
            )


@attack(signed, "checkpoint")
def checkpoint_behind_a_link(case, bad):
    if bad:
        case.checkpoint(7).rename(case.folder / "reader" / "elsewhere.txt")
        case.checkpoint(7).symlink_to("../../reader/elsewhere.txt")


# --- files ------------------------------------------------------------------------------------------------------------


def move_behind_a_link(path, elsewhere):
    path.rename(elsewhere)
    path.symlink_to(Path(*[".."] * (len(path.relative_to(elsewhere.parent).parts) - 1), elsewhere.name))


@attack(filed, "changed")
def evidence_bit(case, bad):
    data = case.picture.read_bytes()
    case.picture.write_bytes(bytes([data[0] ^ bad]) + data[1:])


@attack(filed, "changed")
def evidence_cut(case, bad):
    case.picture.write_bytes(case.picture.read_bytes()[: None if not bad else -1])


@attack(filed, "changed")
def points_changed(case, bad):
    case.points.write_bytes(case.points.read_bytes().replace(b"1.5", b"1.6" if bad else b"1.5"))


@attack(filed, "missing")
def evidence_gone(case, bad):
    if not bad:
        entries = case.entries
        last = entries[-1] | {"seq": 6, "kind": "redaction"}
        last["body"] = {"entry": 2, "digest": case.picture.name, "why": "the source is in danger"}
        case.rechain([*entries, last])
    case.picture.unlink()
    case.picture.parent.rmdir()


@attack(filed, "link")
def evidence_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.picture, case.folder / "elsewhere")


@attack(filed, "link")
def store_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.folder / "store", case.folder / "elsewhere")


@attack(filed, "link")
def evidence_folder_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.picture.parent, case.folder / "elsewhere")


@attack(plain, "link")
def log_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.path, case.folder / "elsewhere.jsonl")


@attack(plain, "link")
def log_folder_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.folder / "log", case.folder / "elsewhere")


@attack(filed, "private")
def private_body_changed(case, bad):
    path = case.folder / "log/private/00000002.json"
    path.write_bytes(path.read_bytes().replace(b"IMG_1", b"IMG_7" if bad else b"IMG_1"))


@attack(filed, "private")
def private_bodies_swapped(case, bad):
    one, two = (case.folder / f"log/private/{seq:08d}.json" for seq in (2, 4))
    if bad:
        held, other = one.read_bytes(), two.read_bytes()
        one.write_bytes(other)
        two.write_bytes(held)
    else:  # withheld, which is everyone's right
        one.unlink()
        two.unlink()
        one.parent.rmdir()


@attack(filed, "private")
def private_body_with_other_salt(case, bad):
    path = case.folder / "log/private/00000002.json"
    data = path.read_bytes()
    path.write_bytes(data[:-68] + b"0" * 64 + data[-4:] if bad else data)


@attack(filed, "private")
def private_body_behind_a_link(case, bad):
    if bad:
        move_behind_a_link(case.folder / "log/private/00000002.json", case.folder / "elsewhere.json")


@attack(filed, "export")
def write_up_changed(case, bad):
    (case.folder / "write-up.md").write_bytes(b"# The cellar\n" if bad else b"# The lobby\n")


@attack(filed, "export")
def write_up_of_an_earlier_day(case, bad):
    entries = case.entries
    later = b"# The lobby, corrected\n"
    body = entries[-1]["body"] | {"digest": hashlib.sha256(later).hexdigest()}
    case.rechain([*entries, entries[-1] | {"seq": 6, "body": body}])
    if not bad:
        (case.folder / "write-up.md").write_bytes(later)


# --- files whose digest is withheld -----------------------------------------------------------------------------------


@attack(withheld, "changed")
def withheld_file_bit(case, bad):
    data = case.picture.read_bytes()
    case.picture.write_bytes(bytes([data[0] ^ bad]) + data[1:])


@attack(withheld, "missing")
def withheld_file_gone(case, bad):
    if not bad:  # with what opens its alias, as in a bundle without the private part
        shutil.rmtree(case.folder / "log/private")
    for path in (case.picture, case.archive):
        path.unlink()
        path.parent.rmdir()


@attack(withheld, "private")
def alias_of_nothing(case, bad):
    entries, told = case.entries, case.private(5)
    if bad:
        told["stands_for"].pop(entries[1]["body"]["evidence"])
    case.commit(5, told, entries)
    case.rechain(entries)


@attack(withheld, "private")
def alias_of_no_digest(case, bad):
    entries, told = case.entries, case.private(2)
    if bad:
        told["stands_for"][entries[1]["body"]["evidence"]] = case.picture.name.upper()
    case.commit(2, told, entries)
    case.rechain(entries)


@attack(withheld, "private")
def alias_of_an_escaped_digest(case, bad):
    """Text that means a digest and is none: who unescapes it must not read more than who does not."""
    entries, name = case.entries, case.picture.name.encode()
    case.commit(
        2,
        case.private(2),
        entries,
        lambda body: body.replace(name, b"\\\\u00%02x" % name[0] + name[1:]) if bad else body,
    )
    case.rechain(entries)


@attack(withheld, "private")
def alias_of_another_file(case, bad):
    entries, told = case.entries, case.private(5)
    if bad:
        told["stands_for"][entries[1]["body"]["evidence"]] = case.other.name
    case.commit(5, told, entries)
    case.rechain(entries)


@attack(withheld, "private")
def second_alias_of_a_file(case, bad):
    entries, told = case.entries, case.private(5)
    if bad:
        entries[4]["body"]["evidence"] = "~" + DIGEST
        told["stands_for"]["~" + DIGEST] = told["stands_for"].pop(entries[1]["body"]["evidence"])
    case.commit(5, told, entries)
    case.rechain(entries)


@attack(withheld, "form")
def alias_of_no_intake(case, bad):
    entries = case.entries
    entries[3]["body"]["picture"] = "~" + DIGEST if bad else entries[1]["body"]["evidence"]
    case.rechain(entries)


@attack(withheld, "form")
def alias_of_a_later_intake(case, bad):
    entries = case.entries
    early, check = entries[1], entries[3]
    if bad:
        entries[1] = check | {"seq": 2, "time": early["time"], "body": check["body"] | {"compared": []}}
        entries[3] = early | {"seq": 4, "time": check["time"]}
        place = case.folder / "log/private/00000002.json"
        place.rename(place.with_name("00000004.json"))
    case.rechain(entries)


@attack(withheld, "form")
def alias_without_a_private_body(case, bad):
    entries = case.entries
    if bad:
        entries[1]["body"]["evidence"], entries[1]["private"] = "~" + DIGEST, None
    case.rechain(entries)


@attack(withheld, "form")
def alias_in_capitals(case, bad):
    entries = case.entries
    entries[3]["body"]["picture"] = entries[1]["body"]["evidence"].upper() if bad else None
    case.rechain(entries)


@attack(withheld, "missing")
def alias_that_looks_like_another_file(case, bad):
    """The first alias is "~" and the digest of the open file, which is gone: the one must not pass for the other."""
    entries, posing = case.entries, "~" + case.other.name
    for seq in (2, 5):
        told = case.private(seq)
        told["stands_for"][posing] = told["stands_for"].pop(entries[seq - 1]["body"]["evidence"])
        entries[seq - 1]["body"]["evidence"] = posing
        case.commit(seq, told, entries)
    entries[3]["body"]["picture"] = posing
    case.rechain(entries)
    if bad:
        case.other.unlink()
        case.other.parent.rmdir()
