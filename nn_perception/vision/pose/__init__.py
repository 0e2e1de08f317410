"""Find people and their joints."""
