"""What kind of file a sound is in, by its first bytes; names are not looked at."""

from __future__ import annotations

# Enough for every kind below.
HEADER_BYTES = 512
# A page of Ogg, which is no longer, and begins with this, ends each stream; a bit of its says so.
TAIL_BYTES = 65_536
_OGG_PAGE, _OGG_FLAGS, _OGG_END = b'OggS', 5, 4
# What the suffixes of sound files are, for those who look for them in folders.
SOUND_SUFFIXES = frozenset({
    '.wav', '.flac', '.ogg', '.oga', '.opus', '.mp3', '.aif', '.aiff', '.au', '.caf', '.w64',
})  # fmt: skip
# A folder with sounds of these kinds is not a folder without sounds.
UNSUPPORTED_SUFFIXES = frozenset({'.m4a', '.aac', '.wma', '.amr', '.webm', '.mka'})
KINDS = 'WAV, FLAC, OGG, MP3 and AIFF'
# Where it begins, how, and what it is.
_SOUNDS = (
    (0, b'RIFF', 8, b'WAVE'),
    (0, b'RIFX', 8, b'WAVE'),
    (0, b'RF64', 8, b'WAVE'),
    (0, b'riff', 24, b'wave'),
    (0, b'FORM', 8, b'AIF'),
    (0, b'fLaC', 0, b''),
    (0, b'OggS', 0, b''),
    (0, b'.snd', 0, b''),
    (0, b'caff', 0, b''),
    (0, b'ID3', 0, b''),
)
_OTHERS = (
    (0, b'\xff\xd8\xff', 'a picture (JPEG)'),
    (0, b'\x89PNG', 'a picture (PNG)'),
    (0, b'GIF8', 'a picture (GIF)'),
    (0, b'BM', 'a picture (BMP)'),
    (0, b'II*\x00', 'a picture (TIFF)'),
    (0, b'MM\x00*', 'a picture (TIFF)'),
    (8, b'WEBP', 'a picture (WebP)'),
    (8, b'AVI ', 'a video (AVI)'),
    (4, b'ftyp', 'a file of MP4 (AAC or a video)'),
    (0, b'\x1aE\xdf\xa3', 'a file of Matroska or WebM'),
    (0, b'PK\x03\x04', 'a zip archive'),
    (0, b'%PDF', 'a PDF document'),
    (0, b'\x7fELF', 'a program'),
)
# Text in UTF-16 begins like a block of MP3.
_TEXT_MARKS = (b'\xff\xfe', b'\xfe\xff', b'\xef\xbb\xbf')


def why_no_sound(header: bytes) -> str:
    """
    Say why a file is no sound that can be read.

    :param header: its first bytes, :data:`HEADER_BYTES` or fewer
    :returns: the rest of a sentence that begins with its name; empty if it may be a sound
    """
    if not header:
        return 'is empty'
    for start, first, again, second in _SOUNDS:
        if header.startswith(first, start) and header.startswith(second, again):
            return ''
    for start, first, kind in _OTHERS:
        if header.startswith(first, start):
            return f'is {kind}, not a sound ({KINDS} can be read)'
    if header.startswith(_TEXT_MARKS) or _is_text(header):
        return f'is text, not a sound ({KINDS} can be read)'
    if _begins_mp3(header):
        return ''
    return f'is not a sound of a known kind ({KINDS} can be read)'


def is_cut_ogg(header: bytes, tail: bytes) -> bool:
    """
    Tell whether a file is Ogg, and lacks its end.

    :param header: its first bytes
    :param tail: its last :data:`TAIL_BYTES`, or all of them
    """
    if not header.startswith(_OGG_PAGE):
        return False
    page = tail[max(0, tail.rfind(_OGG_PAGE)) :]
    return len(page) <= _OGG_FLAGS or not page[_OGG_FLAGS] & _OGG_END


def _begins_mp3(header: bytes) -> bool:
    """Tell whether it begins like a block of MPEG audio: eleven bits that are set."""
    return len(header) > 3 and header[0] == 0xFF and header[1] & 0xE0 == 0xE0


def _is_text(header: bytes) -> bool:
    try:
        text = header.decode('utf-8')
    except UnicodeDecodeError as error:
        # The last character may be cut.
        if error.start < len(header) - 3:
            return False
        text = header[: error.start].decode('utf-8')
    return all(c.isprintable() or c.isspace() for c in text)
