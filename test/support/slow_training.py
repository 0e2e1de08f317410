"""
Let runs take their time, so that one that trains beside a browser leaves the processor to it.

A run computes as fast as it can for as long as a test looks at it. Where the test is about what
the page shows, a step that is mostly waited for shows the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path

import pytest

STEP_S = 0.02
# Python imports it at its start; torch and the package come later, if at all.
SITE = f"""
import importlib.util, sys, time

class Slow:
    def find_spec(self, name, path, target=None):
        if name != 'nn_perception.training.runs.process.training':
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            advance = module.Training.advance

            def slow(training):
                advance(training)
                time.sleep({STEP_S})

            module.Training.advance = slow

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Slow())
"""


@contextmanager
def slow_training(folder: Path) -> Iterator[None]:
    """
    Let the steps of runs take longer in all processes that are started meanwhile.

    :param folder: for the file that Python imports at its start; must not exist
    """
    folder.mkdir()
    (folder / 'sitecustomize.py').write_text(SITE)
    paths = [str(folder), os.environ.get('PYTHONPATH', '')]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv('PYTHONPATH', os.pathsep.join(filter(None, paths)))
        yield
