"""The JPEG's encoding against that of the camera it names."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, encoders
from verify.model import Answer, Finding, Json

PRIVATE = True
_ANSWERS = {encoders.SAME_MODEL: Answer.YES, encoders.PROGRAM: Answer.NO}
LIMITS = (
    "The table is small: mostly one file a model, cameras of 1997 to 2019. Cameras have several tables and new "
    "firmware changes them, so outside the table nothing follows: with the table built without them, 4 of 63 "
    "files of cameras are recognised, 59 are unclear and none answers no (0 %, 0.0 % to 5.7 %). A careful editor "
    "can write a camera's tables."
)


def camera_encoding(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the encoding fit the camera that the file names?

    Method: quantisation tables, subsampling, process and Huffman tables against a table of signatures from camera
    files and from files whose editor is named. Yes: seen in files of the same model. No: the tables are those of an
    editing program and of no camera in the table. Unclear: all else, also the IJG tables that programs and phones
    share. Unable: no JPEG, or no camera named.
    Limits: see the finding; `measured` states how many models the table covers.
    References: Farid, "Digital Image Ballistics from JPEG Quantization" (2006); Kee, Johnson, Farid (2011).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    if found.jpeg is None or not found.jpeg.quantisation:
        return [Finding(Answer.UNABLE, "The file is no JPEG with tables to compare.", limits=LIMITS)]
    camera = encoders.named(found)
    known = encoders.table()
    measured: dict[str, Json] = {
        "signature": encoders.key(found.jpeg),
        "camera": camera,
        "quality": found.jpeg.quality,
        "table_models": known.models,
        "table_makes": known.makes,
    }
    if not camera:
        return [Finding(Answer.UNABLE, "The file names no camera to compare with.", measured=measured, limits=LIMITS)]
    kind, words = encoders.place(found, known)
    measured["place"] = kind
    because = (
        f"The file names {camera.replace('|', ' ')} and has {words} ({known.models} models of {known.makes} makes)."
    )
    return [Finding(_ANSWERS.get(kind, Answer.UNCLEAR), because, measured=measured, limits=LIMITS)]
