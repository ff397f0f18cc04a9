"""The near-duplicate index: perceptual hashes, local features, search; what was seen before, and where."""

from verify.archive.comparison import Comparison, Relation, compare
from verify.archive.duplicates import Duplicate, Unread, every_file, find_duplicates
from verify.archive.hashing import Hash
from verify.archive.signature import Signature, sign, sign_luma, signature_of

__all__ = [
    "Comparison",
    "Duplicate",
    "Hash",
    "Relation",
    "Signature",
    "Unread",
    "compare",
    "every_file",
    "find_duplicates",
    "sign",
    "sign_luma",
    "signature_of",
]
