"""Flags: reference drawings, where a flag's pattern is in a picture, and which designs fit it."""
