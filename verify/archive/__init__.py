"""The near-duplicate index: perceptual hashes, local features, search; what was seen before, and where."""

from verify.archive.adding import Added, add_files, follow_folder
from verify.archive.clusters import Cluster, clusters
from verify.archive.comparison import Comparison, compare
from verify.archive.duplicates import Duplicate, Unread, every_file, find_duplicates
from verify.archive.exchange import listed_hashes, read_hashes
from verify.archive.hashing import Hash
from verify.archive.judging import Relation
from verify.archive.learned import model_file
from verify.archive.looking_up import SEARCHED, Hit, LookedUp, look_up, near_foreign
from verify.archive.notes import Decision, appear, appearances, decision, find, put_together, tell_apart
from verify.archive.signature import Signature, sign, sign_guarded, sign_luma, signature_of
from verify.archive.store import DATABASE, Archive, opened
from verify.archive.upkeep import check, compact, info, rebuild, remove

__all__ = [
    "DATABASE",
    "SEARCHED",
    "Added",
    "Archive",
    "Cluster",
    "Comparison",
    "Decision",
    "Duplicate",
    "Hash",
    "Hit",
    "LookedUp",
    "Relation",
    "Signature",
    "Unread",
    "add_files",
    "appear",
    "appearances",
    "check",
    "clusters",
    "compact",
    "compare",
    "decision",
    "every_file",
    "find",
    "find_duplicates",
    "follow_folder",
    "info",
    "listed_hashes",
    "look_up",
    "model_file",
    "near_foreign",
    "opened",
    "put_together",
    "read_hashes",
    "rebuild",
    "remove",
    "sign",
    "sign_guarded",
    "sign_luma",
    "signature_of",
    "tell_apart",
]
