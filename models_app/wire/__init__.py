"""The shape of records and answers to a client, once: read, written and described for every interface.

`reading` makes a command of a record, `writing` an answer of what came of it, `schema` the JSON Schema of
both, generated from the structs in `requests` and `answers`; `codec` has commands and outcomes as they are
sent to another process. Plain Python, without Django.
"""
