"""Whole training steps of several libraries side by side: `make bench`."""
