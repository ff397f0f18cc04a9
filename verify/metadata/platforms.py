"""Traces of the platforms and messengers that a file went through."""

from __future__ import annotations

import re
from dataclasses import dataclass

from verify.metadata.found import Metadata

STATED, NAMED, SHAPED = "stated", "named", "shaped"  # from strong to weak
# Names given on saving or downloading; each platform's own pattern.
_NAMES = (
    ("Facebook", re.compile(r"^(FB_IMG_\d{13}|received_\d{12,}|\d{6,}_\d{10,}_\d{10,}_[nobast])\b")),
    ("WhatsApp", re.compile(r"^(IMG-\d{8}-WA\d{4}|WhatsApp Image \d{4}-\d\d-\d\d)")),
    ("Telegram", re.compile(r"^(photo_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d|photo_\d{15,}_[a-z]|telegram-cloud-photo)")),
    ("Signal", re.compile(r"^signal-\d{4}-\d\d-\d\d-")),
    ("X (Twitter)", re.compile(r"^[A-Z][A-Za-z0-9_-]{14}(\.(jpe?g|png)[:_-](large|orig)|\?format=)")),
    ("WeChat", re.compile(r"^(mmexport\d{13}|wx_camera_\d{13}|WeChat Image_\d+)")),
    ("Weibo", re.compile(r"^[0-9a-f]{8}(ly1|gy1|gw1|jw1)[0-9a-z]{12,}")),
    ("Viber", re.compile(r"^(viber_image_|IMG-[0-9a-f]{32}-V)")),
)
# The longest side that each service leaves at its ordinary settings; many other programs make such sizes too.
_SIDES = {
    "Facebook": {720, 960, 2048},
    "WhatsApp": {1280, 1600, 2048, 4096},
    "Telegram": {1280, 2560},
    "X (Twitter)": {1200, 2048, 4096},
    "Instagram": {1080, 1350, 1440},
    "VKontakte": {1080, 1280, 2560},
}
_PLATFORMS = ("Instagram", "WhatsApp", "Telegram", "Snapchat", "TikTok", "WeChat")
_CAMERA_GROUPS = frozenset({"ExifIFD", "GPS", "Canon", "Nikon", "Olympus", "FujiFilm", "Sony", "Apple", "IFD1"})


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace of one platform, and how strong it is."""

    platform: str
    strength: str
    words: str


def traces(found: Metadata, name: str) -> tuple[Trace, ...]:
    """Every trace, strongest first."""
    told = [*_stated(found), *_named(name)]
    if not found.groups & _CAMERA_GROUPS:
        told += _shaped(found)
    order = (STATED, NAMED, SHAPED)
    return tuple(sorted(told, key=lambda trace: order.index(trace.strength)))


def _stated(found: Metadata) -> list[Trace]:
    told = []
    special = found.text("IPTC:SpecialInstructions", "XMP-photoshop:Instructions")
    if special.startswith("FBMD"):
        told.append(Trace("Facebook or Instagram", STATED, f"IPTC instructions begin with FBMD ({special[:24]}…)"))
    if found.first("XMP-twitter:*"):
        told.append(Trace("X (Twitter)", STATED, "XMP of the platform"))
    software = found.text("IFD0:Software", "XMP-xmp:CreatorTool")
    named = [name for name in _PLATFORMS if name.lower() in software.lower()]
    return told + [Trace(name, STATED, f"the software field reads {software!r}") for name in named]


def _named(name: str) -> list[Trace]:
    return [
        Trace(platform, NAMED, f"the file is named as {platform} names its files")
        for platform, pattern in _NAMES
        if pattern.match(name)
    ][:1]


def _shaped(found: Metadata) -> list[Trace]:
    """Sizes that a platform leaves, of a JPEG with no camera metadata."""
    side = max(found.width, found.height)
    fitting = [platform for platform, sides in _SIDES.items() if side in sides]
    if not found.jpeg or not fitting:
        return []
    words = f"the longest side is {side} pixels and no camera metadata is left, as {', '.join(fitting)} leave it"
    return [Trace(" or ".join(fitting), SHAPED, words)]
