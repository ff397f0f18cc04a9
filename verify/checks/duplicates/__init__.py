"""Whether the picture was seen before."""
