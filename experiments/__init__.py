"""What we ask of the world: comparisons, calibration, reports, and the `recoup` command."""
