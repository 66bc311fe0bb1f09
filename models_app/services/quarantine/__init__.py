"""Models that end the process which serves them: found out, set aside, and released by hand.

While a shard works it notes on a board which models have a turn (`precautions`). After its death the parent
reads that, and the shard that comes next writes down who is to blame (`noting`) before it loads anything.
"""
