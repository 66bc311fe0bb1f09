"""Events of the servers on one database for each other, by Redis: nothing is kept there."""
