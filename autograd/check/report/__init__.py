"""What the user reads: findings with their remedies, and the report that holds them."""
