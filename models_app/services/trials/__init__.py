"""Trials of uploads in processes of their own: what an upload does there, it does not do to the server.

A helper process, started when first wanted, has River imported and forks for each trial. It imports no
Django, unless a model needs that, and knows neither settings nor database. `client` is the server's side,
`helper` and `limits` the other.
"""
