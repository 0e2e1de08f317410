"""The view Digits: a pad whose drawings are read."""
