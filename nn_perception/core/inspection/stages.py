"""Group the layers of a large network into stages, by the modules that they are in."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.inspection.records import INPUT

# Networks with fewer layers are shown layer by layer.
MIN_LAYERS = 40
MAX_STAGES = 40
# Modules that are one stage with all that is in them.
WHOLE = ('pyramid',)
SINGULAR = {'blocks': 'block', 'layers': 'layer', 'heads': 'head', 'features': 'block'}
FIRST, LAST = 'stem', 'head'


def stages_of(scopes: Sequence[tuple[str, bool]]) -> list[str]:
    """
    Group layers into stages; a stage is a row of layers without others in between.

    :param scopes: for each layer the qualified name of its module, or of the module whose code it
        is in, and whether it is a module; the input is ``('input', False)``
    :returns: for each layer its stage, all empty for a small network
    """
    if len(scopes) < MIN_LAYERS:
        return [''] * len(scopes)
    stages = _at_depth(scopes, 2)
    return stages if len(set(stages)) <= MAX_STAGES else _at_depth(scopes, 1)


def _at_depth(scopes: Sequence[tuple[str, bool]], depth: int) -> list[str]:
    """Group layers by this many parts of the names of modules, or up to the first number."""
    found: list[str] = []
    for path, is_module in scopes:
        container = path.rpartition('.')[0] if is_module else path
        if path == INPUT and not found:
            found.append(INPUT)
        elif container:
            found.append(_words(_stage(container, depth)))
        else:
            found.append(_outside(found, is_module=is_module))
    return _without_repetition(found)


def _outside(before: Sequence[str], *, is_module: bool) -> str:
    """Find the stage of a layer of the network's own code; a function belongs to what it gets."""
    begun = any(stage not in (INPUT, FIRST) for stage in before)
    if not begun:
        return FIRST
    return LAST if is_module else before[-1]


def _stage(container: str, depth: int) -> str:
    parts = container.split('.')
    if parts[0] in WHOLE:
        return parts[0]
    numbers = [index for index, part in enumerate(parts) if part.isdigit()]
    return '.'.join(parts[: numbers[0] + 1 if numbers and depth > 1 else depth])


def _words(stage: str) -> str:
    """Write the name of a module for people, counting from 1."""
    words = [
        str(int(part) + 1) if part.isdigit() else SINGULAR.get(part, part)
        for part in stage.split('.')
    ]
    return ' '.join(words)


def _without_repetition(stages: Sequence[str]) -> list[str]:
    """Number the stages that begin a second time."""
    result: list[str] = []
    counts: dict[str, int] = {}
    for index, stage in enumerate(stages):
        if index and stages[index - 1] == stage:
            result.append(result[-1])
            continue
        counts[stage] = counts.get(stage, 0) + 1
        result.append(stage if counts[stage] == 1 else f'{stage} ({counts[stage]})')
    return result
