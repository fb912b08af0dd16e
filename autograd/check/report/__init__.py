"""What is said: findings, and the report that holds them."""
