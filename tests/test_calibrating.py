import json

import cv2
import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from tests.drawn import scene
from verify import calibrating
from verify.cli import cli
from verify.errors import Refused
from verify.matching.calibration import Calibration


def silent(items, total, what):
    yield from items


def corner(seed: int, by: float) -> np.ndarray:
    """Two walls that meet in a corner, 480 x 320; going sideways (`by` 0…1) shows more of the left one."""
    left, right = scene(seed, 320, 320), scene(seed + 100, 320, 320)
    width = int(240 + 90 * by)
    view = np.hstack((cv2.resize(left, (width, 320)), cv2.resize(right, (480 - width, 320)))) * (1 - 0.15 * by)
    return np.clip(view + np.random.default_rng(int(by * 100)).normal(0, 2, view.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """Four rooms of four pictures each: one corner from four places."""
    folder = tmp_path_factory.mktemp("rooms")
    for seed in range(4):
        inside = folder / f"room-{seed}"
        inside.mkdir()
        for step in range(4):
            PIL.Image.fromarray(corner(seed, step / 3)).save(inside / f"{step}.png")
    return folder


def test_own_rooms_give_a_calibration_that_the_check_takes(rooms, tmp_path):
    told = [str(rooms), "--name", "room-4/drawn", "--population", "drawn walls", "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(cli, ["calibrate", *told])
    assert result.exit_code == 0, result.output
    made = Calibration.of(json.loads((tmp_path / "calibration.json").read_text()))
    assert (made.name, made.population) == ("room-4/drawn", "drawn walls")
    assert {path.name for path in tmp_path.iterdir()} == {
        "calibration.json",
        "scores.csv",
        "tippett.svg",
        "reliability.svg",
    }
    assert json.loads(result.stdout)["slope"] == made.slope


def test_fewer_than_four_rooms_are_refused(tmp_path):
    (tmp_path / "one").mkdir()
    PIL.Image.new("RGB", (40, 40)).save(tmp_path / "one" / "a.png")
    with pytest.raises(Refused, match="at least 4"):
        calibrating.calibrate(tmp_path, "n", "p", tmp_path / "out", progress=silent)


def test_points_on_the_command_line_decide_and_are_laid_over_each_other(tmp_path):
    PIL.Image.fromarray(corner(3, 0.0)).save(tmp_path / "leak.png")
    PIL.Image.fromarray(corner(7, 1.0)).save(tmp_path / "reference.png")  # the points decide, not what is drawn
    pairs = [[x + 1, y, x * 330 / 240, y - 1] for x in (30, 130, 220) for y in (50, 150, 260)]
    (tmp_path / "points.json").write_text(json.dumps({"drawn_by": "A. Analyst", "pairs": pairs}))
    told = [str(tmp_path / "leak.png"), "--kind", "room", "--json", "--points", str(tmp_path / "points.json")]
    told += ["--overlay", str(tmp_path / "out"), "--with", str(tmp_path / "reference.png")]
    result = CliRunner().invoke(cli, ["compare", *told])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert row["answer"] == "yes", row["because"]
    assert row["measured"]["drawn_by"] == "A. Analyst"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"blink-1.png", "blink-2.png", "overlay.png"}


def test_points_on_several_references_are_refused(tmp_path):
    (tmp_path / "points.csv").write_text("1,2,3,4\n")
    told = ["a.png", "--kind", "room", "--points", str(tmp_path / "points.csv"), "--with", "b.png", "c.png"]
    result = CliRunner().invoke(cli, ["compare", *told])
    assert isinstance(result.exception, Refused)
