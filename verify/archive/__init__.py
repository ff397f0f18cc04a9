"""The near-duplicate index: perceptual hashes, local features, search; what was seen before, and where."""

from verify.archive.clusters import Cluster, clusters
from verify.archive.comparison import Comparison, Relation, compare
from verify.archive.duplicates import Duplicate, Unread, every_file, find_duplicates
from verify.archive.exchange import listed_hashes, read_hashes
from verify.archive.hashing import Hash
from verify.archive.looking_up import Hit, look_up, near_foreign, tell_apart
from verify.archive.signature import Signature, sign, sign_guarded, sign_luma, signature_of
from verify.archive.store import Added, Archive, opened

__all__ = [
    "Added",
    "Archive",
    "Cluster",
    "Comparison",
    "Duplicate",
    "Hash",
    "Hit",
    "Relation",
    "Signature",
    "Unread",
    "clusters",
    "compare",
    "every_file",
    "find_duplicates",
    "listed_hashes",
    "look_up",
    "near_foreign",
    "opened",
    "read_hashes",
    "sign",
    "sign_guarded",
    "sign_luma",
    "signature_of",
    "tell_apart",
]
