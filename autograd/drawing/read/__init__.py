"""What the graph says: calls of layers, owners, products, gradients, words."""
