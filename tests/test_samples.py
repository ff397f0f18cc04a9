"""The sample case is what its README says: made by its script, licensed, readable where it should be."""

import re
import runpy
import tomllib
from pathlib import Path

import exifread
import numpy as np
import pytest

from verify import image
from verify.errors import Unreadable
from verify.known import Known

SAMPLES = Path(__file__).parent.parent / "samples"
STORY = tomllib.loads((SAMPLES / "story.toml").read_text(encoding="utf-8"))
README = (SAMPLES / "README.md").read_text(encoding="utf-8")
BROKEN = {"IMG_20240311_214541.jpg", "photo_2024-03-13_10-22-18.jpg"}


def files(folder: str) -> list[Path]:
    return sorted(path for path in (SAMPLES / folder).rglob("*") if path.is_file())


def exif(name: str) -> dict[str, str]:
    with (SAMPLES / "leaked" / name).open("rb") as file:
        return {key: str(value) for key, value in exifread.process_file(file).items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    runpy.run_path(str(SAMPLES / "make.py"))["main"](folder)
    return folder


def test_the_script_makes_what_is_stored(made):
    stored = {path.relative_to(SAMPLES) for part in ("leaked", "known") for path in files(part)}
    assert {path.relative_to(made) for path in made.rglob("*") if path.is_file()} == stored | {
        Path("archive/report-2019-another-station.jpg")
    }
    for path in sorted(stored):
        again, data = (made / path).read_bytes(), (SAMPLES / path).read_bytes()
        if again != data:  # another build of libjpeg or of the font: the pictures may differ by a shade, not by sight
            difference = np.abs(image.decode(again).astype(int) - image.decode(data).astype(int))
            assert difference.mean() < 1, path


@pytest.mark.parametrize("folder", ["leaked", "archive"])
def test_the_readme_names_every_file_and_no_other(folder):
    section = README.split("## Leaked pictures" if folder == "leaked" else "## The archive")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([^`]+\.\w+)`", section, re.M))
    assert named == {path.name for path in files(folder)}


def test_every_archive_picture_has_a_licence():
    rows = [line for line in README.split("## The archive")[1].splitlines() if line.startswith("| `")]
    assert rows
    assert all(re.search(r"\| (CC0|CC BY-SA 4\.0, unchanged|public domain) \|$", row) for row in rows)


def test_the_story_names_only_files_that_are_there():
    groups = [*STORY["leaked"], *STORY["known"]]
    named = [file for group in groups for file in group["files"]]
    named += [item["file"] for key in ("appearance", "link", "planted") for item in STORY[key]]
    assert [name for name in named if not (SAMPLES / name).is_file()] == []
    taken_in = {file for group in STORY["leaked"] for file in group["files"]}
    assert taken_in == {path.relative_to(SAMPLES).as_posix() for path in files("leaked")}
    assert {item["file"] for item in STORY["planted"]} <= taken_in


def test_the_shelf_as_a_folder_and_in_the_story_agree():
    shelf = Known.from_folder(SAMPLES / "known")
    told = {(group["kind"], group["name"]): group for group in STORY["known"]}
    assert {(reference.kind, reference.name) for reference in shelf} == set(told)
    for reference in shelf:
        group = told[reference.kind, reference.name]
        assert (reference.source, reference.vouched_by, reference.taken) == (
            group["source"],
            group["vouched_by"],
            group["taken"],
        )


def test_links_and_conclusions_name_hypotheses_that_are_set_up():
    names = {item["id"] for item in STORY["hypothesis"]}
    assert {item["rival"] for item in STORY["hypothesis"]} == names
    assert {item["hypothesis"] for item in STORY["link"]} | {item["about"] for item in STORY["conclusion"]} <= names


@pytest.mark.parametrize("path", files("leaked"), ids=lambda path: path.name)
def test_a_leaked_picture_opens_unless_it_was_broken_on_purpose(path):
    if path.name in BROKEN:
        with pytest.raises(Unreadable):
            image.open(path).pixels  # noqa: B018
    else:
        assert min(image.open(path).size) >= 600


def test_the_contradiction_is_in_the_file():
    told = exif("IMG_20240312_084355.jpg")
    assert (told["GPS GPSDate"], told["EXIF DateTimeOriginal"][:4], told["Image DateTime"][:4]) == (
        "2021:06:03",
        "2024",
        "2023",
    )
    assert told["EXIF ExifImageWidth"] == "4000"
    assert "Photoshop" in told["Image Software"]


def test_the_honest_phone_picture_agrees_with_itself():
    told = exif("IMG_20240311_214507.jpg")
    assert (told["EXIF DateTimeOriginal"], told["EXIF OffsetTimeOriginal"]) == ("2024:03:11 21:45:07", "+04:00")
    assert (told["GPS GPSDate"], told["GPS GPSTimeStamp"]) == ("2024:03:11", "[17, 45, 7]")


def test_messenger_pictures_carry_no_metadata():
    assert [
        path.name for path in files("leaked") if path.name.startswith("photo_") and b"Exif" in path.read_bytes()
    ] == []


def test_spliced_metadata_left_the_pixels_alone():
    before, after = SAMPLES / "renders" / "lobby_a_v2.jpg", SAMPLES / "leaked" / "IMG_20240311_214507.jpg"
    assert np.array_equal(image.open(before).pixels, image.open(after).pixels)


def test_what_the_wheel_carries_stays_small():
    carried = sum(path.stat().st_size for part in ("leaked", "known", "archive") for path in files(part))
    assert carried < 8 * 2**20
