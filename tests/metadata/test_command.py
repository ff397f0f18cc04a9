"""`verify metadata`: a line a file, in order, whatever happens to some of them."""

import json

import pytest
from click.testing import CliRunner

from tests.metadata import written
from verify.cli.metadata import metadata


@pytest.fixture
def files(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(written.exif_jpeg(ifd0={"Make": f"Maker {name}"}))
    return [str(tmp_path / name) for name in ("a.jpg", "b.jpg")]


def test_json_is_one_object_a_line_in_the_order_of_the_files(files):
    result = CliRunner().invoke(metadata, ["--json", "--no-deep", *files])

    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [line["picture"] for line in told] == ["a.jpg", "b.jpg"]
    assert told[0]["version"] == 1
    assert {"digest", "format", "tags", "jpeg", "c2pa", "problems"} <= set(told[0])
    make = next(tag for tag in told[1]["tags"] if tag["name"] == "Make")
    assert make | {"offset": None} == {
        "group": "IFD0",
        "name": "Make",
        "value": "Maker b.jpg",
        "raw": "Maker b.jpg",
        "offset": None,
        "reader": "built-in",
    }


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(files, tmp_path):
    result = CliRunner().invoke(metadata, ["--json", "--no-deep", str(tmp_path / "none.jpg"), *files])

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert "none.jpg" in lines[0]["error"]
    assert len(lines) == 3


def test_when_nothing_can_be_read_the_exit_code_says_so(tmp_path):
    assert CliRunner().invoke(metadata, [str(tmp_path / "none.jpg")]).exit_code == 2


def test_the_text_form_names_groups_and_structure(files):
    result = CliRunner().invoke(metadata, ["--no-deep", files[0]])

    assert "IFD0" in result.stdout
    assert "JPEG baseline, 640 x 480" in result.stdout
