"""A plan runs: batches in parts, over helper processes, checked against the scalars."""
