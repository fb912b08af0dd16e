"""Shapes and addresses, in integers alone: indexing, and plans of Einstein sums."""
