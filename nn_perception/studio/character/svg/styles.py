"""How shapes are painted: attributes, styles and style sheets, as checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import re
from typing import Any

from nn_perception.studio.character.svg.colors import BLACK, Color, color, mean
from nn_perception.studio.character.svg.document import GRADIENTS, Node
from nn_perception.studio.character.svg.limits import at, MAX_RULES, shown
from nn_perception.studio.character.svg.numbers import number

PROPERTIES = (
    'fill fill-opacity fill-rule stroke stroke-opacity stroke-width stroke-linecap '
    'stroke-linejoin stroke-miterlimit opacity display visibility stop-color stop-opacity'
).split()
_RULE = re.compile(r'\s*([^{}]*)\{([^{}]*)\}\s*')
_CLASS = re.compile(r'\.(-?[A-Za-z_][\w-]*)')
_LOCAL = re.compile(r'url\(\s*(["\']?)#([\w.:-]+)\1\s*\)\s*(.*)', re.IGNORECASE | re.DOTALL)
_KEYWORDS = {
    'fill-rule': ('nonzero', 'evenodd'),
    'stroke-linecap': ('butt', 'round', 'square'),
    'stroke-linejoin': ('miter', 'round', 'bevel'),
}

Declarations = dict[str, str]


@dataclass(frozen=True)
class Paint:
    """
    How a shape is painted.

    :param opacity: of the shape and of the groups around it
    """

    fill: Color | None = BLACK
    stroke: Color | None = None
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    stroke_width: float = 1.0
    fill_rule: str = 'nonzero'
    linecap: str = 'butt'
    linejoin: str = 'miter'
    miterlimit: float = 4.0
    opacity: float = 1.0
    hidden: bool = False


@dataclass
class Styles:
    """
    The style sheets and gradients of a file.

    A gradient is painted as the mean of its colours: it could not bend with the shape.

    :param rules: class -> declarations
    :param gradients: id -> mean colour
    """

    rules: dict[str, Declarations] = field(default_factory=dict)
    gradients: dict[str, Color | None] = field(default_factory=dict)

    def declarations(self, node: Node) -> Declarations:
        """Return what a shape or group says about its paint."""
        found = {name: node.attributes[name] for name in PROPERTIES if name in node.attributes}
        for value in found.values():
            _check(value, node.line)
        for name in node.attributes.get('class', '').split():
            found.update(self.rules.get(name, {}))
        found.update(_parse(node.attributes.get('style', ''), node.line))
        for name, value in node.attributes.items():
            if name not in PROPERTIES and 'url(' in value.lower():
                raise at(node.line, f'{shown(name)} refers to something else by url()')
        return found

    def paint(self, node: Node, parent: Paint) -> Paint:
        """Return the paint of a shape or group inside another."""
        paint = parent
        for name, value in self.declarations(node).items():
            if value.strip() != 'inherit' and not name.startswith('stop-'):
                paint = self._with(paint, name, value.strip(), node.line)
        return paint

    def _with(self, paint: Paint, name: str, value: str, line: int) -> Paint:
        if name == 'opacity':
            return replace(paint, opacity=paint.opacity * _share(value, line))
        if name in ('display', 'visibility'):
            return replace(paint, hidden=paint.hidden or value in ('none', 'hidden', 'collapse'))
        parsed = self._parsed(name, value, line)
        key = name.replace('stroke-line', 'line').replace('stroke-miter', 'miter')
        return replace(paint, **{key.replace('-', '_'): parsed})

    def _parsed(self, name: str, value: str, line: int) -> Any:
        """Parse the value of a property of :class:`Paint` that has its name."""
        if name in ('fill', 'stroke'):
            return self._color(value, line)
        if name in ('fill-opacity', 'stroke-opacity'):
            return _share(value, line)
        if name == 'stroke-width':
            return max(0.0, number(value, line))
        if name == 'stroke-miterlimit':
            return max(1.0, number(value, line))
        if value not in _KEYWORDS[name]:
            raise at(line, f'{shown(value)} is not a value of {name}')
        return value

    def _color(self, value: str, line: int) -> Color | None:
        found = _LOCAL.fullmatch(value)
        if found:
            if found.group(2) not in self.gradients:
                raise at(line, f'there is no gradient {shown(found.group(2))}')
            return self.gradients[found.group(2)]
        return color(value, line)


def _check(value: str, line: int) -> None:
    """Refuse what a style could hide; a reference to a gradient of the file is fine."""
    lowered = value.lower()
    if '\\' in value:
        raise at(line, 'a backslash in a style is not accepted')
    if any(word in lowered for word in ('expression', 'javascript', '@', '<', 'image-set')):
        raise at(line, f'the style {shown(value.strip())} is not accepted')
    if 'url' in lowered and not _LOCAL.fullmatch(value.strip()):
        raise at(line, f'the style {shown(value.strip())} refers to something else')


def _parse(text: str, line: int) -> Declarations:
    """Parse ``name: value; name: value``; other properties are left out."""
    found = {}
    for declaration in _without_comments(text).split(';'):
        name, _, value = declaration.partition(':')
        _check(value, line)
        if '\\' in name or '@' in name:
            raise at(line, f'the style {shown(declaration.strip())} is not accepted')
        if name.strip().lower() in PROPERTIES:
            found[name.strip().lower()] = value.replace('!important', '')
    return found


def _without_comments(text: str) -> str:
    """Remove comments; one that does not end reaches to the end of the text."""
    kept = []
    start = 0
    while start < len(text):
        begin = text.find('/*', start)
        if begin < 0:
            begin = len(text)
        kept.append(text[start:begin])
        end = text.find('*/', begin + 2)
        start = end + 2 if end >= 0 else len(text)
    return ' '.join(kept)


def _share(text: str, line: int) -> float:
    percent = text.endswith('%')
    value = number(text.rstrip('%'), line) / (100 if percent else 1)
    return min(max(value, 0.0), 1.0)


def _read_sheet(node: Node, rules: dict[str, Declarations]) -> None:
    text = _without_comments(node.text)
    if '@' in text:
        raise at(node.line, 'a rule with @ in <style> is not accepted')
    position, count = 0, 0
    while text[position:].strip():
        found = _RULE.match(text, position)
        if not found:
            raise at(node.line, f'{shown(text[position:].strip())} in <style> is not understood')
        count += 1
        if count > MAX_RULES:
            raise at(node.line, f'<style> has more than {MAX_RULES} rules')
        declarations = _parse(found.group(2), node.line)
        for selector in found.group(1).split(','):
            name = _CLASS.fullmatch(selector.strip())
            if name:
                rules.setdefault(name.group(1), {}).update(declarations)
        position = found.end()


def _read_gradient(node: Node, styles: Styles) -> list[Color]:
    colors = []
    for stop in node.children:
        found = styles.declarations(stop)
        paint = color(found.get('stop-color', 'black'), stop.line)
        if paint:
            opacity = _share(found.get('stop-opacity', '1').strip(), stop.line)
            colors.append((paint[0], paint[1] * opacity))
    return colors


def read_styles(root: Node) -> Styles:
    """
    Read the style sheets and gradients of a file.

    :raises FigureError: if one of them is not accepted
    """
    styles = Styles()
    gradients: dict[str, tuple[list[Color], str]] = {}
    nodes = list(_all_nodes(root))
    for node in nodes:
        if node.tag == 'style':
            _read_sheet(node, styles.rules)
    for node in nodes:
        if node.tag in GRADIENTS:
            key = node.attributes.get('id', '')
            gradients[key] = (_read_gradient(node, styles), node.attributes.get('href', ''))
    for key in gradients:
        styles.gradients[key] = mean(_stops(gradients, key))
    return styles


def _stops(gradients: Mapping[str, tuple[list[Color], str]], key: str) -> list[Color]:
    """Follow gradients that take their colours from others; a circle of them ends."""
    seen: set[str] = set()
    while key in gradients and key not in seen and len(seen) < 10:
        seen.add(key)
        colors, following = gradients[key]
        if colors:
            return colors
        key = following
    return []


def _all_nodes(root: Node) -> list[Node]:
    nodes, index = [root], 0
    while index < len(nodes):
        nodes += nodes[index].children
        index += 1
    return nodes
