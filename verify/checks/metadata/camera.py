"""The device that the file names."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, devices
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = f"Make, model and serial are text that anyone can write or remove. {answers.STRIPPED}"


def camera(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file state with what device the picture was taken?

    Method: make, model, lens and serial numbers from EXIF, XMP and maker notes, each with the field it was read from.
    Yes: a make or model is stated. Unclear: EXIF and XMP name different devices, or a lens or serial stands without
    a camera. No: none is stated. `camera_encoding` asks whether the file looks like one of that device.
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = devices.device(found)
    measured: dict[str, Json] = {
        "make": told.make,
        "model": told.model,
        "lens": told.lens,
        "serials": [list(pair) for pair in (*told.serials, *told.lens_serials)],
        "firmware": told.software,
    }
    if not told.name:
        rest = told.lens or ", ".join(text for _, text in told.serials)
        answer, because = (
            (Answer.UNCLEAR, f"The file names no camera, but {rest}.")
            if rest
            else (Answer.NO, "The file names no camera.")
        )
        return [Finding(answer, because, measured=measured, limits=LIMITS)]
    models = {found.text(key).lower() for key in ("IFD0:Model", "XMP-tiff:Model")} - {""}
    if len(models) > 1:
        because = f"EXIF names {found.text('IFD0:Model')}, XMP names {found.text('XMP-tiff:Model')}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    lens = f", lens {told.lens}" if told.lens else ""
    serials = f", serial number {told.serials[0][1]} ({told.serials[0][0]})" if told.serials else ", no serial number"
    return [Finding(Answer.YES, f"The file names {told.name}{lens}{serials}.", measured=measured, limits=LIMITS)]
