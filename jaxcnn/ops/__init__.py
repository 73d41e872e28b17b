"""Convolutions, pools and normalization sums: XLA's formulation and the CPU's."""
