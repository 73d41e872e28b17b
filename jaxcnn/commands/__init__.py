"""The commands of `python -m jaxcnn`, one module each."""
