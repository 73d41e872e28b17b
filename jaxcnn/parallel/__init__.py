"""Devices and pmap, sums over devices, several processes as one run."""
