"""Image tags, digits, human poses, sounds, and classifiers fine-tuned on the robot."""

import os
import sys

__version__ = '0.1.0'

# ``python -m nn_perception...`` puts the current folder first on the path of imports. Take it away
# before the module imports anything else, see core/import_path.py.
if (
    sys.argv[:1] == ['-m']
    and any(word.removeprefix('-m').startswith('nn_perception.') for word in sys.orig_argv)
    and os.path.dirname(__path__[0]) != sys.path[0] == os.getcwd()
):
    del sys.path[0]
