"""Drawings and an explorer of the computation graph: `draw` and `explore`."""
