"""The user's own forward, recorded: each NumPy operation a node, with its place in the source.

The reverse pass over a record gives an exact gradient, and a mistake is a change of one of its
steps. A record is believed only where its gradient agrees with the slopes that were measured.
"""
