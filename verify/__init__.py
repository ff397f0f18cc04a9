"""Image evidence: questions put to a leaked picture, answers with their numbers, and a log that either side can check."""
