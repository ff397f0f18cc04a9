"""Keypoints lie where Lowe's method puts them, turn and mirror with the picture, whatever came before."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from tests.drawn import scene
from verify.archive import features, keypoints


def gray(seed, side=384):
    return features.work_image(cv2.cvtColor(scene(seed), cv2.COLOR_RGB2GRAY), side)


def alike(one, other, turned=0.0):
    """Nearest feature of the other of like size and direction: distance in pixels, row, and degrees between the two."""
    away = np.linalg.norm(one.points[:, None] - other.points[None], axis=2)
    angle = (other.angles[None] - one.angles[:, None] - turned + 180) % 360 - 180
    away[(np.abs(np.log(one.sizes[:, None] / other.sizes[None])) > 0.2) | (np.abs(angle) > 15)] = np.inf
    row = away.argmin(axis=1)
    each = np.arange(len(one))
    return away[each, row], row, angle[each, row]


def cosine(one, other):
    return np.median((one.astype(float) * other).sum(axis=1)) / 127**2


def test_a_blob_is_found_in_its_middle_and_as_wide_as_it_is():
    y, x = np.mgrid[:200, :240]
    for middle, sigma in (((90.0, 110.0), 5.0), ((100.3, 60.7), 3.0)):
        blob = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / 2 / sigma**2)
        found = features.extract(np.rint(40 + 150 * blob).astype(np.uint8))
        best = np.linalg.norm(found.points - middle, axis=1).argmin()
        assert found.points[best] == pytest.approx(middle, abs=0.1)
        assert found.sizes[best] == pytest.approx(2 * sigma, rel=0.15)


def test_places_directions_and_descriptors_are_those_of_the_library():
    work = gray(300)
    sift = cv2.SIFT_create(contrastThreshold=keypoints.CONTRAST, edgeThreshold=keypoints.EDGE)
    theirs, described = sift.detectAndCompute(work, None)
    places = np.array([(k.pt[0], k.pt[1], k.size, k.angle) for k in theirs], np.float32)
    middle = places[:, :2] - 0.25  # the library's doubling moves all by a quarter of a pixel
    library = features.Features(middle, places[:, 2], places[:, 3], features.encode(described))
    ours = features.extract(work)
    away, row, angle = alike(ours, library)
    same = away < 0.5
    assert same.mean() > 0.8
    assert np.median(np.abs(angle[same])) < 2
    assert cosine(ours.codes[same], library.codes[row[same]]) > 0.97


def test_features_turn_with_the_picture():
    work = gray(301)
    ours, turned = features.extract(work), features.extract(np.ascontiguousarray(np.rot90(work, -1)))
    back = np.stack([turned.points[:, 1], work.shape[0] - 1 - turned.points[:, 0]], axis=1)
    away, row, angle = alike(ours, features.Features(back, *turned.arrays()[1:]), 90)
    same = away < 0.3
    assert same.mean() > 0.85
    assert np.median(np.abs(angle[same])) < 1
    assert cosine(ours.codes[same], turned.codes[row[same]]) > 0.98


def test_the_mirrored_features_are_those_of_the_mirrored_picture():
    work = gray(302)
    ours = features.extract(work).mirrored(work.shape[1])
    mirrored = features.extract(np.ascontiguousarray(work[:, ::-1]))
    away, row, angle = alike(ours, mirrored)
    same = away < 0.3
    assert same.mean() > 0.85
    assert np.median(np.abs(angle[same])) < 1
    assert cosine(ours.codes[same], mirrored.codes[row[same]]) > 0.98


@pytest.mark.parametrize("size", [(1, 1), (9, 300), (200, 200)])
def test_a_flat_or_tiny_picture_has_none(size):
    assert len(features.extract(np.full(size, 90, np.uint8))) == 0


def test_the_picture_before_and_another_thread_change_nothing():
    work, others = gray(303), [gray(310 + n, side) for n, side in enumerate((384, 120, 384, 250))]
    first = features.extract(work)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(features.extract, others * 2))
        again = list(threads.map(features.extract, [work] * 4))
    for found in (features.extract(work), *again):
        assert all(np.array_equal(a, b) for a, b in zip(found.arrays(), first.arrays(), strict=True))


def test_no_more_than_asked_for_and_every_part_of_the_picture_has_its_share():
    work = gray(304)
    found = features.extract(work, 120)
    assert len(found) == 120
    cells = (found.points * features.GRID / np.array(work.shape[::-1])).astype(int)
    assert len({tuple(cell) for cell in cells}) > 40
