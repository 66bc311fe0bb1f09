"""Engines in processes of their own (shards), and the way to them over Unix sockets, or by calls.

A web process has a `Cluster` in the place of an engine. It sends a command to the shard that owns the model;
the shard's `Desk` gives it to its engine; what came of it comes back. Who owns a model is for
efficiency: whoever serves it, the conditional commit decides whether what it computed is right.
"""
