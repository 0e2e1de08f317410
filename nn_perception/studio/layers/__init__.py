"""The view Layers: a look inside every network, in three dimensions."""
