"""What the file states: time, place, camera, programs, thumbnail. Each check with each of its answers."""

import pytest

from tests.checks.metadata.asked import NO_FORMAT, ask
from tests.drawn import encode, scene
from tests.metadata import written
from verify.model import Answer


@pytest.mark.parametrize("check", ["capture_time", "location", "camera", "editing_software", "thumbnail"])
def test_a_file_in_no_known_format_is_unable(check):
    assert ask(check, NO_FORMAT).answer is Answer.UNABLE


@pytest.mark.parametrize("check", ["capture_time", "location", "camera", "editing_software"])
def test_a_picture_without_metadata_states_nothing(check):
    assert ask(check, encode(scene(1))).answer is Answer.NO


def test_a_capture_time_with_its_zone_is_stated():
    exif = {"DateTimeOriginal": "2023:08:01 12:30:45", "OffsetTimeOriginal": "+03:00"}
    found = ask("capture_time", written.exif_jpeg(exif=exif))

    assert found.answer is Answer.YES
    assert "2023-08-01 12:30:45 UTC+03:00" in found.because
    assert found.measured["capture_time"] == "2023-08-01T12:30:45"


def test_the_zone_of_a_stated_position_is_used():
    gps = written.position(50.4501, 30.5234)
    found = ask("capture_time", written.exif_jpeg(exif={"DateTimeOriginal": "2023:08:01 12:30:45"}, gps=gps))

    assert found.measured["zone"] == "UTC+03:00"
    assert "Europe/Kyiv" in found.because or "Europe/Kiev" in found.because


@pytest.mark.parametrize(
    "exif",
    [{"CreateDate": "2023:08:01 12:30:45"}, {"DateTimeOriginal": "2000:01:01 00:00:00"}],
    ids=["digitised only", "factory default"],
)
def test_a_weak_clock_is_unclear(exif):
    assert ask("capture_time", written.exif_jpeg(exif=exif)).answer is Answer.UNCLEAR


def test_a_time_of_zeros_is_none():
    assert ask("capture_time", written.exif_jpeg(exif={"DateTimeOriginal": "0000:00:00 00:00:00"})).answer is Answer.NO


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("IMG_20230801_123045.jpg", "2023-08-01 12:30:45"),
        ("PXL_20230801_103045123.jpg", "2023-08-01 10:30:45 UTC+00:00"),
        ("IMG-20230801-WA0001.jpg", "2023-08-01"),
        ("WhatsApp Image 2023-08-01 at 12.30.45.jpeg", "2023-08-01 12:30:45"),
        ("photo_2023-08-01_12-30-45.jpg", "2023-08-01 12:30:45"),
        ("20230801_123045.jpg", "2023-08-01 12:30:45"),
        ("FB_IMG_1690885845000.jpg", "2023-08-01 10:30:45 UTC+00:00"),
    ],
)
def test_a_name_holds_a_weak_clock(name, time):
    found = ask("capture_time", encode(scene(1)), name)

    assert found.answer is Answer.UNCLEAR
    assert found.measured["clocks"][0]["time"] == time


def test_a_position_is_stated_with_hemisphere_and_place():
    found = ask("location", written.exif_jpeg(gps=written.position(-33.8568, 151.2153, GPSAltitude=(30, 1))))

    assert found.answer is Answer.YES
    assert "33.856800° S 151.215300° E" in found.because
    assert found.measured["country"] == "AU"
    assert found.measured["zone"] == "Australia/Sydney"


@pytest.mark.parametrize(
    "gps",
    [
        written.position(0, 0),
        written.position(10, 20, GPSStatus="V"),
        written.position(10, 20) | {"GPSLatitudeRef": ""},
    ],
    ids=["null island", "no fix", "no hemisphere"],
)
def test_a_position_that_is_none_is_unclear(gps):
    assert ask("location", written.exif_jpeg(gps=gps)).answer is Answer.UNCLEAR


def test_two_positions_far_apart_are_unclear():
    exif = written.segment(0xE1, b"Exif\0\0" + written.tiff(gps=written.position(50.45, 30.52)))
    packet = written.xmp('exif:GPSLatitude="49,50.0N" exif:GPSLongitude="24,1.0E">')
    found = ask("location", written.jpeg(exif, written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)))

    assert found.answer is Answer.UNCLEAR
    assert found.measured["metres_apart"] > 100_000


def test_a_camera_is_named_with_its_serial():
    found = ask(
        "camera", written.exif_jpeg(ifd0={"Make": "NIKON", "Model": "NIKON D5"}, exif={"SerialNumber": "123456"})
    )

    assert found.answer is Answer.YES
    assert "NIKON D5" in found.because
    assert "123456" in found.because


def test_a_serial_without_a_camera_is_unclear():
    assert ask("camera", written.exif_jpeg(exif={"SerialNumber": "123456"})).answer is Answer.UNCLEAR


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (written.exif_jpeg(ifd0={"Software": "Adobe Photoshop 25.1 (Windows)"}), Answer.YES),
        (written.xmp_jpeg('xmp:CreatorTool="GIMP 2.10">'), Answer.YES),
        (written.exif_jpeg(ifd0={"Software": "Nikon Transfer 1.1 W", "Make": "NIKON"}), Answer.UNCLEAR),
        (written.exif_jpeg(ifd0={"Software": "Some Unheard Thing", "Make": "X"}), Answer.UNCLEAR),
        (written.exif_jpeg(ifd0={"Software": "Ver.1.00", "Make": "NIKON"}), Answer.NO),
    ],
)
def test_programs_are_told_from_firmware(data, answer):
    assert ask("editing_software", data).answer is answer


def test_photoshop_resources_are_a_trace_without_a_name():
    body = b"".join(written.resource(number, b"\0\0\0\1") for number in (1037, 1049, 1044))
    found = ask("editing_software", written.jpeg(written.segment(0xED, b"Photoshop 3.0\0" + body)))

    assert found.answer is Answer.YES
    assert "3 Photoshop image resources" in found.because


def thumbnailed(seed: int, thumb: int, turn: int = 0) -> bytes:
    import cv2
    import numpy as np

    small = cv2.resize(scene(thumb), (160, 120), interpolation=cv2.INTER_AREA)
    small = np.rot90(small, turn)
    return written.exif_jpeg(seed=seed, ifd0={"Make": "M"}, thumbnail=encode(np.ascontiguousarray(small)))


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_the_same_view_turned_is_recognised(turn):
    assert ask("thumbnail", thumbnailed(5, 5, turn)).answer is Answer.YES


def test_a_foreign_thumbnail_is_noticed():
    found = ask("thumbnail", thumbnailed(5, 6))

    assert found.answer is Answer.NO
    assert found.score < 0.6


def test_a_picture_cut_out_of_what_the_thumbnail_shows_is_noticed():
    import cv2
    import numpy as np

    whole = scene(5)
    small = encode(cv2.resize(whole, (160, 120), interpolation=cv2.INTER_AREA))
    part = np.ascontiguousarray(whole[60:360, 150:550])
    found = ask("thumbnail", written.exif_jpeg(pixels=part, ifd0={"Make": "M"}, thumbnail=small))

    assert found.answer is Answer.NO
    assert "shows more than the picture" in found.because


def test_between_the_thresholds_is_unclear():
    assert ask("thumbnail", thumbnailed(5, 5), same=1.0, foreign=0.5).answer is Answer.UNCLEAR


def test_without_a_thumbnail_there_is_nothing_to_compare():
    assert ask("thumbnail", encode(scene(1))).answer is Answer.UNABLE
