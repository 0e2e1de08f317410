"""Defaults of the sound tagger."""

DEFAULT_SOUND_MODEL = 'sound_words'
# The class of what belongs to no other class: noise, and speech that is no known word.
BACKGROUND = 'background'
SOUND_TOP_K = 5
SOUND_MIN_SCORE = 0.0
