"""ExifTool and the C2PA SDK: how they are asked, and that their absence or failure is an answer."""

import json
import sys

import pytest

from tests.drawn import encode, scene
from tests.metadata import written
from verify import metadata
from verify.errors import Refused
from verify.image import Image
from verify.metadata import comparing, credentials, exiftool, listing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a POSIX script")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A program called exiftool that answers what the test wants."""

    def install(answer: str, version: str = "13.58") -> None:
        path = tmp_path / "exiftool"
        path.write_text(
            f"#!{sys.executable}\nimport sys\nif '-ver' in sys.argv:\n    print('{version}')\n    "
            f"sys.exit()\n{answer}\n"
        )
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        exiftool.program.cache_clear()

    yield install
    exiftool.program.cache_clear()


def answering(tags: dict[str, object]) -> str:
    return f"sys.stdin.buffer.read()\nsys.stdout.write({json.dumps(json.dumps([tags]))})"


def test_its_tags_keep_their_groups_and_duplicates(stand_in):
    stand_in(answering({"SourceFile": "-", "IFD0:Make": "A", "IFD0:Copy1:Make": "B", "ExifTool:Warning": "odd"}))

    tags, problems = exiftool.read(b"x")

    assert [(t.group, t.name, t.value, t.reader) for t in tags] == [
        ("IFD0", "Make", "A", "exiftool"),
        ("IFD0", "Make", "B", "exiftool"),
    ]
    assert problems == ("ExifTool: odd",)


def test_an_old_version_counts_as_absent(stand_in):
    stand_in(answering({}), version="12.23")

    assert exiftool.program() is None


def test_an_answer_that_never_comes_is_a_problem(stand_in, monkeypatch):
    monkeypatch.setattr(exiftool, "SECONDS", 1.5)
    stand_in("import time\ntime.sleep(60)")

    assert exiftool.read(b"x") == ((), ("ExifTool gave no answer within 1.5 s",))


def test_an_answer_that_is_no_json_is_a_problem(stand_in):
    stand_in("sys.stdin.buffer.read()\nsys.stdout.buffer.write(b'\\xff\\xfe')")

    assert exiftool.read(b"x") == ((), ("ExifTool's answer is no JSON",))


def test_a_file_is_given_as_bytes_and_never_by_name(stand_in):
    stand_in(
        "import json\nsys.stdin.buffer.read()\nsys.stdout.write(json.dumps([{'IFD0:Model': ' '.join(sys.argv[1:])}]))"
    )

    tags, _ = exiftool.read(b"x")

    assert tags[0].value == "-config  -j -a -G1:4 -u -n -"


def test_a_value_that_the_other_reader_reads_otherwise_is_told(stand_in):
    stand_in(answering({"IFD0:Make": "Other"}))
    data = written.exif_jpeg(ifd0={"Make": "Maker"})

    told = comparing.compare(data, metadata.read(Image(data)))

    assert (told.reader, told.version) == ("ExifTool", "13.58")
    assert told.different == (("IFD0:Make", "Maker", "Other"),)


def test_the_listing_holds_both_readers(stand_in, tmp_path):
    stand_in(answering({"IFD0:Make": "Other"}))
    path = tmp_path / "a.jpg"
    path.write_bytes(written.exif_jpeg(ifd0={"Make": "Maker"}))

    told = listing.listing(str(path))

    assert {(t["value"], t["reader"]) for t in told["tags"] if t["name"] == "Make"} == {
        ("Maker", "built-in"),
        ("Other", "exiftool"),
    }


# --- Content Credentials ---

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def signed(source_type: str = CAPTURE, picture: bytes = b"") -> tuple[bytes, str]:
    """A picture signed with a key made on the spot, and the PEM of the certificate authority."""
    import datetime
    import io

    c2pa = pytest.importorskip("c2pa")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.UTC)

    def certificate(name, key, issuer, issuer_key, ca):
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=9)
        )
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True).add_extension(usage, True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(authority, False)
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return builder.sign(issuer_key, hashes.SHA256()), subject

    def pem(item):
        return item.public_bytes(serialization.Encoding.PEM)

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root, root_name = certificate("Test Authority", root_key, None, root_key, True)
    leaf, _ = certificate("Test Signer", key, root_name, root_key, False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    action = {"action": "c2pa.created", "digitalSourceType": source_type}
    claim = {
        "claim_generator_info": [{"name": "tests", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=pem(leaf) + pem(root), private_key=private, ta_url=None)
    signer = c2pa.Signer.from_info(info)
    result = io.BytesIO()
    c2pa.Builder(claim).sign(signer, "image/jpeg", io.BytesIO(picture or encode(scene(1))), result)
    return result.getvalue(), pem(root).decode()


def verified(data: bytes, trust: str = "") -> credentials.Credentials | None:
    return credentials.verify(data, metadata.read(Image(data)), trust)


def test_a_signed_picture_verifies_and_trust_is_another_matter():
    data, authority = signed()

    assert (verified(data).state, verified(data).trust) == ("valid", "not assessed")
    assert (verified(data, authority).state, verified(data, authority).trust) == ("valid", "trusted")
    assert verified(data, signed()[1]).trust == "untrusted"


def test_a_changed_picture_does_not_verify():
    data = bytearray(signed()[0])
    data[-200] ^= 1

    told = verified(bytes(data))

    assert told.state == "invalid"
    assert "assertion.dataHash.mismatch" in told.failures


def test_only_a_creation_by_a_trained_model_counts_as_generated():
    base = "http://cv.iptc.org/newscodes/digitalsourcetype/"

    assert verified(signed(base + "trainedAlgorithmicMedia")[0]).generated
    assert not verified(signed(base + "digitalCapture")[0]).generated


def test_a_picture_without_credentials_has_none():
    assert verified(encode(scene(1))) is None


def test_a_trust_list_that_is_none_is_refused():
    with pytest.raises(Refused):
        verified(signed()[0], "no certificates here")


@pytest.mark.parametrize(("change", "answer"), [(False, "yes"), (True, "no")])
def test_the_question_says_whether_they_verify(change, answer):
    from tests.checks.metadata.asked import ask

    data = bytearray(signed("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")[0])
    data[-200] ^= change

    assert ask("credentials", bytes(data)).answer.value == answer
    assert ask("generator", bytes(data)).answer.value == ("unclear" if change else "yes")


def test_a_signer_who_is_not_on_the_list_is_unclear():
    from tests.checks.metadata.asked import ask

    assert ask("credentials", signed()[0], trust=signed()[1]).answer.value == "unclear"


def test_an_address_of_credentials_is_told_and_not_fetched():
    from tests.checks.metadata.asked import ask

    packet = written.xmp('dcterms:provenance="https://example.org/a.c2pa">')
    packet = packet.replace(b"xmlns:xmp=", b'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xmp=')
    found = ask("credentials", written.jpeg(written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)))

    assert found.answer.value == "unclear"
    assert "https://example.org/a.c2pa, which was not fetched" in found.because
