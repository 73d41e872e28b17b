"""Trained networks for elsewhere: ONNX, StableHLO, and weights under other libraries' names."""
