"""A function becomes packs: one run is recorded, put into integers, and like goes with like."""
