"""What a file says of itself, as found: EXIF, XMP, IPTC, ICC, maker notes, structure; read, not interpreted."""

from verify.metadata.found import Block, Embedded, Jpeg, Metadata, Tag, text_of
from verify.metadata.reading import read

__all__ = ["Block", "Embedded", "Jpeg", "Metadata", "Tag", "read", "text_of"]
