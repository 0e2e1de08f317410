"""Endurance: nodes that work while everything around them changes (docs/endurance.md)."""
