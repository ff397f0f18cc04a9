"""Emblems: places of a picture that look like a reference, however small, flat, embroidered or in relief."""

from verify.matching.emblems.copies import is_cut_out
from verify.matching.emblems.sighting import (
    HINT,
    YES,
    Sighting,
    in_other_colours,
    known_by,
    own_outline,
    score,
    sightings,
)

__all__ = ["HINT", "YES", "Sighting", "in_other_colours", "is_cut_out", "known_by", "own_outline", "score", "sightings"]
