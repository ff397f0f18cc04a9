"""XMP packets (ISO 16684-1) flattened as ExifTool flattens them: structures into names, arrays into lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

import defusedxml.common
import defusedxml.ElementTree

from verify.metadata import names
from verify.metadata.found import MAX_TAGS, MAX_TEXT, Tag, Value, plain, shortest

MAX_PACKET = 16 * 2**20  # bytes; extended XMP with a depth map reaches a few megabytes
MAX_ELEMENTS = 200_000
MAX_DEPTH = 24
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XML = "{http://www.w3.org/XML/1998/namespace}"
_ARRAYS = {RDF + "Bag", RDF + "Seq", RDF + "Alt"}
_NOT_PROPERTIES = {RDF + "about", RDF + "ID", RDF + "nodeID", RDF + "parseType", RDF + "resource", RDF + "datatype"}
# The usual prefix of each namespace: a file may call it anything.
PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/bj/": "xmpBJ",
    "http://ns.adobe.com/xap/1.0/t/pg/": "xmpTPg",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/g/": "xmpG",
    "http://ns.adobe.com/xap/1.0/g/img/": "xmpGImg",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/camera-raw-defaults/1.0/": "crd",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/creatorAtom/1.0/": "creatorAtom",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "iptcCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "iptcExt",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://www.metadataworkinggroup.com/schemas/keywords/": "mwg-kw",
    "http://www.metadataworkinggroup.com/schemas/collections/": "mwg-coll",
    "http://ns.microsoft.com/photo/1.0": "microsoft",
    "http://ns.microsoft.com/photo/1.0/": "microsoft",
    "http://ns.microsoft.com/photo/1.1": "MP1",
    "http://ns.microsoft.com/photo/1.2/": "MP",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "GContainer",
    "http://ns.google.com/photos/1.0/container/item/": "GContainerItem",
    "http://ns.google.com/photos/1.0/creations/": "GCreations",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/1.0/audio/": "GAudio",
    "http://ns.apple.com/faceinfo/1.0/": "apple-fi",
    "http://creativecommons.org/ns#": "cc",
    "http://xmp.gettyimages.com/gift/1.0/": "getty",
    "http://ns.camerabits.com/photomechanic/1.0/": "photomech",
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://www.dji.com/drone-dji/1.0/": "drone-dji",
    "http://ns.iview-multimedia.com/mediapro/1.0/": "mediapro",
    "http://ns.microsoft.com/expressionmedia/1.0/": "expressionmedia",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism",
    "http://prismstandard.org/namespaces/basic/2.1/": "prism",
    "http://ns.nikon.com/asteroid/1.0/": "ast",
    "http://ns.nikon.com/nine/1.0/": "nine",
    "http://ns.nikon.com/sdc/1.0/": "sdc",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "adobe:ns:meta/": "x",
}
_QUOTIENT = re.compile(r"(-?\d+)/(-?\d+)")
_POWERS = {"ApertureValue": 2.0, "MaxApertureValue": 2.0, "ShutterSpeedValue": -1.0}
_POSITIONS = {"GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude"}


class Malformed(ValueError):
    """The packet is no well-formed XML."""


def tags(packet: bytes, offset: int | None) -> list[Tag]:
    """Tags of one packet, in document order; lists are gathered. Raises Malformed."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for group, ident, language, text in _properties(_root(packet), _prefixes(packet)):
        found.setdefault((group, ident, language), []).append(text)
        if len(found) > MAX_TAGS:
            break
    return [_tag(*key, texts, offset) for key, texts in found.items()]


def _root(packet: bytes) -> Element:
    if len(packet) > MAX_PACKET:
        raise Malformed(f"{len(packet)} bytes; expected at most {MAX_PACKET}")
    if packet.count(b"<") > MAX_ELEMENTS:
        raise Malformed(f"over {MAX_ELEMENTS} elements")
    start = max(0, packet.find(b"<"))
    packet = packet[start:].rstrip(b"\0 \r\n\t")
    try:
        root: Element = defusedxml.ElementTree.fromstring(packet)
    except ParseError as error:
        repaired = _repaired(packet)
        if repaired is None:
            raise Malformed(str(error)) from error
        return repaired
    except (defusedxml.common.DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise Malformed(str(error) or type(error).__name__) from error
    return root


def _repaired(packet: bytes) -> Element | None:
    """The packet without what many writers put behind it, and with its text as Latin-1 where it is no UTF-8."""
    match = re.search(rb"<(x:x[am]pmeta|rdf:RDF)\b.*</\1\s*>", packet, re.DOTALL)
    body = match.group(0) if match else packet
    for text in (body, body.decode("latin-1").encode("utf-8")):
        try:
            root: Element = defusedxml.ElementTree.fromstring(text)
            return root
        except (ParseError, defusedxml.common.DefusedXmlException, ValueError, LookupError, RecursionError):
            continue
    return None


def _prefixes(packet: bytes) -> dict[str, str]:
    """The prefix that the packet itself uses for each namespace, by address."""
    declared = re.findall(rb"xmlns:([A-Za-z_][\w.-]*)\s*=\s*[\"']([^\"']*)[\"']", packet[:MAX_PACKET])
    return {uri.decode("utf-8", "replace"): prefix.decode("ascii", "replace") for prefix, uri in reversed(declared)}


Property = tuple[str, str, str, str]  # group, flattened name before any renaming, language or "", text


def _properties(root: Element, prefixes: dict[str, str]) -> Iterator[Property]:
    for key, text in root.attrib.items():
        if key.endswith(("}xmptk", "}xaptk")) and text:
            yield "XMP-x", "xmptk", "", text
    rdf = root if root.tag == RDF + "RDF" else next(root.iter(RDF + "RDF"), None)
    seen = ""
    for node in rdf if rdf is not None else ():
        about = node.get(RDF + "about") or node.get("about")
        if about and about != seen:
            seen = about
            yield "XMP-rdf", "about", "", about
        yield from _node(node, (), prefixes)


def _node(node: Element, path: tuple[str, ...], prefixes: dict[str, str]) -> Iterator[Property]:
    """A description or structure: its attributes and its elements are properties."""
    if len(path) > MAX_DEPTH:
        return
    for key, text in node.attrib.items():
        if key not in _NOT_PROPERTIES and key.startswith("{") and not key.startswith((XML, RDF)):
            yield (*_named((*path, key), prefixes), "", text)
    for child in node:
        if isinstance(child.tag, str):
            yield from _property(child, (*path, child.tag), prefixes)


def _property(element: Element, path: tuple[str, ...], prefixes: dict[str, str]) -> Iterator[Property]:
    if len(path) > MAX_DEPTH:
        return
    children = [child for child in element if isinstance(child.tag, str)]
    arrays = [child for child in children if child.tag in _ARRAYS]
    for item in (item for array in arrays for item in array):
        yield from _property(item, path, prefixes)
    if arrays:
        return
    inner = next((child for child in children if child.tag == RDF + "Description"), None)
    value = next((child for child in children if child.tag == RDF + "value"), None)
    if value is not None:
        yield (*_named(path, prefixes), _language(element), value.text or "")
    elif inner is not None:
        yield from _node(inner, path, prefixes)
    elif children or any(key.startswith("{") and not key.startswith((XML, RDF)) for key in element.attrib):
        yield from _node(element, path, prefixes)
    else:
        text = element.get(RDF + "resource") or element.text or ""
        yield (*_named(path, prefixes), _language(element), text)


def _language(element: Element) -> str:
    language = element.get(XML + "lang", "")
    return "" if language.lower() == "x-default" else language


def _named(path: tuple[str, ...], prefixes: dict[str, str]) -> tuple[str, str]:
    """The group by the first name's namespace, and the names one behind the other."""
    uri, _, first = path[0][1:].rpartition("}")
    prefix = PREFIXES.get(uri) or prefixes.get(uri, "unknown")
    rest = "".join(local[:1].upper() + local[1:] for local in (name.rpartition("}")[2] for name in path[1:]))
    return f"XMP-{prefix}", re.sub(r"[^-_A-Za-z0-9]", "", first + rest)


def _tag(group: str, ident: str, language: str, texts: list[str], offset: int | None) -> Tag:
    known = names.xmp(group)
    renamed, kinds = known or ({}, {})
    name = renamed.get(ident, ident[:1].upper() + ident[1:]) + (f"-{language}" if language else "")
    kind = kinds.get(ident, "" if known else "unknown")
    values = tuple(_converted(group, name, kind, text[:MAX_TEXT]) for text in texts)
    if name == "LensInfo" and group in {"XMP-aux", "XMP-exifEX"}:
        values = (" ".join(str(part) for text in texts for part in map(_rational, text.split())),)
    return Tag(group, name, values if len(values) > 1 else values[0], "; ".join(texts)[:MAX_TEXT], offset)


def _converted(group: str, name: str, kind: str, text: str) -> Value:
    if kind in {"rational", "unknown"} and _QUOTIENT.fullmatch(text):
        value = _rational(text)
    elif kind in {"date", "unknown"}:
        value = _date(text, kind == "unknown")
    else:
        value = plain(text)
    if group in {"XMP-exif", "XMP-exifEX"}:
        if name in _POWERS and isinstance(value, int | float) and abs(value) < 100:
            return shortest(float(f"{2 ** (value / _POWERS[name]):.15g}"))
        if name in _POSITIONS:
            return _position(text)
    return value


def _rational(text: str) -> Value:
    match = _QUOTIENT.fullmatch(text)
    if not match:
        return plain(text)
    numerator, denominator = int(match[1]), int(match[2])
    if denominator == 0:
        return "inf" if numerator else "undef"
    return shortest(float(f"{numerator / denominator:.15g}"))


def _date(text: str, unsure: bool) -> Value:
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}:\d{2})(:\d{2})?\s*(\S*)", text)
    if match:
        return f"{match[1]}:{match[2]}:{match[3]} {match[4]}{match[5] or ''}{match[6]}"
    if not unsure and re.match(r"\d{4}(-\d{2}){0,2}", text):
        return plain(text.replace("-", ":"))
    return plain(text)


def _position(text: str) -> Value:
    """Degrees, minutes, seconds and a letter, with commas between, as signed degrees (ISO 16684-1, GPSCoordinate)."""
    numbers = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", text)]
    if not numbers:
        return ""
    degrees, minutes, seconds = [*numbers, 0.0, 0.0][:3]
    sign = -1 if re.search(r"[SsWw]\s*$", text) or text.strip().startswith("-") else 1
    return shortest(float(f"{sign * (degrees + (minutes + seconds / 60) / 60):.15g}"))
