"""Emblems: places of a picture that look like a reference, however small, flat, embroidered or in relief."""

from verify.matching.emblems.copies import is_cut_out
from verify.matching.emblems.sighting import (
    HINT,
    YES,
    Sighting,
    known_by,
    objection,
    own_outline,
    score,
    sightings,
)

__all__ = ["HINT", "YES", "Sighting", "is_cut_out", "known_by", "objection", "own_outline", "score", "sightings"]
