"""Sounds: tags of what is heard."""
