import dataclasses

import drawn_emblems
import numpy as np
import pytest

from verify.checks.features.emblem import emblem
from verify.errors import Refused
from verify.image import Image
from verify.model import Answer, Finding, Portability


def picture(pixels: np.ndarray, name: str = "scene.png") -> Image:
    return Image(drawn_emblems.png(pixels), name)
