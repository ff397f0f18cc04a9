"""A closer look: a finer net centres the places of the first glance on whole flags, and three judge them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import Bytes
from verify.matching.flags.finer import CELLS, Judge
from verify.matching.flags.glance import ASPECT, Box, Net, Place, again, glanced, read, views, window

WIDER = ((1.2, (0, 0)), (1.7, (0, 0)), (2.4, (0, 0)))  # views of a place of the first glance, the likeliest of which
#                                       goes on: the glance often takes a disc, or a canton with stripes, for a flag
LAST = ((1.25, (0, 0)), (1.5, (0.04, 0.03)), (1.75, (-0.04, -0.03)))  # views in which a place is judged: folded cloth
#                                       reaches beyond the corners. Of 112 flags 0.78 have larger odds than all scenes,
#                                       0.69 with views of 1.12, 1.35 and 1.35, 0.74 with 1.5, 1.75 and 1.75
CENTRED = ((1.2, (0, 0)), (1.5, (0, 0)))  # views of that place, one of which goes on if it is likelier
LARGE = (1.15, 0.85, 0.6)  # heights of windows, of the picture's, in which flags that fill it are sought as well
APART = 0.3  # of a window's side between those windows
TAKEN = 5  # of those windows, the likeliest
HOPELESS = -2.0  # odds below which a place is given up
SAME = 0.5  # of two places' boxes, what they share of what they cover together, beyond which they are one
TURNS = (0, 1, 2, 3)  # quarter turns, clockwise, by which flags may hang
TURNED = (0.0, 3.0, 4.6, 3.0)  # natural logarithm: how much rarer flags turned so are (1 in 20, upside down 1 in 100:
#                                chosen)
JUDGED = 10  # places judged in a picture, the likeliest: a choice for time, 0.03 s each
WITHIN = 5.0  # natural logarithm: turns that much less likely than the likeliest are not looked at again; they could
#               not be named
SMALLEST, TURNED_SMALLEST = 40, 80  # pixels of a flag's height from which it is sought as drawn, and turned: for time


def places(
    pixels: Bytes, judge: Net, nets: Sequence[Judge], *, strangers: bool, most: int = 24
) -> list[tuple[Place, ...]]:
    """The likeliest places of whole flags, no two of one extent, each as the flag may hang, the likeliest turn first.

    `strangers`: also of untaught designs.
    """
    turned = [np.ascontiguousarray(np.rot90(pixels, turn)) for turn in TURNS]
    found: list[Place] = []
    for turn in TURNS:
        smallest, some = (TURNED_SMALLEST, most // 2) if turn else (SMALLEST, most)
        first = glanced(turned[turn], judge, strangers=strangers, smallest=smallest, most=some)
        near = [again(turned[turn], place, judge) for place in first]
        seen = centred(turned[turn], near, nets[0], HOPELESS + TURNED[turn])
        found += [_back(place, turn, turned[turn]) for place in seen]
    return [_hung(turned, place, nets) for place in hopeful(found)[:JUDGED]]


def _hung(turned: Sequence[Bytes], place: Place, nets: Sequence[Judge]) -> tuple[Place, ...]:
    """The place as it is judged in each turn in which a flag may well be seen there; the likeliest first."""
    seen, size = [], (turned[0].shape[1], turned[0].shape[0])
    for turn, pixels in zip(TURNS, turned, strict=True):
        there = replace(place, corners=_upright(place.corners, turn, size))
        looked = _looks(pixels, nets[0], views(there, CENTRED[:1])) if turn != place.turn else [there]
        seen.append(replace(_likeliest(looked), turn=turn))
    least = max(_likely(each) for each in seen) - WITHIN
    judged = [_back(_judged(turned[each.turn], each, nets), each.turn, turned[each.turn]) for each in seen
              if (_likely(each) >= least and each.odds >= HOPELESS) or each.turn == place.turn]  # fmt: skip
    return tuple(sorted(judged, key=lambda each: -_likely(each)))


def _likely(place: Place) -> float:
    """The odds, less what turned flags are rarer."""
    return place.odds - TURNED[place.turn]


def _back(place: Place, turn: int, pixels: Bytes) -> Place:
    """A place in the turned picture `pixels`, in the picture itself."""
    return replace(place, corners=_upright(place.corners, -turn % 4, (pixels.shape[1], pixels.shape[0])), turn=turn)


def _upright(corners: Floats, turn: int, size: tuple[int, int]) -> Floats:
    """Corners in a picture of this size (width, height) as they lie after `np.rot90(picture, turn)`."""
    for _ in range(turn):
        corners = np.stack([corners[:, 1], size[0] - corners[:, 0]], axis=1)
        size = size[::-1]
    return np.asarray(corners, np.float32)


def centred(pixels: Bytes, first: Sequence[Place], finer: Judge, least: float = HOPELESS) -> list[Place]:
    """The places laid on the flags that larger windows about them show, and flags that fill much of the picture.

    `least`: odds of any flag below which a place is given up.
    """
    found = [_likeliest(_looks(pixels, finer, views(place, WIDER))) for place in hopeful(first, least)]
    found += sorted(_looks(pixels, finer, windows(pixels)), key=lambda place: -place.other)[:TAKEN]
    return [_likeliest([place, *_looks(pixels, finer, views(place, CENTRED))]) for place in hopeful(found, least)]


def _likeliest(seen: Iterable[Place]) -> Place:
    """The one that most looks like any flag."""
    return max(seen, key=lambda place: place.other)


def hopeful(found: Iterable[Place], least: float = HOPELESS) -> list[Place]:
    """The places that may be flags, likeliest first, those of one extent once."""
    kept: list[Place] = []
    for place in sorted(found, key=lambda place: -place.other):
        if place.other >= least and not any(_shared(place, other) > SAME for other in kept):
            kept.append(place)
    return kept


def _judged(pixels: Bytes, place: Place, nets: Sequence[Judge]) -> Place:
    """The place as views about it are judged by all nets: means of what they say.

    More views would add little: odds of three are within 0.25 (standard deviation) of those of eight (265 places of 60
    scenes, earlier nets), where two nets are 4.0 apart (1,393 places of 387 pictures; part `chance`).
    """
    boxes = views(place, LAST)
    cells = _cells(pixels, boxes)
    every = [each for net in nets for each in _looked(net, cells, boxes)]
    share = np.logaddexp.reduce([each.logs for each in every], axis=0) - np.log(len(every))
    odds, other = (float(np.mean(values)) for values in zip(*((each.odds, each.other) for each in every), strict=True))
    corners = np.mean([each.corners for each in every], axis=0)
    return Place(odds, other, np.asarray(share, np.float32), np.asarray(corners, np.float32))


def _looks(pixels: Bytes, net: Judge, boxes: Sequence[Box]) -> Iterator[Place]:
    """What a finer net sees in each box (first corner, extent)."""
    return _looked(net, _cells(pixels, boxes), boxes)


def _cells(pixels: Bytes, boxes: Sequence[Box]) -> Floats:
    """The boxes in cells [N x 72 x 96 x 3] (sRGB, 0 to 1)."""
    return np.stack([window(pixels, first, extent, CELLS) for first, extent in boxes])


def _looked(net: Judge, cells: Floats, boxes: Sequence[Box]) -> Iterator[Place]:
    """What a finer net sees in boxes of those cells."""
    logits, corners = net.judged(cells)
    for odds, other, logs, at, (first, extent) in zip(*read(logits), corners, boxes, strict=True):
        yield Place(float(odds), float(other), logs, np.asarray(first + at * extent, np.float32))


def windows(pixels: Bytes) -> list[Box]:
    """Large windows all over the picture, a twentieth of its sides beyond it."""
    size = np.array(pixels.shape[1::-1], np.float32)
    found = []
    for share in LARGE:
        height = share * max(size[1], size[0] / ASPECT)
        extent = np.array([ASPECT * height, height], np.float32)
        x, y = (_starts(float(side), float(length)) for side, length in zip(size, extent, strict=True))
        found += [(np.array([left, top], np.float32), extent) for left in x for top in y]
    return found


def _starts(side: float, length: float) -> Floats:
    """Where windows of this length begin along a side, evenly; one in the middle where it is longer."""
    room = 1.1 * side - length
    if room <= 0:
        return np.array([(side - length) / 2], np.float32)
    return np.linspace(-0.05 * side, room - 0.05 * side, int(np.ceil(room / (APART * length))) + 1, dtype=np.float32)


def _shared(one: Place, other: Place) -> float:
    """The boxes' common area, of what they cover together."""
    (low, high), (first, last) = ((p.corners.min(axis=0), p.corners.max(axis=0)) for p in (one, other))
    common = float(np.prod(np.maximum(np.minimum(high, last) - np.maximum(low, first), 0)))
    return common / max(float(np.prod(high - low) + np.prod(last - first)) - common, 1e-6)
