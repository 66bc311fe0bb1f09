"""Trials of uploads in processes of their own: what an upload does there, it does not do to the server.

A helper process, started when first wanted, has River imported and forks for each trial. It imports no
Django, unless a model needs that, and knows neither settings nor database. `client` is the server's side,
`helper` and `limits` the other; `isolation` keeps a trial away from the rest of the machine, by `files` and
`system_calls`, and `folders` are where it may write.
"""
