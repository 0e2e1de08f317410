"""What the next run trains: the fields and the definition of its network."""
