"""Engines in processes of their own (shards), and the way to them over Unix sockets.

A web process has a `Cluster` in the place of an engine. It sends a command to the shard that owns the model;
the shard's `Listener` gives it to its engine, and sends back what came of it. Who owns a model is for
efficiency: whoever serves it, the conditional commit decides whether what it computed is right.
"""
