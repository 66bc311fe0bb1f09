"""Reading the journal: of one model or of all, once or as a follower, forwards or from its end."""
