"""What a kind of task is: one object a flavor, each in a module of its own, all in `registry`."""
