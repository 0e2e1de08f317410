"""SVG files that somebody could send to do harm, or by mistake."""

from __future__ import annotations

from nn_perception.studio.character.joints import BODY

SKELETON = (
    '<g id="skeleton">'
    + ''.join(
        f'<circle id="{name}" cx="{100 + 40 * name.startswith("left") + index % 3}" '
        f'cy="{50 + 20 * index}" r="2"/>'
        for index, name in enumerate(BODY)
    )
    + '</g>'
)
XMLNS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawing(shapes: str, before: str = '', attributes: str = '') -> bytes:
    """Make a complete drawing around some shapes, which begin in line 2."""
    return (
        f'<svg {XMLNS} {attributes}>{before}<g id="illustration">\n{shapes}</g>{SKELETON}</svg>'
    ).encode()


PATH = '<path d="M0 0L10 0L10 10Z"/>'
LAUGHS = ''.join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12)
)
QUADRATIC = '<!ENTITY a "' + 'a' * 50_000 + '">'
DEEP = '<g>' * 20_000 + '</g>' * 20_000

# What the file is, its content, and a part of the sentence that refuses it.
REFUSED: tuple[tuple[str, bytes, str], ...] = (
    ('script', drawing('<script>alert(1)</script>'), 'scripts are never run'),
    ('script in upper case', drawing('<SCRIPT>alert(1)</SCRIPT>'), 'scripts are never run'),
    (
        'script of another namespace',
        drawing('<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'),
        'is not of SVG',
    ),
    (
        'SVG with a prefix, and a script',
        drawing('<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>'),
        'scripts are never run',
    ),
    (
        'foreignObject',
        drawing('<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'),
        'it could contain any page',
    ),
    ('onload of the root', drawing(PATH, attributes='onload="alert(1)"'), 'run a program'),
    ('onclick', drawing('<path d="M0 0L1 1" onclick="alert(1)"/>'), 'run a program'),
    ('ONLOAD', drawing('<path d="M0 0L1 1" ONLOAD="alert(1)"/>'), 'run a program'),
    ('onbegin of an animation', drawing('<animate onbegin="alert(1)"/>'), 'not accepted'),
    (
        'an event handler of another namespace',
        drawing('<path d="M0 0L1 1" xlink:onload="alert(1)"/>'),
        'run a program',
    ),
    ('set', drawing('<set attributeName="onload" to="alert(1)"/>'), 'not accepted'),
    ('a link', drawing('<a xlink:href="javascript:alert(1)"><path d="M0 0L1 1"/></a>'), '"a"'),
    ('an image', drawing('<image href="http://example.org/a.png"/>'), 'only shapes can move'),
    (
        'an image as data',
        drawing('<image xlink:href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
        'only shapes can move',
    ),
    ('use of another file', drawing('<use href="http://example.org/a.svg#x"/>'), 'copy the shape'),
    (
        'use in a circle',
        drawing('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        'copy the shape',
    ),
    ('a path with href', drawing('<path d="M0 0L1 1" href="#x"/>'), 'refers to something else'),
    (
        'a gradient of another file',
        drawing(PATH, '<linearGradient id="x" xlink:href="http://example.org/a.svg#x"/>'),
        'refers to something else',
    ),
    ('a base address', drawing(PATH, attributes='xml:base="http://example.org/"'), 'refers'),
    (
        'a fill from elsewhere',
        drawing('<path d="M0 0L1 1" fill="url(http://example.org/a.svg#x)"/>'),
        'refers to something else',
    ),
    (
        'a fill as data',
        drawing('<path d="M0 0L1 1" style="fill:url(data:image/svg+xml,x)"/>'),
        'refers to something else',
    ),
    (
        'a filter',
        drawing('<path d="M0 0L1 1" filter="url(#f)"/>'),
        'refers to something else',
    ),
    ('a gradient that is not there', drawing('<path d="M0 0L1 1" fill="url(#no)"/>'), 'gradient'),
    (
        'a style sheet that imports',
        drawing(PATH, '<style>@import url("http://example.org/a.css");</style>'),
        'rule with @',
    ),
    (
        'a style sheet with a font',
        drawing(PATH, '<style>@font-face{src:url(http://example.org/a)}</style>'),
        'rule with @',
    ),
    (
        'a style with an escape',
        drawing('<path d="M0 0L1 1" style="fill:u\\72l(http://example.org)"/>'),
        'backslash',
    ),
    (
        'a style with an expression',
        drawing('<path d="M0 0L1 1" style="fill:expression(alert(1))"/>'),
        'is not accepted',
    ),
    (
        'a style sheet whose comment hides a property',
        drawing('<path class="a" d="M0 0L1 1"/>', '<style>.a{fill:/**/url(//x/)}</style>'),
        'refers to something else',
    ),
    ('a style sheet without an end', drawing(PATH, '<style>.a{fill:red</style>'), 'understood'),
    (
        'a processing instruction',
        b'<?xml-stylesheet href="http://example.org/a.css"?>' + drawing(PATH),
        'instruction',
    ),
    (
        'a document type',
        b'<!DOCTYPE svg SYSTEM "http://example.org/a">' + drawing(PATH),
        'DOCTYPE',
    ),
    (
        'a billion laughs',
        f'<!DOCTYPE svg [{LAUGHS}]><svg {XMLNS}>&l11;</svg>'.encode(),
        'DOCTYPE',
    ),
    (
        'quadratic growth',
        f'<!DOCTYPE svg [{QUADRATIC}]><svg {XMLNS}>{"&a;" * 50_000}</svg>'.encode(),
        'DOCTYPE',
    ),
    (
        'a file of this machine as an entity',
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg {XMLNS}>&x;</svg>'.encode(),
        'DOCTYPE',
    ),
    ('deep groups', drawing(DEEP), 'nested deeper'),
    ('deep groups in what is ignored', drawing(f'<title>{DEEP}</title>'), 'nested deeper'),
    ('many elements', drawing('<g/>' * 100_000), 'more than 5000 elements'),
    ('many shapes', drawing('<path d="M0 0L1 1"/>' * 4000), 'more than 2000 shapes'),
    ('many curves', drawing(f'<path d="M0 0{"h1" * 300_000}"/>'), 'more than 20000 curves'),
    ('many moves', drawing(f'<path d="{"M0 0" * 200_000}"/>'), 'more than 20000 curves'),
    ('many ends', drawing(f'<path d="M0 0h1{"z" * 900_000}"/>'), 'more than 20000 curves'),
    ('many points', drawing(f'<polygon points="{"1 " * 400_000}"/>'), 'more than 20000 curves'),
    ('a huge number', drawing('<path d="M0 0L1e308 1"/>'), 'larger than'),
    ('an infinite number', drawing('<path d="M0 0L1e999 1"/>'), 'larger than'),
    ('a sum that is huge', drawing(f'<path d="M0 0{"h90000" * 2}"/>'), 'larger than'),
    ('NaN', drawing('<path d="M0 0LNaN 1"/>'), 'not a number'),
    ('NaN as a radius', drawing('<circle cx="0" cy="0" r="nan"/>'), 'not a number'),
    ('inf as a length', drawing('<rect width="inf" height="1"/>'), 'not a number'),
    ('a percentage', drawing('<rect width="100%" height="1"/>'), 'not a number'),
    ('a huge transform', drawing('<path transform="scale(1e99)" d="M0 0L1 1"/>'), 'larger'),
    (
        'a transform that grows with each group',
        drawing('<g transform="scale(9999)">' * 5 + PATH + '</g>' * 5),
        'larger than',
    ),
    ('a transform of spaces', drawing(f'<g transform="scale(1){" " * 500_000}x"/>'), 'transform'),
    ('many digits', drawing(f'<rect width="{"1" * 500_000}x" height="1"/>'), 'not a number'),
    ('comments without end', drawing(PATH, f'<style>{"/* " * 300_000}</style>'), ''),
    ('too large', drawing(PATH) + b' ' * 1_000_000, 'more than 1000000'),
    ('an svg in the svg', drawing('<svg onload="alert(1)"/>'), 'run a program'),
    ('an svg in the svg, harmless', drawing('<svg/>'), 'inside'),
    ('text', drawing('<text>hello</text>'), 'convert text to paths'),
    ('HTML', b'<html><body onload="alert(1)"/></html>', 'not of SVG'),
    ('no XML', b'\x89PNG\r\n\x1a\n', 'not well-formed'),
    ('nothing', b'', 'not well-formed'),
    ('cut off', drawing(PATH)[:-20], 'not well-formed'),
    ('an unknown encoding', b'<?xml version="1.0" encoding="x-no"?><svg/>', 'ncoding'),
    ('a colour that is none', drawing('<path d="M0 0L1 1" fill="rgb(1,2)"/>'), 'not a colour'),
    ('a path that begins with a line', drawing('<path d="L1 1"/>'), 'begins with M'),
    ('a path with a number after its end', drawing('<path d="M0 0h1z1"/>'), 'not a command'),
    ('no shape', drawing(''), 'no shape that can be seen'),
    ('no skeleton', f'<svg {XMLNS}><g id="illustration">{PATH}</g></svg>'.encode(), 'skeleton'),
    (
        'an empty skeleton',
        f'<svg {XMLNS}><g id="skeleton"/><g id="illustration">{PATH}</g></svg>'.encode(),
        'no circle named leftShoulder',
    ),
)
