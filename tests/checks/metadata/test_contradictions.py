"""Where a file contradicts itself: clocks, sun, readers, structure, settings, dates. Each check with each answer."""

import pytest

from tests.checks.metadata.asked import NO_FORMAT, ask
from tests.drawn import encode, scene
from tests.metadata import written
from verify.errors import Refused
from verify.model import Answer

TAKEN = "2023:08:01 12:30:45"
KYIV = written.position(50.4501, 30.5234)


@pytest.mark.parametrize(
    "check", ["clock_agreement", "sun", "readers", "file_structure", "exposure_agreement", "anachronism"]
)
def test_a_file_in_no_known_format_is_unable(check):
    assert ask(check, NO_FORMAT).answer is Answer.UNABLE


# --- clocks ---


def test_clocks_that_fit_agree():
    data = written.exif_jpeg(ifd0={"ModifyDate": TAKEN}, exif={"DateTimeOriginal": TAKEN, "CreateDate": TAKEN})

    assert ask("clock_agreement", data, "IMG_20230801_123045.jpg").answer is Answer.YES


def test_a_file_modified_before_it_was_taken_contradicts_itself():
    data = written.exif_jpeg(ifd0={"ModifyDate": "2020:01:01 00:00:01"}, exif={"DateTimeOriginal": TAKEN})
    found = ask("clock_agreement", data)

    assert found.answer is Answer.NO
    assert "1308 days before" in found.because


def test_two_capture_times_contradict_each_other():
    exif = written.segment(0xE1, b"Exif\0\0" + written.tiff(exif={"DateTimeOriginal": TAKEN}))
    packet = written.xmp('exif:DateTimeOriginal="2023-08-03T09:00:00">')
    data = written.jpeg(exif, written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))

    assert ask("clock_agreement", data).answer is Answer.NO


def test_one_time_written_with_and_without_its_zone_is_no_contradiction():
    exif = written.segment(0xE1, b"Exif\0\0" + written.tiff(exif={"DateTimeOriginal": TAKEN}))
    packet = written.xmp('exif:DateTimeOriginal="2023-08-01T12:30:45+03:00">')
    data = written.jpeg(exif, written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))

    assert ask("clock_agreement", data).answer is Answer.YES


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (written.exif_jpeg(ifd0={"ModifyDate": "2023:08:02 12:00:00"}, exif={"DateTimeOriginal": TAKEN}), "x.jpg"),
        (written.exif_jpeg(exif={"DateTimeOriginal": TAKEN}), "IMG_20210101_000000.jpg"),
    ],
    ids=["modified later", "file name"],
)
def test_differences_that_originals_have_are_unclear(data, name):
    assert ask("clock_agreement", data, name).answer is Answer.UNCLEAR


@pytest.mark.parametrize(("hour", "answer"), [(9, Answer.YES), (5, Answer.UNCLEAR)])
def test_satellite_time_must_fit_the_zone_of_the_place(hour, answer):
    gps = KYIV | {"GPSDateStamp": "2023:08:01", "GPSTimeStamp": [(hour, 1), (30, 1), (40, 1)]}

    assert ask("clock_agreement", written.exif_jpeg(exif={"DateTimeOriginal": TAKEN}, gps=gps)).answer is answer


def test_one_clock_cannot_disagree():
    assert ask("clock_agreement", written.exif_jpeg(exif={"DateTimeOriginal": TAKEN})).answer is Answer.UNABLE


# --- sun ---


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({"light": "day"}, Answer.YES),
        ({"light": "night"}, Answer.NO),
        ({}, Answer.UNCLEAR),
        ({"light": "day", "time": "2023-08-01T21:00:00+03:00"}, Answer.UNCLEAR),
        ({"light": "night", "time": "2023-08-01T23:50:00+03:00"}, Answer.YES),
    ],
)
def test_the_light_is_held_against_the_sun(settings, answer):
    data = written.exif_jpeg(exif={"DateTimeOriginal": TAKEN}, gps=KYIV)

    assert ask("sun", data, **settings).answer is answer


@pytest.mark.parametrize(("turn", "answer"), [(0, Answer.YES), (25, Answer.UNCLEAR), (90, Answer.NO)])
def test_a_shadow_is_held_against_the_sun(turn, answer):
    data = written.exif_jpeg(exif={"DateTimeOriginal": TAKEN}, gps=KYIV)
    expected = ask("sun", data, shadow=0.0).measured["shadow_expected"]

    assert ask("sun", data, shadow=(expected + turn) % 360).answer is answer


def test_without_a_place_the_sun_says_nothing():
    assert ask("sun", written.exif_jpeg(exif={"DateTimeOriginal": TAKEN}), light="day").answer is Answer.UNABLE


@pytest.mark.parametrize("settings", [{"light": "dusk"}, {"time": "noon"}, {"time": "2023-08-01T12:00:00"}])
def test_a_statement_that_means_nothing_is_refused(settings):
    with pytest.raises(Refused):
        ask("sun", written.exif_jpeg(gps=KYIV), **settings)


# --- readers ---


def test_the_readers_agree_on_an_ordinary_file():
    data = written.exif_jpeg(ifd0={"Make": "Maker", "Model": "Model"}, exif={"DateTimeOriginal": TAKEN, "ISO": 100})
    found = ask("readers", data, deep=False)

    assert found.answer is Answer.YES
    assert found.measured["reader"] == "ExifRead"
    assert found.measured["common"] >= 4


def test_a_value_that_two_readers_read_differently_is_a_finding():
    block = bytearray(written.tiff(ifd0={"Make": "Maker"}))
    second = b"Exif\0\0" + written.tiff(ifd0={"Make": "Other"})
    data = written.jpeg(written.segment(0xE1, b"Exif\0\0" + bytes(block)), written.segment(0xE1, second))
    found = ask("readers", data, deep=False)

    assert found.answer in {Answer.YES, Answer.NO}
    assert ask("file_structure", data).answer is Answer.NO


def test_differences_are_told_by_key():
    from verify.metadata import comparing
    from verify.metadata.found import Metadata, Tag

    block = written.tiff(ifd0={"Make": "Maker"})
    reading = Metadata("JPEG", 1, tags=(Tag("IFD0", "Make", "Liar", "Liar"), Tag("IFD0", "Model", "M", "M")))
    told = comparing._compared("ExifRead", "3", reading.tags, comparing._exifread(block)[0], (), comparing.STANDARD)

    assert told.different == (("IFD0:Make", "Liar", "Maker"),)
    assert told.only_here == ("IFD0:Model",)


def test_without_metadata_there_is_nothing_to_compare():
    assert ask("readers", encode(scene(1), "PNG"), deep=False).answer is Answer.UNABLE


# --- structure ---


@pytest.mark.parametrize(
    ("data", "name", "answer"),
    [
        (encode(scene(1)), "x.jpg", Answer.YES),
        (encode(scene(1), "PNG"), "x.jpg", Answer.NO),
        (encode(scene(1))[:-2], "x.jpg", Answer.UNCLEAR),
    ],
)
def test_structure_is_told(data, name, answer):
    assert ask("file_structure", data, name).answer is answer


# --- settings ---


@pytest.mark.parametrize(
    ("exif", "answer"),
    [
        ({"FNumber": (28, 10), "ApertureValue": (297, 100)}, Answer.YES),
        ({"FNumber": (28, 10), "ApertureValue": (6, 1)}, Answer.UNCLEAR),
        ({"FNumber": (28, 10)}, Answer.UNABLE),
    ],
)
def test_settings_in_two_fields_are_compared(exif, answer):
    assert ask("exposure_agreement", written.exif_jpeg(exif=exif)).answer is answer


# --- dates ---


@pytest.mark.parametrize(
    ("exif", "answer"),
    [
        ({"DateTimeOriginal": TAKEN, "ExifVersion": b"0231"}, Answer.YES),
        ({"DateTimeOriginal": "2009:08:01 12:00:00", "ExifVersion": b"0231"}, Answer.NO),
        ({"ExifVersion": b"0231"}, Answer.UNABLE),
    ],
)
def test_a_version_younger_than_the_picture_is_noticed(exif, answer):
    assert ask("anachronism", written.exif_jpeg(exif=exif)).answer is answer


def test_a_younger_toolkit_may_be_an_editors():
    exif = written.segment(0xE1, b"Exif\0\0" + written.tiff(exif={"DateTimeOriginal": "2010:08:01 12:00:00"}))
    packet = written.xmp(">").replace(b'x:xmptk="test"', b'x:xmptk="Adobe XMP Core 5.6-c148, 2020/01/13-12:00:00"')
    data = written.jpeg(exif, written.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))

    assert ask("anachronism", data).answer is Answer.UNCLEAR
