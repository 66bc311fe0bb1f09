"""The processes of one server: a parent that starts children, again where they die, and ends them in order.

Plain Python, and nothing of models. The parent has one thread, opens no database once children run, and
forks: a child has what the parent has imported in no time, and shares its memory. What is known of the
processes stands in memory that all of them share (`table`), so that each can report on the others.
"""
