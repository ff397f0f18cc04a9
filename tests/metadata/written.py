"""Files with metadata of one's choice, written byte by byte for tests."""

import struct

import numpy as np

from tests.drawn import encode, scene

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, BYTE = 2, 3, 4, 5, 7, 10, 1
_CODES = {BYTE: "B", SHORT: "H", LONG: "I"}
IFD0 = {
    "ImageDescription": (0x10E, ASCII),
    "Make": (0x10F, ASCII),
    "Model": (0x110, ASCII),
    "Orientation": (0x112, SHORT),
}
IFD0 |= {
    "Software": (0x131, ASCII),
    "ModifyDate": (0x132, ASCII),
    "Artist": (0x13B, ASCII),
    "Copyright": (0x8298, ASCII),
}
EXIF = {"ExposureTime": (0x829A, RATIONAL), "FNumber": (0x829D, RATIONAL), "ISO": (0x8827, SHORT)}
EXIF |= {"ExifVersion": (0x9000, UNDEFINED), "DateTimeOriginal": (0x9003, ASCII), "CreateDate": (0x9004, ASCII)}
EXIF |= {"OffsetTime": (0x9010, ASCII), "OffsetTimeOriginal": (0x9011, ASCII), "ShutterSpeedValue": (0x9201, SRATIONAL)}
EXIF |= {"ApertureValue": (0x9202, RATIONAL), "FocalLength": (0x920A, RATIONAL), "MakerNote": (0x927C, UNDEFINED)}
EXIF |= {"UserComment": (0x9286, UNDEFINED), "SubSecTimeOriginal": (0x9291, ASCII), "ExifImageWidth": (0xA002, LONG)}
EXIF |= {"ExifImageHeight": (0xA003, LONG), "SerialNumber": (0xA431, ASCII), "LensModel": (0xA434, ASCII)}
EXIF |= {"LensSerialNumber": (0xA435, ASCII), "BrightnessValue": (0x9203, SRATIONAL), "Flash": (0x9209, SHORT)}
EXIF |= {
    "OwnerName": (0xA430, ASCII),
    "FocalLengthIn35mmFormat": (0xA405, SHORT),
    "DigitalZoomRatio": (0xA404, RATIONAL),
}
GPS = {
    "GPSVersionID": (0, BYTE),
    "GPSLatitudeRef": (1, ASCII),
    "GPSLatitude": (2, RATIONAL),
    "GPSLongitudeRef": (3, ASCII),
}
GPS |= {
    "GPSLongitude": (4, RATIONAL),
    "GPSAltitudeRef": (5, BYTE),
    "GPSAltitude": (6, RATIONAL),
    "GPSTimeStamp": (7, RATIONAL),
}
GPS |= {"GPSStatus": (9, ASCII), "GPSImgDirection": (17, RATIONAL), "GPSDateStamp": (29, ASCII)}


def tiff(ifd0=None, exif=None, gps=None, thumbnail=None, order="<") -> bytes:
    """A TIFF structure with these tags by name; `thumbnail` is a JPEG for IFD1."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    main = [(*IFD0[name], value) for name, value in (ifd0 or {}).items()]
    sub = [
        (0x8769, [(*EXIF[n], v) for n, v in (exif or {}).items()]),
        (0x8825, [(*GPS[n], v) for n, v in (gps or {}).items()]),
    ]
    sub = [(tag, entries) for tag, entries in sub if entries]
    at = 8
    size = _size(main, len(sub))
    places, bodies = [], []
    following = at + size
    for tag, entries in sub:
        places.append((tag, LONG, following))
        body = _directory(entries, following, order, 0)
        bodies.append(body)
        following += len(body)
    last = following if thumbnail else 0
    result = head + _directory(main + places, at, order, last) + b"".join(bodies)
    if thumbnail:
        entries = [(0x103, SHORT, 6), (0x201, LONG, 0), (0x202, LONG, len(thumbnail))]
        entries[1] = (0x201, LONG, following + _size(entries, 0))
        result += _directory(entries, following, order, 0) + thumbnail
    return result


def _packed(kind, value, order) -> tuple[bytes, int]:
    if kind == ASCII:
        data = (value if isinstance(value, bytes) else value.encode()) + b"\0"
        return data, len(data)
    if kind == UNDEFINED:
        return value, len(value)
    values = value if isinstance(value, list) else [value]
    if kind in {RATIONAL, SRATIONAL}:
        code = "II" if kind == RATIONAL else "ii"
        pairs = [v if isinstance(v, tuple) else (round(v * 10_000), 10_000) for v in values]
        return b"".join(struct.pack(order + code, *pair) for pair in pairs), len(pairs)
    return b"".join(struct.pack(order + _CODES[kind], v) for v in values), len(values)


def _size(entries, pointers) -> int:
    outside = sum(len(d) + len(d) % 2 for d in (_packed(k, v, "<")[0] for _, k, v in entries) if len(d) > 4)
    return 2 + 12 * (len(entries) + pointers) + 4 + outside


def _directory(entries, at, order, following) -> bytes:
    entries = sorted(entries, key=lambda entry: entry[0])
    head = struct.pack(order + "H", len(entries))
    outside, place = b"", at + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        data, count = _packed(kind, value, order)
        head += struct.pack(order + "HHI", tag, kind, count)
        if len(data) <= 4:
            head += data.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", place + len(outside))
            outside += data + b"\0" * (len(data) % 2)
    return head + struct.pack(order + "I", following) + outside


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes, pixels: np.ndarray | None = None, seed: int = 7, quality: int = 90, **options) -> bytes:
    """A JPEG of a drawn scene with these segments behind its first marker; without JFIF if any is given."""
    plain = encode(scene(seed) if pixels is None else pixels, quality=quality, **options)
    body = plain[2:]
    if segments and body[:2] == b"\xff\xe0":
        body = body[2 + struct.unpack(">H", body[2:4])[0] :]
    return plain[:2] + b"".join(segments) + body


def exif_jpeg(pixels=None, seed: int = 7, quality: int = 90, **blocks) -> bytes:
    """A JPEG with one EXIF segment: `ifd0`, `exif`, `gps`, `thumbnail`, `order` as for `tiff`."""
    return jpeg(segment(0xE1, b"Exif\0\0" + tiff(**blocks)), pixels=pixels, seed=seed, quality=quality)


def xmp(properties: str, about: str = "") -> bytes:
    """An XMP packet around attributes and elements of one rdf:Description, written as `attributes>elements`."""
    spaces = " ".join(f'xmlns:{p}="{uri}"' for p, uri in SPACES.items())
    attributes, _, elements = properties.partition(">")
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="test">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="{about}" {spaces} {attributes}>{elements}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


SPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
}


def xmp_jpeg(properties: str, seed: int = 7, **options) -> bytes:
    return jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(properties, **options)), seed=seed)


def resource(number: int, body: bytes) -> bytes:
    """One Photoshop image resource."""
    return b"8BIM" + struct.pack(">HH", number, 0) + struct.pack(">I", len(body)) + body + b"\0" * (len(body) % 2)


def dataset(record: int, number: int, value: bytes) -> bytes:
    """One IPTC dataset."""
    return bytes([0x1C, record, number]) + struct.pack(">H", len(value)) + value


def iptc_jpeg(*datasets: bytes) -> bytes:
    return jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(1028, b"".join(datasets))))


def degrees(value: float) -> list[tuple[int, int]]:
    """Degrees, minutes and seconds as rationals."""
    value = abs(value)
    whole = int(value)
    minutes = int((value - whole) * 60)
    return [(whole, 1), (minutes, 1), (round(((value - whole) * 60 - minutes) * 60 * 10_000), 10_000)]


def position(latitude: float, longitude: float, **more) -> dict[str, object]:
    """GPS tags of a position."""
    return {
        "GPSLatitudeRef": "N" if latitude >= 0 else "S",
        "GPSLatitude": degrees(latitude),
        "GPSLongitudeRef": "E" if longitude >= 0 else "W",
        "GPSLongitude": degrees(longitude),
    } | more
