"""Who may do what: API tokens, and people who log in."""
