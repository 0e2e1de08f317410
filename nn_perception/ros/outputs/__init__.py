"""Messages that nodes publish."""
