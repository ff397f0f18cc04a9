"""How far observed colours are from a design's, whatever the light: gains removed (von Kries), shading discounted."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

HAZES = (
    0.003,
    0.012,
    0.03,
)  # light added to every colour, linear, of white: glare, dye and JPEG chroma lift a printed 0
SHADING = 0.22  # standard deviation of brightness between parts of one cloth (folds), relative
NOISE = 0.07  # standard deviation of a part's colour about its dye's, of the pattern's brightness
TIE = 0.05  # weight that ties the three gains together, in units of one part at full brightness: keeps a channel in
#             which the design has nothing (blue in Germany's flag) from being explained by an impossible light

CAST = 0.6  # largest logarithm of one gain over another that is taken for a light; composites whose red and blue gains
#             vary by 35 % stay within 0.25 (tuning half), the rest is room for lamps, chosen and not measured
HUES = (
    (14, "red"),
    (40, "orange"),
    (66, "yellow"),
    (170, "green"),
    (262, "blue"),
    (310, "violet"),
    (360, "red"),
)  # degrees


def hazed(drawing: Floats) -> Floats:
    """Colours of drawings [… x N x 3] (sRGB, 0 to 1) as a camera could return them at best: [… x HAZES x N x 3]."""
    haze = np.array(HAZES, np.float32)[:, None, None]
    return ((haze + (1 - haze) * drawing[..., None, :, :] ** 2.2) ** (1 / 2.2)).astype(np.float32)


def gains(seen: Floats, drawn: Floats) -> Floats:
    """Least-squares gain a channel from designs `drawn` [D x N x 3] to `seen` [M x N x 3]: [M x D x 3].

    A gain a channel in linear light is one in gamma-coded values too, so sRGB values serve directly.
    """
    top = np.matmul(seen.transpose(2, 0, 1), drawn.transpose(2, 1, 0)).transpose(1, 2, 0)
    return _tied(top, (drawn**2).sum(axis=1), drawn.shape[1])


def each_gains(seen: Floats, drawn: Floats) -> Floats:
    """As `gains`, for pairs: to each seen pattern [M x N x 3] from its own drawing [M x N x 3], [M x 3]."""
    return _tied((seen * drawn).sum(axis=1), (drawn**2).sum(axis=1), drawn.shape[1])


def _tied(top: Floats, square: Floats, count: int) -> Floats:
    """Gains [… x 3] of least squares over `count` parts, tied together."""
    common = top.sum(axis=-1, keepdims=True) / square.sum(axis=-1, keepdims=True)
    return np.asarray((top + TIE * count * common) / (square + TIE * count), np.float32)


def distances(seen: Floats, drawn: Floats) -> Floats:
    """Distance of each seen pattern [M x N x 3] from each design [D x N x 3], possible lights only: [M x D].

    The distance is the root mean square residual after the best gain a channel, relative to the pattern's brightness;
    differences along a part's own colour count less, because folds and shadows make them (variance SHADING² beside
    NOISE²). It is infinite where the gains would be a cast beyond CAST.
    """
    found = gains(seen, drawn)
    predicted = drawn[None] * found[:, :, None]  # [M x D x N x 3]
    off = seen[:, None] - predicted
    length2 = np.maximum(np.einsum("mdnc,mdnc->mdn", predicted, predicted), 1e-9)
    along2 = np.einsum("mdnc,mdnc->mdn", off, predicted) ** 2 / length2
    level2 = np.maximum((seen**2).mean(axis=(1, 2)), 1e-9)[:, None]
    discount = 1 - NOISE**2 / (NOISE**2 + SHADING**2 * length2 / (3 * level2[:, :, None]))
    square = np.einsum("mdnc,mdnc->mdn", off, off) - along2 * discount
    result = np.sqrt(np.maximum(square.mean(axis=2), 0) / 3 / level2)
    return np.where(np.abs(cast(found)).max(axis=2) > CAST, np.inf, result).astype(np.float32)


def nearest(seen: Floats, drawn: Floats, chunk: int = 512) -> Floats:
    """As `distances`, for each design [D x N x 3] under the haze that fits best: [M x D]."""
    hazes = np.moveaxis(hazed(drawn), 1, 0)
    parts = [
        np.minimum.reduce([distances(seen[start : start + chunk], haze) for haze in hazes])
        for start in range(0, len(seen), chunk)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(drawn)), np.float32)


def cast(found: Floats) -> Floats:
    """Colour cast of gains [… x 3]: natural logarithms of red over green and blue over green [… x 2], gamma-coded."""
    logs = np.log(np.maximum(found, 1e-4))
    return np.asarray(logs[..., (0, 2)] - logs[..., (1,)], np.float32)


def colour_word(colour: tuple[float, float, float]) -> str:
    """An everyday word for a drawing's colour (sRGB, 0 to 1)."""
    hue, saturation, value = colorsys.rgb_to_hsv(*colour)
    if value < 0.2:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.8 else "grey"
    return next(word for top, word in HUES if hue * 360 <= top)
