"""A run's folder: files, checkpoints, checksums, loading, and where a run starts from."""
