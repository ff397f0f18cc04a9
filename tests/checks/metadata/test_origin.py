"""Where a file comes from and what it went through. Each check with each of its answers."""

import numpy as np
import pytest

from tests.checks.metadata.asked import NO_FORMAT, ask, compare
from tests.drawn import encode, scene
from tests.metadata import written
from verify.model import Answer

CAMERA = {"Make": "Canon", "Model": "Canon EOS 5D"}
TAKEN = "2023:08:01 12:30:45"
ONE = ["trailing_data", "dimensions", "platform", "screenshot", "generator", "authorship", "document_history"]


@pytest.mark.parametrize("check", [*ONE, "camera_encoding", "credentials"])
def test_a_file_in_no_known_format_is_unable(check):
    assert ask(check, NO_FORMAT).answer is Answer.UNABLE


# --- two pictures ---


def shot(serial="", number=0, time=TAKEN, model="Canon EOS 5D", **more):
    exif = {"DateTimeOriginal": time} | ({"SerialNumber": serial} if serial else {})
    return written.exif_jpeg(ifd0={"Make": "Canon", "Model": model}, exif=exif, **more)


@pytest.mark.parametrize(
    ("one", "two", "answer"),
    [
        (shot("123"), shot("123"), Answer.YES),
        (shot("123"), shot("124"), Answer.NO),
        (shot("123"), shot("123", model="Canon EOS 6D"), Answer.NO),
        (shot(), shot(), Answer.UNCLEAR),
        (shot("000000"), shot("000000"), Answer.UNCLEAR),
        (shot("123"), encode(scene(1)), Answer.UNABLE),
        (shot("123"), NO_FORMAT, Answer.UNABLE),
    ],
)
def test_devices_are_compared_by_serial_and_model(one, two, answer):
    assert compare("same_device", one, two).answer is answer
    assert compare("same_device", two, one).answer is answer


@pytest.mark.parametrize(
    ("names", "times", "answer"),
    [
        (("DSC_0012.JPG", "DSC_0015.JPG"), ("2023:08:01 12:00:00", "2023:08:01 12:05:00"), Answer.YES),
        (("DSC_0012.JPG", "DSC_0015.JPG"), ("2023:08:01 12:00:00", "2023:08:01 11:00:00"), Answer.NO),
        (("DSC_0012.JPG", "DSC_9015.JPG"), ("2023:08:01 12:00:00", "2023:08:01 12:05:00"), Answer.UNCLEAR),
        (("DSC_0012.JPG", "IMG_0013.JPG"), ("2023:08:01 12:00:00", "2023:08:01 12:05:00"), Answer.UNCLEAR),
        (("holiday.jpg", "DSC_0015.JPG"), ("2023:08:01 12:00:00", "2023:08:01 12:05:00"), Answer.UNABLE),
    ],
)
def test_numbers_and_times_must_run_the_same_way(names, times, answer):
    found = compare("sequence", shot(time=times[0]), shot(time=times[1]), names)

    assert found.answer is answer


# --- trailing data ---


@pytest.mark.parametrize(
    ("extra", "answer"),
    [
        (b"", Answer.NO),
        (bytes(500), Answer.NO),
        (b"\xff\xd8\xff\xe0 a preview" * 9, Answer.NO),
        (b"....SEFT" * 9, Answer.NO),
        (b"\x01\x02 something odd" * 40, Answer.UNCLEAR),
        (b"PK\x03\x04 an archive" * 9, Answer.YES),
        (b"Rar!\x1a\x07\x00" * 9, Answer.YES),
    ],
)
def test_what_stands_behind_the_end_is_told(extra, answer):
    assert ask("trailing_data", encode(scene(1)) + extra).answer is answer


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF"])
def test_an_archive_behind_other_formats_is_seen(kind):
    plain = encode(scene(1), kind)

    assert ask("trailing_data", plain).answer is Answer.NO
    assert ask("trailing_data", plain + b"PK\x03\x04" + bytes(100)).answer is Answer.YES


# --- dimensions ---


@pytest.mark.parametrize(
    ("size", "answer", "word"),
    [
        ((640, 480), Answer.YES, "as the file states"),
        ((480, 640), Answer.YES, "as the file states"),
        ((1280, 960), Answer.UNCLEAR, "resized"),
        ((1280, 480), Answer.UNCLEAR, "cropped"),
    ],
)
def test_the_stated_size_is_compared(size, answer, word):
    found = ask("dimensions", written.exif_jpeg(exif={"ExifImageWidth": size[0], "ExifImageHeight": size[1]}))

    assert found.answer is answer
    assert word in found.because


def test_without_a_stated_size_there_is_nothing_to_compare():
    assert ask("dimensions", encode(scene(1))).answer is Answer.UNABLE


# --- platform ---


@pytest.mark.parametrize(
    ("data", "name", "answer"),
    [
        (written.iptc_jpeg(written.dataset(2, 40, b"FBMD23000a3501000")), "x.jpg", Answer.YES),
        (encode(scene(1)), "IMG-20230801-WA0001.jpg", Answer.YES),
        (shot(), "IMG-20230801-WA0001.jpg", Answer.UNCLEAR),
        (encode(scene(1, 1600, 900)), "x.jpg", Answer.UNCLEAR),
        (shot(thumbnail=encode(scene(2, 160, 120))), "x.jpg", Answer.NO),
        (encode(scene(1)), "x.jpg", Answer.UNABLE),
    ],
)
def test_platforms_are_told_by_their_marks(data, name, answer):
    assert ask("platform", data, name).answer is answer


# --- screenshot ---


def screen(width=1170, height=2532):
    return np.full((height, width, 3), 200, np.uint8)


@pytest.mark.parametrize(
    ("data", "name", "answer"),
    [
        (written.exif_jpeg(exif={"UserComment": b"ASCII\0\0\0Screenshot"}), "x.jpg", Answer.YES),
        (encode(screen(), "PNG"), "x.png", Answer.UNCLEAR),
        (encode(scene(1)), "Screenshot_20230801-123045.jpg", Answer.UNCLEAR),
        (written.exif_jpeg(pixels=screen(), exif={"ExposureTime": (1, 60)}), "x.jpg", Answer.NO),
        (encode(scene(1)), "x.jpg", Answer.UNABLE),
    ],
)
def test_screenshots_are_told(data, name, answer):
    assert ask("screenshot", data, name).answer is answer


# --- generator ---

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (written.xmp_jpeg(f'Iptc4xmpExt:DigitalSourceType="{SOURCE}trainedAlgorithmicMedia">'), Answer.YES),
        (
            written.xmp_jpeg(f'Iptc4xmpExt:DigitalSourceType="{SOURCE}compositeWithTrainedAlgorithmicMedia">'),
            Answer.UNCLEAR,
        ),
        (written.exif_jpeg(exif={"UserComment": b"ASCII\0\0\0a cat, Steps: 20, Sampler: Euler a"}), Answer.YES),
        (written.exif_jpeg(ifd0={"Software": "Midjourney v6"}), Answer.UNCLEAR),
        (encode(scene(1)), Answer.NO),
        (written.xmp_jpeg(f'Iptc4xmpExt:DigitalSourceType="{SOURCE}digitalCapture">'), Answer.NO),
    ],
)
def test_a_generator_is_believed_when_the_file_names_it(data, answer):
    assert ask("generator", data).answer is answer


# --- people ---


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (written.exif_jpeg(ifd0={"Artist": "Jane Roe"}), Answer.YES),
        (written.iptc_jpeg(written.dataset(2, 80, b"Jane Roe")), Answer.YES),
        (written.exif_jpeg(ifd0={"ImageDescription": r"C:\Users\jroe\Desktop\a.psd"}), Answer.YES),
        (written.exif_jpeg(ifd0={"Copyright": "Some Agency"}), Answer.UNCLEAR),
        (encode(scene(1)), Answer.NO),
    ],
)
def test_names_of_people_are_found(data, answer):
    assert ask("authorship", data).answer is answer


# --- history ---


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        ('><xmpMM:DerivedFrom stRef:documentID="xmp.did:parent"/>', Answer.YES),
        ('xmpMM:DocumentID="xmp.did:own">', Answer.UNCLEAR),
        ('xmp:Rating="3">', Answer.NO),
    ],
)
def test_other_documents_are_named(packet, answer):
    assert ask("document_history", written.xmp_jpeg(packet)).answer is answer


# --- encoding ---


def test_the_encoding_is_placed_in_a_table():
    from verify import metadata
    from verify.image import Image
    from verify.metadata import encoders

    def read(data):
        return metadata.read(Image(data))

    odd = np.arange(1, 65)
    tables = {"qtables": [odd.tolist(), (odd + 3).tolist()]}
    plain = encode(scene(1), **tables)
    exif = written.segment(0xE1, b"Exif\0\0" + written.tiff(ifd0=CAMERA))
    edited = written.segment(0xE1, b"Exif\0\0" + written.tiff(ifd0=CAMERA | {"Software": "Adobe Photoshop 25.1"}))
    camera, editor = plain[:2] + exif + plain[2:], plain[:2] + edited + plain[2:]

    assert encoders.place(read(camera), encoders.build([read(camera)]))[0] == encoders.SAME_MODEL
    assert encoders.place(read(camera), encoders.build([read(editor)]))[0] == encoders.PROGRAM
    assert encoders.place(read(camera), encoders.build([]))[0] == encoders.OUTSIDE
    assert encoders.place(read(written.exif_jpeg(ifd0=CAMERA)), encoders.build([]))[0] == encoders.LIBRARY


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (written.exif_jpeg(ifd0={"Make": "Nobody", "Model": "Nothing"}), Answer.UNCLEAR),
        (encode(scene(1)), Answer.UNABLE),
        (encode(scene(1), "PNG"), Answer.UNABLE),
    ],
)
def test_outside_the_table_the_encoding_says_nothing(data, answer):
    assert ask("camera_encoding", data).answer is answer


@pytest.mark.parametrize(("kind", "answer"), [("cameras", Answer.YES), ("programs", Answer.NO)])
def test_the_shipped_table_answers_for_what_it_holds(kind, answer):
    """A signature of the table, put into a reading by hand: no file of the development set is in the tests."""
    from dataclasses import replace

    from verify.checks.metadata import camera_encoding
    from verify.metadata import encoders

    known = encoders.table()
    assert known.models >= 30
    assert known.cameras
    assert known.programs
    places = {"cameras": encoders.SAME_MODEL, "programs": encoders.PROGRAM}
    assert camera_encoding._ANSWERS[places[kind]] is answer
    assert replace(known) == known


def test_no_credentials_is_neutral():
    found = ask("credentials", encode(scene(1)))

    assert found.answer is Answer.UNABLE
    assert "most pictures do not" in found.because
