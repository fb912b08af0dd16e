"""The table as formulas, and how each primitive is spelled in other languages."""
