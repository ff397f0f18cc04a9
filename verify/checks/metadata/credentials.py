"""Content Credentials: what was signed, and whether it still holds."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.metadata import credentials as c2pa
from verify.model import Answer, Finding

PRIVATE = True
LIMITS = (
    "A signature says who signed and that nothing changed since, not that the scene is what it seems. Most pictures "
    "carry none, and most platforms remove them: absence says nothing. Files signed by early tools can fail with a "
    "newer SDK."
)


def credentials(picture: Image, _: Known, *, trust: str = "") -> Iterable[Finding]:
    """Do the file's Content Credentials verify?

    Method: the C2PA SDK, offline: hashes, signatures, time stamps of the active manifest and of every ingredient.
    `trust` is the text of a PEM list of certificates; without one, trust is not assessed. Yes: everything verifies.
    No: something does not verify. Unclear: it verifies, but an ingredient did not when it was taken in, or the signer
    is not on the list, or only an address is named, which is not fetched. Unable: none in the file, or the optional
    part is not installed.
    Limits: see the finding.
    References: C2PA Technical Specification 2.1, sections 14 and 15.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    if not c2pa.present(found):
        because = "The file carries no Content Credentials; most pictures do not."
        return [Finding(Answer.UNABLE, because, measured={"state": "absent"}, limits=LIMITS)]
    if not c2pa.available():
        return [Finding(Answer.UNABLE, f"The file carries Content Credentials. {c2pa.ABSENT}", limits=LIMITS)]
    told = c2pa.verify(picture.data, found, trust)
    if told is None:
        because = "The file holds a block for Content Credentials, but no manifest in it."
        return [Finding(Answer.UNCLEAR, because, measured={"state": "empty"}, limits=LIMITS)]
    answer, because = _answer(told)
    return [Finding(answer, because, measured=told.to_json(), limits=LIMITS)]


def _answer(told: c2pa.Credentials) -> tuple[Answer, str]:
    signer = next((m for m in told.manifests if m.label == told.active), None)
    who = f"signed by {signer.issuer or signer.signer or 'nobody named'} with {signer.generator}" if signer else ""
    trust = {
        "trusted": "and its certificate is on the list that you named",
        "untrusted": "but its certificate is not on the list that you named",
        "not assessed": "whether the signer can be trusted was not assessed, because no trust list was named",
    }[told.trust]
    if told.state == "remote":
        return Answer.UNCLEAR, f"The file names Content Credentials at {told.address[:200]}, which was not fetched."
    if told.state != "valid":
        codes = ", ".join(told.failures) or told.problem
        return Answer.NO, f"The file's Content Credentials do not verify with SDK {told.sdk}: {codes}."
    if told.broken:
        names = "; ".join(f"{i.title or 'unnamed'} ({', '.join(i.failures)})" for i in told.broken[:3])
        because = (
            f"The file's own credentials verify with SDK {told.sdk} ({who}), but an ingredient's did not: {names}."
        )
        return Answer.UNCLEAR, because
    made = "; it says that the picture was created by a trained model" if told.generated else ""
    count = f"{len(told.manifests)} manifest{'s' if len(told.manifests) != 1 else ''}"
    because = f"The file's Content Credentials verify with SDK {told.sdk}: {who}, {count}; {trust}{made}."
    return (Answer.UNCLEAR if told.trust == "untrusted" else Answer.YES), because
