"""Pickles of River's own objects: read with an exact list of what they may name, and of what they may do.

`names` is the list, `calls` and `states` the rules for what is called and for what objects are filled with,
`unpickler` reads.
"""
