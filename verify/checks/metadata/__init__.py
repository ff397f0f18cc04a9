"""What the file says of itself."""
