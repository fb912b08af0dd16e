"""The gradient cross-check: is a hand-derived gradient right, and if not, what is the mistake?"""
