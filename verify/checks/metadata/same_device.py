"""Two pictures and the device that each names."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.metadata import answers, devices
from verify.model import Answer, Finding, Json

PRIVATE = True
OWN = True
LIMITS = (
    "Serial numbers are text and can be copied or removed. Two devices of one model cannot be told apart by metadata "
    "without them; the noise of the sensor is another question."
)


def same_device(picture: Image, other: Image) -> Iterable[Finding]:
    """Were both pictures taken with the same device, as far as their files state?

    Method: serial numbers of the same field, of the camera and of the lens; make and model; tables, subsampling and the
    order of segments. Yes: the same serial number and model. No: other models, or the same field holds another serial.
    Unclear: the same model without serials to compare. Unable: one of them names no device.
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5 (BodySerialNumber).
    """
    found = [metadata.read(one) for one in (picture, other)]
    for one, read in zip((picture, other), found, strict=True):
        if unable := answers.unreadable(one, read):
            return [unable]
    a, b = (devices.device(read) for read in found)
    measured: dict[str, Json] = {"devices": [a.name, b.name], "same_encoding": _same_encoding(*found)}
    if not a.name or not b.name:
        because = f"{'Neither file names' if not (a.name or b.name) else 'Only one of the files names'} a device."
        return [Finding(Answer.UNABLE, because, measured=measured, limits=LIMITS)]
    if (a.make.lower(), a.model.lower()) != (b.make.lower(), b.model.lower()):
        return [Finding(Answer.NO, f"One file names {a.name}, the other {b.name}.", measured=measured, limits=LIMITS)]
    theirs = dict(b.serials)
    common = [(key, text, theirs[key]) for key, text in a.serials if key in theirs]
    measured["serials"] = [list(item) for item in common]
    same, different = [item for item in common if item[1] == item[2]], [item for item in common if item[1] != item[2]]
    if different:
        key, ours, other_serial = different[0]
        because = f"Both name {a.name}, but {key} is {ours} in one and {other_serial} in the other."
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    if same:
        because = f"Both name {a.name} with the same serial number {same[0][1]} ({same[0][0]})."
        return [Finding(Answer.YES, because, measured=measured, score=float(len(same)), limits=LIMITS)]
    encoding = "the same encoding" if measured["same_encoding"] else "different encodings"
    lens = _lens(a, b)
    because = f"Both name {a.name}, with {encoding}{lens}, but there is no serial number to compare."
    return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]


def _lens(a: devices.Device, b: devices.Device) -> str:
    theirs = dict(b.lens_serials)
    if any(theirs.get(key) == text for key, text in a.lens_serials):
        return " and the same lens by its serial number"
    return ""


def _same_encoding(a: metadata.Metadata, b: metadata.Metadata) -> bool | None:
    """Whether tables, subsampling and marker order are equal; None unless both are JPEGs."""
    if a.jpeg is None or b.jpeg is None:
        return None
    return (a.jpeg.quantisation, a.jpeg.subsampling, a.jpeg.huffman) == (
        b.jpeg.quantisation,
        b.jpeg.subsampling,
        b.jpeg.huffman,
    )
