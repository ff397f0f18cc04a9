"""What is seen in the picture, against known pictures."""
