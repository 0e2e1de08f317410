"""The view Character: a drawn figure moves with each person."""
