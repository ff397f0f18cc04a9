"""Which device a file names, and by what it could be told from others of its kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

from verify.metadata.found import Metadata

_MAKE = ("IFD0:Make", "XMP-tiff:Make", "IFD1:Make")
_MODEL = ("IFD0:Model", "XMP-tiff:Model", "IFD1:Model", "IFD0:UniqueCameraModel")
_LENS = ("ExifIFD:LensModel", "XMP-aux:Lens", "XMP-exifEX:LensModel", "ExifIFD:LensInfo", "XMP-aux:LensInfo")
_SERIAL = (
    *("ExifIFD:SerialNumber", "IFD0:SerialNumber", "XMP-aux:SerialNumber", "XMP-exifEX:SerialNumber"),
    *(
        "IFD0:CameraSerialNumber",
        "Canon:SerialNumber",
        "Nikon:SerialNumber",
        "Olympus:SerialNumber",
        "FujiFilm:SerialNumber",
    ),
    *("FujiFilm:InternalSerialNumber", "Canon:InternalSerialNumber", "Nikon:CameraSerialNumber"),
)
_LENS_SERIAL = ("ExifIFD:LensSerialNumber", "XMP-aux:LensSerialNumber", "XMP-exifEX:LensSerialNumber")
_NO_SERIAL = re.compile(r"[0\s]*|n/?a|none|unknown|xxxx+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Device:
    """What the file says of the device. Serials are as read, with the key they were read from."""

    make: str
    model: str
    lens: str
    serials: tuple[tuple[str, str], ...]
    lens_serials: tuple[tuple[str, str], ...]
    software: str

    @property
    def name(self) -> str:
        """Make and model, the make once."""
        if not self.make or self.model.lower().startswith(self.make.split(" ")[0].lower()):
            return self.model or self.make
        return f"{self.make} {self.model}".strip()


def device(found: Metadata) -> Device:
    """The device that the file names; fields are "" where it names none."""
    return Device(
        make=found.text(*_MAKE),
        model=found.text(*_MODEL),
        lens=found.text(*_LENS),
        serials=_serials(found, _SERIAL),
        lens_serials=_serials(found, _LENS_SERIAL),
        software=found.text("IFD0:Software"),
    )


def _serials(found: Metadata, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    told = [(key, found.text(key)) for key in keys]
    return tuple((key, text) for key, text in told if text and not _NO_SERIAL.fullmatch(text))
