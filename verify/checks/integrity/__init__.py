"""Whether the pixels were altered."""
