"""Looking into a trained network."""
