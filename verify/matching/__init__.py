"""Local features, geometry, the chance of a coincidence, calibration: what checks that compare two pictures share."""
