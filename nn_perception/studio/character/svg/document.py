"""The elements of an SVG file, against a list of what is accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
import re
from xml.parsers import expat

from nn_perception.studio.character.svg.limits import (
    at,
    FigureError,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    shown,
)

SVG = 'http://www.w3.org/2000/svg'
SHAPES = ('path', 'circle', 'ellipse', 'rect', 'line', 'polyline', 'polygon')
GRADIENTS = ('linearGradient', 'radialGradient')
ACCEPTED = ('svg', 'g', 'defs', 'style', 'stop', *GRADIENTS, *SHAPES)
# Words about a drawing, and what editors keep in their files: harmless, and left out.
IGNORED = ('title', 'desc', 'metadata')
EDITORS = re.compile(r'http://(sodipodi\.|www\.inkscape\.org/|ns\.adobe\.com/)')
# Why an element is refused; the others "are not accepted".
REASONS = {
    'script': 'scripts are never run',
    'foreignobject': 'it could contain any page',
    'use': 'copy the shape instead',
    'image': 'only shapes can move',
    'text': 'convert text to paths',
    'clippath': 'cut the shapes themselves',
    'mask': 'cut the shapes themselves',
}
REFERENCES = ('href', 'src', 'base', 'srcdoc', 'data', 'action')
SEPARATOR = '\n'


@dataclass
class Node:
    """
    An element of a drawing.

    :param tag: its name, without a namespace
    :param attributes: without those of other namespaces
    :param line: where it begins in the file, from 1
    :param label: name of the layer in Inkscape
    """

    tag: str
    attributes: dict[str, str]
    line: int
    label: str = ''
    children: list[Node] = field(default_factory=list)
    text: str = ''


class _Reader:
    """The handlers of the parser."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0
        self._depth = 0
        self._ignored = 0
        self.parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.EntityDeclHandler = self._refuse_doctype
        self.parser.ProcessingInstructionHandler = self._refuse_instruction
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse_doctype(self, *_: object) -> None:
        raise at(
            self.parser.CurrentLineNumber,
            'a document type (DOCTYPE) can define entities and is not accepted; delete it',
        )

    def _refuse_instruction(self, target: str, _: str) -> None:
        raise at(
            self.parser.CurrentLineNumber,
            f'the instruction {shown(target)} is not accepted; delete it',
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise at(line, f'the drawing has more than {MAX_ELEMENTS} elements')
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise at(line, f'elements are nested deeper than {MAX_DEPTH} levels')
        namespace, _, tag = name.rpartition(SEPARATOR)
        if self._ignored or EDITORS.match(namespace) or (namespace == SVG and tag in IGNORED):
            self._ignored += 1
            return
        if namespace != SVG and not (namespace == '' and tag in ACCEPTED):
            raise at(line, f'the element {shown(tag)} is not of SVG')
        node = _checked_node(tag, attributes, line)
        if self._open:
            if tag == 'svg':
                raise at(line, 'an <svg> inside the <svg> is not accepted')
            self._open[-1].children.append(node)
        elif tag == 'svg':
            self.root = node
        else:
            raise at(line, f'the file begins with <{tag}>, not with <svg>')
        self._open.append(node)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._ignored:
            self._ignored -= 1
        else:
            self._open.pop()

    def _characters(self, text: str) -> None:
        # Only style sheets have text that counts.
        if self._open and not self._ignored and self._open[-1].tag == 'style':
            self._open[-1].text += text


def _checked_node(tag: str, attributes: dict[str, str], line: int) -> Node:
    if tag not in ACCEPTED:
        reason = REASONS.get(tag.lower(), 'it is none of the accepted ones')
        raise at(line, f'the element {shown(tag)} is not accepted: {reason}')
    node = Node(tag, {}, line)
    for key, value in attributes.items():
        namespace, _, name = key.rpartition(SEPARATOR)
        if name.lower().startswith('on'):
            raise at(line, f'the attribute {shown(name)} of <{tag}> would run a program')
        if name.lower() in REFERENCES:
            if not (name == 'href' and tag in GRADIENTS and value.startswith('#')):
                raise at(line, f'the attribute {shown(name)} of <{tag}> refers to something else')
            node.attributes['href'] = value[1:]
        elif namespace == '':
            node.attributes[name] = value
        elif EDITORS.match(namespace) and name == 'label':
            node.label = value
    return node


def read_document(data: bytes) -> Node:
    """
    Read the elements of a file.

    :param data: content of the file
    :returns: the element ``<svg>``
    :raises FigureError: if the file is too large, is not XML, or contains what is not accepted
    """
    if len(data) > MAX_BYTES:
        raise FigureError(f'The file has {len(data)} bytes, more than {MAX_BYTES}.')
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code)
        raise at(error.lineno, f'the file is not well-formed XML: {message}') from None
    except (LookupError, ValueError) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError('The encoding of the file is unknown; save it as UTF-8.') from None
    if reader.root is None:
        raise FigureError('The file contains no <svg>.')
    return reader.root
