"""Models on disk: their layers as plain data, their parameters, files whole or not at all."""
