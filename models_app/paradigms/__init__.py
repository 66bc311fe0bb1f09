"""Paradigms, the kinds of task: one object a flavor, each in a module of its own, all in `registry`."""
