"""The outline: what is seen, as plain data."""
