"""Training, validating, distilling and tuning policies; fitting the success model."""
