"""Makes the sample case's leaked, known and archive pictures from `renders/`: python samples/make.py [FOLDER].

Everything drawn here comes from one seed; renders that are only copied stay byte for byte as rendered. The photographs
in `archive/` that this script does not write come from elsewhere: `README.md` names their sources and licences.
"""

from __future__ import annotations

import io
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter

RENDERS = Path(__file__).parent / "renders"
SEED = 20240311
GPS = (40.338, 49.92)  # degrees north, east: open water in the bay of Baku, nobody's address

KNOWN = {
    "rooms/Station No. 0, lobby": ("lobby_a_v1", "lobby_a_v3"),
    "rooms/Station No. 0, corridor": ("corridor_a_v0", "corridor_a_v5"),
    "rooms/Station No. 1, lobby": ("lobby_b_v0",),
    "rooms/Station No. 1, corridor": ("corridor_b_v0", "corridor_b_v2"),
    "rooms/An office elsewhere": ("staged1_v0",),
}
UNTOUCHED = {"photo_2024-03-13_10-22-05.jpg": "corridor_a_v1"}
REPORT = "report-2019-another-station.jpg"


def main(folder: Path) -> None:
    """Write `leaked/`, `known/` and the rendered archive picture below `folder`."""
    leaked, archive = folder / "leaked", folder / "archive"
    for made in (leaked, folder / "known"):
        shutil.rmtree(made, ignore_errors=True)
    leaked.mkdir(parents=True)
    archive.mkdir(exist_ok=True)
    for name, renders in KNOWN.items():
        (folder / "known" / name).mkdir(parents=True)
        for number, render in enumerate(renders, 1):
            shutil.copyfile(RENDERS / f"{render}.jpg", folder / "known" / name / f"view-{number}.jpg")
    (folder / "known" / "emblems").mkdir()
    shutil.copyfile(RENDERS / "emblem.png", folder / "known" / "emblems" / "Plaque of the District Watch.png")
    (folder / "known" / "known.toml").write_text(_vouching(), encoding="utf-8")
    for name, render in UNTOUCHED.items():
        shutil.copyfile(RENDERS / f"{render}.jpg", leaked / name)
    _phone_pictures(leaked)
    _save(_pasted_flag(), leaked / "photo_2024-03-13_10-22-07.jpg", quality=82)
    shutil.copyfile(RENDERS / "lobby_b_v4.jpg", archive / REPORT)
    _save(_recycled(), leaked / "photo_2024-03-13_10-22-11.jpg", quality=78)
    small = PIL.Image.open(RENDERS / "lobby_a_v2.jpg").resize((800, 600), PIL.Image.Resampling.LANCZOS)
    _save(small, leaked / "photo_2024-03-13_10-22-14.jpg", quality=68)
    page = "<!doctype html><title>Sign in</title><p>This picture is no longer available. Sign in to see it."
    (leaked / "photo_2024-03-13_10-22-18.jpg").write_text(page, encoding="ascii")  # a page saved under a picture's name


# --- pictures that are more than a copy -------------------------------------------------------------------------------


def _pasted_flag() -> PIL.Image.Image:
    """The corridor of station No. 1, with a flag cut from another picture and pasted on its wall."""
    flag = PIL.Image.open(RENDERS / "corridor_b_v1.jpg")
    # corners in pixels, clockwise from top left: of the flag where it hangs, and of the wall where it is put
    hangs = [(525, 218), (677, 178), (671, 340), (524, 335)]
    wall = [(412, 160), (562, 132), (562, 250), (412, 254)]
    room = PIL.Image.open(RENDERS / "corridor_b_v5.jpg").convert("RGB")
    moved = flag.transform(
        room.size, PIL.Image.Transform.PERSPECTIVE, _homography(wall, hangs), PIL.Image.Resampling.BICUBIC
    )
    mask = PIL.Image.new("L", room.size)
    PIL.ImageDraw.Draw(mask).polygon(wall, fill=255)
    return PIL.Image.composite(moved, room, mask.filter(PIL.ImageFilter.GaussianBlur(0.8)))


def _recycled() -> PIL.Image.Image:
    """The archive's report picture, cropped, mirrored and captioned as if new."""
    old = PIL.Image.open(RENDERS / "lobby_b_v4.jpg").convert("RGB")
    mirrored = old.crop((150, 90, 930, 675)).transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)
    picture = mirrored.resize((960, 720), PIL.Image.Resampling.LANCZOS)
    draw = PIL.ImageDraw.Draw(picture)
    draw.rectangle((0, 628, 960, 692), fill=(176, 16, 32))
    draw.text((24, 637), "INSIDE STATION No. 0, LAST NIGHT", fill="white", font_size=40)
    return picture


def _phone_pictures(leaked: Path) -> None:
    """Renders with the EXIF of an invented phone spliced in; the JPEG data itself is not encoded again."""
    honest = {
        "lobby_a_v2": "2024:03:11 21:45:07",
        "lobby_a_v5": "2024:03:12 08:41:21",
        "lobby_a_v0": "2024:03:12 08:42:10",
    }
    for render, taken in honest.items():
        data = (RENDERS / f"{render}.jpg").read_bytes()
        position = GPS if render == "lobby_a_v2" else None
        exif = _exif(taken, _thumbnail(data), (1024, 768), position=position, gps_time=_utc(taken))
        name = "IMG_" + taken.replace(":", "").replace(" ", "_") + ".jpg"
        (leaked / name).write_bytes(_spliced(data, exif))
    data = (RENDERS / "lobby_a_v2.jpg").read_bytes()
    exif = _exif("2024:03:11 21:45:41", _thumbnail(data), (1024, 768), position=None, gps_time="")
    (leaked / "IMG_20240311_214541.jpg").write_bytes(_spliced(data, exif)[:9000])  # the upload broke off
    data = (RENDERS / "corridor_a_v4.jpg").read_bytes()
    other = (RENDERS / "lobby_b_v0.jpg").read_bytes()  # the thumbnail shows another room
    exif = _exif(
        "2024:03:12 08:43:55",
        _thumbnail(other),
        (4000, 3000),  # the picture has 1024 x 768
        position=GPS,
        gps_time="2021:06:03 11:02:09",  # three years before the capture time
        modified="2023:11:20 17:05:31",  # changed before it was taken
        software="Adobe Photoshop 22.4 (Windows)",
    )
    (leaked / "IMG_20240312_084355.jpg").write_bytes(_spliced(data, exif))


def _save(picture: PIL.Image.Image, path: Path, quality: int) -> None:
    """Encode as a messenger does: no metadata, a little sensor noise so that pasted parts are not clean."""
    noise = np.random.default_rng(SEED).normal(0, 1.2, (picture.height, picture.width, 3))
    pixels = np.clip(np.asarray(picture.convert("RGB"), np.float64) + noise, 0, 255).round().astype(np.uint8)
    PIL.Image.fromarray(pixels).save(path, "JPEG", quality=quality)


def _homography(to: list[tuple[int, int]], of: list[tuple[int, int]]) -> list[float]:
    """Pillow's eight coefficients: from a point in `to` to the point in `of` (direct linear solution)."""
    rows, values = [], []
    for (x, y), (u, v) in zip(to, of, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(number) for number in np.linalg.solve(np.array(rows, float), np.array(values, float))]


# --- metadata ---------------------------------------------------------------------------------------------------------


def _thumbnail(data: bytes) -> bytes:
    packed = io.BytesIO()
    PIL.Image.open(io.BytesIO(data)).resize((160, 120), PIL.Image.Resampling.LANCZOS).save(packed, "JPEG", quality=80)
    return packed.getvalue()


def _utc(local: str) -> str:
    """Four hours earlier: Azerbaijan Time is UTC+4 all year since 2016."""
    hour = int(local[11:13]) - 4
    return f"{local[:11]}{hour:02d}{local[13:]}"


def _exif(
    taken: str,
    thumbnail: bytes,
    size: tuple[int, int],
    *,
    position: tuple[float, float] | None,
    gps_time: str,
    modified: str | None = None,
    software: str = "MerlinOS 14 P5-1.3",
) -> bytes:
    """An Exif APP1 body (CIPA DC-008): IFD0, Exif, GPS where there is a position, and IFD1 with a thumbnail."""
    first: list[tuple[int, object]] = [
        (0x010F, "Merlin"),
        (0x0110, "Merlin P5"),
        (0x0112, 1),
        (0x0131, software),
        (0x0132, modified or taken),
    ]
    camera: list[tuple[int, object]] = [
        (0x829A, (1, 33 if taken[11:13] == "21" else 60)),
        (0x829D, (18, 10)),
        (0x8827, 800 if taken[11:13] == "21" else 125),
        (0x9000, b"0232"),
        (0x9003, taken),
        (0x9004, taken),
        (0x9010, "+04:00"),
        (0x9011, "+04:00"),
        (0x920A, (479, 100)),
        (0xA002, size[0]),
        (0xA003, size[1]),
    ]
    place = _gps(position, gps_time) if position else []
    return _tiff(first, camera, place, thumbnail)


def _gps(position: tuple[float, float], time: str) -> list[tuple[int, object]]:
    def sexagesimal(degrees: float) -> list[tuple[int, int]]:
        minutes = degrees % 1 * 60
        return [(int(degrees), 1), (int(minutes), 1), (round(minutes % 1 * 60 * 1000), 1000)]

    clock = [(int(part), 1) for part in time[11:].split(":")]
    north, east = position
    return [(1, "N"), (2, sexagesimal(north)), (3, "E"), (4, sexagesimal(east)), (7, clock), (0x1D, time[:10])]


def _tiff(*parts: object) -> bytes:
    """TIFF 6.0, big-endian; offsets are counted from the start of this block."""
    first, camera, place, thumbnail = parts
    assert isinstance(first, list)
    assert isinstance(camera, list)
    assert isinstance(place, list)
    assert isinstance(thumbnail, bytes)
    links = [(0x8769, 0)] + ([(0x8825, 0)] if place else [])
    at = 8 + len(_ifd(first + links, 0, 0))
    exif_at = at
    at += len(_ifd(camera, 0, 0))
    gps_at = at
    at += len(_ifd(place, 0, 0)) if place else 0
    second_at = at
    small = [(0x0103, 6), (0x0201, 0), (0x0202, len(thumbnail))]
    thumbnail_at = second_at + len(_ifd(small, 0, 0))
    links = [(0x8769, exif_at)] + ([(0x8825, gps_at)] if place else [])
    small[1] = (0x0201, thumbnail_at)
    body = b"MM\0*" + struct.pack(">I", 8) + _ifd(first + links, 8, second_at) + _ifd(camera, exif_at, 0)
    body += (_ifd(place, gps_at, 0) if place else b"") + _ifd(small, second_at, 0) + thumbnail
    return body


LONG_TAGS = {0x8769, 0x8825, 0x0201, 0x0202, 0xA002, 0xA003}


def _ifd(entries: list[tuple[int, object]], at: int, following: int) -> bytes:
    """One image file directory that starts `at`; values longer than four bytes follow it."""
    head, tail = struct.pack(">H", len(entries)), b""
    after = at + 2 + 12 * len(entries) + 4
    for tag, value in sorted(entries, key=lambda entry: entry[0]):
        kind, count, data = _value(tag, value)
        if len(data) <= 4:
            field = data.ljust(4, b"\0")
        else:
            field = struct.pack(">I", after + len(tail))
            tail += data + b"\0" * (len(data) % 2)
        head += struct.pack(">HHI", tag, kind, count) + field
    return head + struct.pack(">I", following) + tail


def _value(tag: int, value: object) -> tuple[int, int, bytes]:
    """Type, count and bytes of one value."""
    if isinstance(value, bytes):
        return 7, len(value), value
    if isinstance(value, str):
        data = value.encode("ascii") + b"\0"
        return 2, len(data), data
    if isinstance(value, int):
        return (4, 1, struct.pack(">I", value)) if tag in LONG_TAGS else (3, 1, struct.pack(">H", value))
    pairs = value if isinstance(value, list) else [value]
    return 5, len(pairs), b"".join(struct.pack(">II", *pair) for pair in pairs)


def _spliced(data: bytes, exif: bytes) -> bytes:
    """The JPEG with this Exif as its first segment, in place of the JFIF header, as phones write it."""
    body = b"Exif\0\0" + exif
    rest = data[2:]
    if rest[:2] == b"\xff\xe0":
        rest = rest[2 + struct.unpack(">H", rest[2:4])[0] :]
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + rest


def _vouching() -> str:
    """known.toml: who vouches for each reference, and where it comes from."""
    told = {
        "rooms/Station No. 0, lobby": ("Open-day album of the station (invented)", "heron", "2021-05"),
        "rooms/Station No. 0, corridor": (
            "Tender for repainting, annex with photographs (invented)",
            "heron",
            "2020-09",
        ),
        "rooms/Station No. 1, lobby": ("Open-day album of the other station (invented)", "heron", "2021-05"),
        "rooms/Station No. 1, corridor": (
            "Tender for repainting, annex with photographs (invented)",
            "heron",
            "2020-09",
        ),
        "rooms/An office elsewhere": ("Estate agent's page (invented)", "egret", "2022"),
        "emblems/Plaque of the District Watch": (
            "The District Watch's page on its insignia (invented)",
            "heron",
            "2020",
        ),
    }
    keys = ("source", "vouched_by", "taken")
    tables = [
        f'["{name}"]\n' + "".join(f'{key} = "{value}"\n' for key, value in zip(keys, values, strict=True))
        for name, values in told.items()
    ]
    return (
        "# Who vouches that each known picture shows what its name says. Everybody and everything here is invented.\n\n"
        + "\n".join(tables)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
