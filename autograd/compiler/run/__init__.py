"""A plan runs: sharded batches, in micro-batches, checked against the scalars."""
