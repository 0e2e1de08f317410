"""Run the command by ``python -m nn_perception.cli``."""

import sys

from nn_perception.cli.main import main

sys.exit(main())
