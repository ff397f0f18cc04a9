"""Makes verify/metadata/data/names.json: tag numbers and the names that ExifTool's `-listx` prints for them.

    python tests/bench/make_metadata_names.py > verify/metadata/data/names.json

Numbers and meanings are those of TIFF 6.0, EXIF 3.0, DNG, IPTC-IIM 4.2 and ICC.1; the names are ExifTool's, so that two
readers can be set side by side. Names that follow from a rule (an XMP property with a capital letter) are left out.
"""

import json
import subprocess
import xml.etree.ElementTree as ET  # the output of a program of our own choice

FIRST = {"273": "StripOffsets", "279": "StripByteCounts", "513": "ThumbnailOffset", "514": "ThumbnailLength"}
RARE = {"XMP-crd"}  # has the names of XMP-crs
RECORDS = {1: "IPTC::EnvelopeRecord", 2: "IPTC::ApplicationRecord", 3: "IPTC::NewsPhoto"}


def listed(what: str) -> list[ET.Element]:
    text = subprocess.run(["exiftool", "-f", "-listx", what], capture_output=True, check=True).stdout
    return ET.fromstring(text).findall("table")


def tables(what: str) -> dict[str, list[ET.Element]]:
    return {table.get("name", ""): table.findall("tag") for table in listed(what)}


def names(tags: list[ET.Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        if tag.get("id", "").isdigit() or len(tag.get("id", "")) == 4:
            found.setdefault(tag.get("id", ""), tag.get("name", ""))
    return found


def xmp() -> dict[str, dict[str, dict[str, str]]]:
    """By group: names that no rule gives, and the kind of value where it is converted on reading."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for table in listed("-XMP:All"):
        group = table.get("g1", "")
        if table.get("name") == "Extra" or group in RARE:
            continue
        here = found.setdefault(group, {"names": {}, "kinds": {}})
        for tag in table.findall("tag"):
            ident, name, kind = tag.get("id", ""), tag.get("name", ""), tag.get("type", "")
            if name != ident[:1].upper() + ident[1:]:
                here["names"].setdefault(ident, name)
            if kind in {"rational", "date"}:
                here["kinds"].setdefault(ident, kind)
    return found


def iptc() -> dict[str, dict[str, list[str]]]:
    """By record and dataset number: name, type, and "list" where it may be repeated."""
    found = tables("-IPTC:All")
    return {
        str(record): {
            t.get("id", ""): [t.get("name", ""), t.get("type", ""), "list" * ("List" in t.get("flags", ""))]
            for t in found[table]
        }
        for record, table in RECORDS.items()
    }


if __name__ == "__main__":
    exif = tables("-EXIF:All")
    result = {
        "exif": names(exif["Exif::Main"]) | FIRST,
        "gps": names((exif | tables("-GPS:All"))["GPS::Main"]),
        "iptc": iptc(),
        "icc": names(tables("-ICC_Profile:All")["ICC_Profile::Main"]),
        "photoshop": names(tables("-Photoshop:All")["Photoshop::Main"]),
        "xmp": xmp(),
    }
    print(json.dumps(result, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
