"""XMP packets (ISO 16684-1) flattened as ExifTool flattens them: structures into names, arrays into lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

import defusedxml.common
import defusedxml.ElementTree

from verify.metadata import names
from verify.metadata.exif import BINARY
from verify.metadata.found import MAX_TAGS, MAX_TEXT, Tag, Value, plain, shortest

MAX_PACKET = 16 * 2**20  # bytes; extended XMP with a depth map reaches a few megabytes
MAX_ELEMENTS = 200_000
MAX_DEPTH = 24
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XML = "{http://www.w3.org/XML/1998/namespace}"
_ARRAYS = {RDF + "Bag", RDF + "Seq", RDF + "Alt"}
_NOT_PROPERTIES = {RDF + "about", RDF + "ID", RDF + "nodeID", RDF + "parseType", RDF + "resource", RDF + "datatype"}
_QUOTIENT = re.compile(r"(-?\d+)/(-?\d+)")
_POWERS = {"ApertureValue": 2.0, "MaxApertureValue": 2.0, "ShutterSpeedValue": -1.0}
_POSITIONS = {"GPSLatitude", "GPSLongitude", "GPSDestLatitude", "GPSDestLongitude"}
_BASE64 = {"ThumbnailImage", "PageImage", "ImageData", "AudioData", "DepthImage", "Confidence", "HDRPMakerNote"}
_BASE64 |= {"ShotLogData", "PortraitRequest", "LeftAlbedo", "RightAlbedo", "Data"}
_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"


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
    prefix = names.prefixes().get(uri) or prefixes.get(uri, "unknown")
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
    if name in _BASE64:
        return BINARY.format(len(re.sub(r"[^A-Za-z0-9+/]", "", text)) * 3 // 4)
    if group == "XMP-plus":
        text = text.removeprefix(_VOCABULARY)
    elif name == "Trapped":
        text = text.removeprefix("/")
    if kind in {"rational", "unknown"} and _QUOTIENT.fullmatch(text):
        value = _rational(text)
    elif kind in {"date", "unknown"}:
        value = _date(text, kind == "unknown")
    else:
        value = plain(text)
    if name in _POSITIONS or name.endswith(("GPSLatitude", "GPSLongitude")):
        return _position(text)
    logarithmic = group in {"XMP-exif", "XMP-exifEX"} and name in _POWERS
    if logarithmic and isinstance(value, int | float) and abs(value) < 100:
        return shortest(float(f"{2 ** (value / _POWERS[name]):.15g}"))
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
