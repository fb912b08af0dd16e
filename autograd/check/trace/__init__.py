"""The user's own forward, recorded: each NumPy operation a node, with its place in the source.

The reverse pass over a record gives an exact gradient, and a mistake is a change of one of its
steps. A record is believed only where its gradient agrees with the slopes that were measured.

`record` runs the forward on `recorded` arrays, while `patched` exchanges what makes arrays. NumPy
computes every result; `calls` asks the rules (`ufuncs`, `products`, `reductions`, `moving`,
`libraries`) which of the `nodes` it is, and a `buffer` knows of which node each entry in memory is.
"""
