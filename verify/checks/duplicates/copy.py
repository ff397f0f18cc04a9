"""Whether one picture is a copy, a crop or an edit of another."""

from __future__ import annotations

from collections.abc import Iterator

from verify import archive
from verify.image import Image
from verify.model import Finding

VERSION = "5"
KIND = None
OWN = True


def copy(picture: Image, other: Image) -> Iterator[Finding]:
    """Do the two pictures show the same photograph, or is one a copy of the other?

    Method: local features (SIFT, as the picture is and mirrored) are matched one to one; those that agree on one
    homography in position, turn and scale are counted, and the two are laid over each other to see what part of what
    they show agrees. A yes needs both. The whole-picture hash PDQ, in eight orientations, stands in where local
    features fail. Pictures that share only a part (logo, caption, frame, watermark) are told apart: unclear. So are
    those whose neighbouring points lie off the homography together, as depth, motion or another lens move them; where
    that is in doubt, where one is seen at an angle, and where frame lies on frame and little agrees, the two are
    compared block by block. A photographic part of one in the other, over a quarter of either's area and not
    displaced, is named as such.
    Limits: two photographs taken by one camera that did not move look like copies, and so does a poster or a screen
    that two scenes show flat-on, or a painting or bare wall that fills two photographs from wherever they were taken:
    a flat thing is a picture. A copy seen through a lens that bends it (a photograph of a screen) may be unclear. A
    crop of under a tenth of a picture, or of a part without detail, may not be found; so may a copy that was redrawn
    or heavily distorted.
    References: Lowe, IJCV 2004 (SIFT); Arandjelovic and Zisserman, CVPR 2012 (RootSIFT); Davis and Rosen, PDQ, 2019;
    Lucas and Kanade, IJCAI 1981 (blocks).
    """
    found = archive.compare(archive.signature_of(picture), archive.signature_of(other))
    yield found.finding
