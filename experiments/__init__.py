"""One module an experiment: `python -m experiments.NAME --help`."""
