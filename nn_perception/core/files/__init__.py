"""Atomic files, locks, journals, folders and checked names."""
