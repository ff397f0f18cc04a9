import struct
import zlib

import pytest

from tests.drawn import encode, scene
from tests.metadata import written
from verify import metadata
from verify.image import Image


def read(data: bytes) -> metadata.Metadata:
    return metadata.read(Image(data, "x.jpg"))


def values(data: bytes) -> dict[str, object]:
    return {tag.key: tag.value for tag in read(data).tags}


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_values_come_out_as_numbers_and_text_in_both_byte_orders(order):
    exif = {
        "ExposureTime": (1, 60),
        "FNumber": (28, 10),
        "ISO": 200,
        "ShutterSpeedValue": (6, 1),
        "ExifVersion": b"0231",
    }
    told = values(written.exif_jpeg(ifd0={"Make": "Maker  ", "Software": "4.1"}, exif=exif, order=order))

    assert told["IFD0:Make"] == "Maker"
    assert told["IFD0:Software"] == 4.1
    assert told["ExifIFD:ExposureTime"] == 0.01666666667
    assert told["ExifIFD:FNumber"] == 2.8
    assert told["ExifIFD:ISO"] == 200
    assert told["ExifIFD:ShutterSpeedValue"] == 0.015625
    assert told["ExifIFD:ExifVersion"] == "0231"


def test_text_that_reads_like_a_number_keeps_its_letters():
    found = read(written.exif_jpeg(ifd0={"Software": "4.10"}))

    assert found.text("IFD0:Software") == "4.10"


def test_the_offset_of_a_tag_is_where_its_bytes_stand_in_the_file():
    data = written.exif_jpeg(ifd0={"Make": "A long maker name"})

    tag = read(data).first("IFD0:Make")

    assert data[tag.offset :].startswith(b"A long maker name\0")


def test_a_position_is_unsigned_degrees_beside_its_hemisphere():
    told = values(
        written.exif_jpeg(gps=written.position(-33.8568, 151.2153, GPSTimeStamp=[(3, 1), (5, 1), (725, 100)]))
    )

    assert told["GPS:GPSLatitude"] == pytest.approx(33.8568, abs=1e-7)
    assert told["GPS:GPSLatitudeRef"] == "S"
    assert told["GPS:GPSTimeStamp"] == "03:05:07.25"


@pytest.mark.parametrize(
    ("stored", "text"),
    [(b"ASCII\0\0\0Hello\0rest", "Hello"), (b"UNICODE\0H\0i\0", "Hi"), (b"\0\0\0\0\0\0\0\0plain", "plain")],
)
def test_a_comment_is_decoded_as_its_first_eight_bytes_say(stored, text):
    assert values(written.exif_jpeg(exif={"UserComment": stored}))["ExifIFD:UserComment"] == text


def test_a_thumbnail_is_found_with_its_place():
    small = encode(scene(3, 160, 120))
    data = written.exif_jpeg(ifd0={"Make": "M"}, thumbnail=small)

    (embedded,) = read(data).embedded

    assert embedded.name == "IFD1:ThumbnailImage"
    assert embedded.data == small
    assert data[embedded.offset :].startswith(small)


def test_xmp_structures_lists_and_languages_are_flattened():
    events = "".join(
        f'<rdf:li stEvt:action="{action}" stEvt:when="2020-01-0{n}T10:00:00+02:00"/>'
        for n, action in ((1, "created"), (2, "saved"))
    )
    told = values(
        written.xmp_jpeg(
            'xmp:Rating="3" exif:ExposureTime="1/200" exif:ApertureValue="4/1" exif:GPSLatitude="48,53.25S">'
            f"<xmpMM:History><rdf:Seq>{events}</rdf:Seq></xmpMM:History>"
            '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Title</rdf:li>'
            '<rdf:li xml:lang="fr">Titre</rdf:li></rdf:Alt></dc:title>'
        )
    )

    assert told["XMP-x:XMPToolkit"] == "test"
    assert told["XMP-xmp:Rating"] == 3
    assert told["XMP-exif:ExposureTime"] == 0.005
    assert told["XMP-exif:ApertureValue"] == 4
    assert told["XMP-exif:GPSLatitude"] == -48.8875
    assert told["XMP-xmpMM:HistoryAction"] == ("created", "saved")
    assert told["XMP-xmpMM:HistoryWhen"] == ("2020:01:01 10:00:00+02:00", "2020:01:02 10:00:00+02:00")
    assert told["XMP-dc:Title"] == "Title"
    assert told["XMP-dc:Title-fr"] == "Titre"


def test_a_prefix_of_the_writers_own_does_not_change_the_group():
    packet = written.xmp('odd:Rating="5">').replace(b"xmlns:xmp=", b"xmlns:odd=")

    told = values(written.jpeg(written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)))

    assert told["XMP-xmp:Rating"] == 5


def test_an_xml_bomb_is_a_problem_and_not_a_disaster():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x xmlns:x="adobe:ns:meta/">&b;</x>'
    found = read(written.jpeg(written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bomb)))

    assert any("XMP cannot be read" in problem for problem in found.problems)


def test_iptc_datasets_are_named_and_repeated_ones_become_a_list():
    parts = [written.dataset(1, 90, b"\x1b%G"), written.dataset(2, 0, b"\0\4"), written.dataset(2, 55, b"20200315")]
    parts += [
        written.dataset(2, 60, b"101500+0100"),
        written.dataset(2, 25, "grün".encode()),
        written.dataset(2, 25, b"two"),
    ]
    told = values(written.iptc_jpeg(*parts))

    assert told["IPTC:ApplicationRecordVersion"] == 4
    assert told["IPTC:DateCreated"] == "2020:03:15"
    assert told["IPTC:TimeCreated"] == "10:15:00+01:00"
    assert told["IPTC:Keywords"] == ("grün", "two")


def test_a_colour_profile_says_what_it_is_called():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    told = values(encode(scene(1), icc_profile=profile))

    assert told["ICC-header:ProfileFileSignature"] == "acsp"
    assert "sRGB" in str(told["ICC_Profile:ProfileDescription"])


def test_the_skeleton_of_a_jpeg_names_its_tables():
    found = read(encode(scene(1), quality=83, subsampling=2, progressive=True)).jpeg

    assert (found.width, found.height) == (640, 480)
    assert (found.process, found.subsampling, found.huffman) == ("progressive", "4:2:0", "optimised")
    assert (found.quality, found.quality_exact) == (83, True)
    assert found.scans > 1
    assert found.markers[0] == "SOI"
    assert found.markers[-1] == "EOI"


def test_bytes_behind_the_end_are_a_block():
    found = read(encode(scene(1)) + b"PK\3\4 hidden")

    (trailer,) = found.block("trailer")
    assert trailer.data == b"PK\3\4 hidden"


def test_png_text_and_compressed_text_are_read_and_a_bomb_stays_small():
    plain = encode(scene(1), "PNG")

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    extra = chunk(b"tEXt", b"Software\0GIMP 2.10") + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 50_000_000))
    extra += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + written.xmp('xmp:CreatorTool="Tool">'))
    told = values(plain[:33] + extra + plain[33:])

    assert told["PNG:Software"] == "GIMP 2.10"
    assert told["XMP-xmp:CreatorTool"] == "Tool"
    assert len(str(told["PNG:Comment"])) <= 65_536


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "TIFF", "GIF", "AVIF"])
def test_the_other_formats_are_told_apart_and_measured(kind):
    found = read(encode(scene(1), kind))

    assert found.format == {"WEBP": "WebP"}.get(kind, kind)
    assert (found.width, found.height) == (640, 480)


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_exif_is_found_in_other_containers(kind):
    block = written.tiff(ifd0={"Make": "Maker"})
    told = values(encode(scene(1), kind, exif=b"Exif\0\0" + block))

    assert told["IFD0:Make"] == "Maker"


@pytest.mark.parametrize("cut", range(4, 900, 37))
def test_a_file_cut_anywhere_is_read_without_an_error(cut):
    data = written.exif_jpeg(ifd0={"Make": "Maker", "Model": "M" * 40}, gps=written.position(1.5, 2.5))

    assert read(data[:cut]).format in {"JPEG", ""}


@pytest.mark.parametrize("seed", range(40))
def test_noise_in_the_metadata_is_read_without_an_error(seed):
    import numpy as np

    rng = np.random.default_rng(seed)
    data = bytearray(
        written.exif_jpeg(ifd0={"Make": "Canon", "Model": "M"}, exif={"MakerNote": bytes(200)}, thumbnail=b"\xff\xd8")
    )
    for at in rng.integers(2, 500, 30):
        data[int(at)] = int(rng.integers(0, 256))

    read(bytes(data))


def test_a_maker_note_that_states_endless_entries_stops_at_a_budget():
    note = b"\xff\xff" + struct.pack("<HHII", 0x000D, 7, 0x3C000020, 0)
    data = written.exif_jpeg(ifd0={"Make": "Canon", "Model": "EOS"}, exif={"MakerNote": note + bytes(40)})

    found = read(data)

    assert any("maker note" in problem for problem in found.problems)


def test_a_maker_note_is_read_and_says_who_read_it():
    note = struct.pack("<H", 1) + struct.pack("<HHII", 0x0006, 2, 4, int.from_bytes(b"IMG\0", "little"))
    data = written.exif_jpeg(ifd0={"Make": "Canon", "Model": "EOS"}, exif={"MakerNote": note + bytes(4)})

    tag = read(data).first("Canon:ImageType")

    assert (tag.value, tag.reader) == ("IMG", "exifread")


def test_a_directory_that_points_to_itself_ends():
    block = bytearray(written.tiff(ifd0={"Make": "Maker"}))
    block[8 + 2 + 12 : 8 + 2 + 12 + 4] = struct.pack("<I", 8)

    found = read(written.jpeg(written.segment(0xE1, b"Exif\0\0" + bytes(block))))

    assert any("read before" in problem for problem in found.problems)


def test_the_listing_is_json_for_every_kind_of_value(tmp_path):
    import json

    from verify.metadata import listing

    path = tmp_path / "a.jpg"
    path.write_bytes(written.exif_jpeg(ifd0={"Make": "M\x1b[31m"}, exif={"ISO": 100}, gps=written.position(1, 2)))

    told = listing.listing(str(path))

    assert json.loads(json.dumps(told, allow_nan=False))["tags"][0]["reader"] == "built-in"
    assert "\x1b" not in listing.text(told)


def test_a_second_profile_has_groups_of_its_own():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = zlib.compress(profile)
    chunk = struct.pack(">I", len(body) + 3) + b"iCCPA\0\0" + body + struct.pack(">I", zlib.crc32(b"iCCPA\0\0" + body))
    plain = encode(scene(1), "PNG")

    assert {"ICC_Profile", "ICC_Profile2"} <= read(plain[:33] + chunk + chunk + plain[33:]).groups
