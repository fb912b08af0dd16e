"""The living page: the graph as arrays, and the page that reads them."""
