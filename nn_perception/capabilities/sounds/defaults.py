"""Defaults of the sound tagger."""

DEFAULT_SOUND_MODEL = 'sound_words'
# The class of what belongs to no other class: noise, and speech that is no known word.
BACKGROUND = 'background'
SOUND_TOP_K = 5
# Less is a guess, for example at the edge of a word: with it, a minute of background has less than
# one false word.
SOUND_MIN_SCORE = 0.5
# The tags that need no network: below the gate, and of speech that is no known word.
SILENCE = 'silence'
SPEECH = 'speech'
# A window repeats so much of the previous one: four windows a second.
WINDOW_OVERLAP = 0.75
MAX_OVERLAP = 0.95
# Halves the wrong words at the edges of words, and delays a word by 40 ms; measured with speakers
# that the network does not know.
SMOOTHING_S = 0.3
# The level of the loudest tenth of a second, relative to full scale, below which a window is
# silence: quiet words of Speech Commands have -36 dB, a quiet room -70 dB.
GATE_DB = -60.0
