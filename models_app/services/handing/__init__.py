"""Records of a command handed to the server of the same database, which has the model in memory already.

Two processes that write to one model both apply every record, and wait for each other. So a command that
finds a server on the socket beside the database has that do the work (`client`, `server`), and otherwise does
it itself. What a command is answered is the same either way.
"""
