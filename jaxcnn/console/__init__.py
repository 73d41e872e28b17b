"""Progress, logs and signals."""
