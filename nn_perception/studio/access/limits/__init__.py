"""How much of the machine a client can take."""
