"""The command ``nn_perception``, which needs no ROS."""

import sys

# ``python -c`` puts the current folder first on the path of imports; see core/import_path.py.
if sys.path[:1] == ['']:
    del sys.path[0]
