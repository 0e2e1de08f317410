"""Let ``python -m nn_perception.cli`` be the command."""

import sys

from nn_perception.cli.main import main

sys.exit(main())
