"""Models on disk: their layers as plain data and their parameters."""
