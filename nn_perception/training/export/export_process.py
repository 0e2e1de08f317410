"""Write an export in a process of its own: ``export_process CHECKPOINT OUT KIND``."""

from __future__ import annotations

from pathlib import Path
import sys

from nn_perception.training.export.write_export import write_export


def main() -> int:
    """Write the export; the entry point of the process."""
    checkpoint, out, kind = sys.argv[1:]
    try:
        write_export(checkpoint, Path(out), kind)
    except (ValueError, OSError, RuntimeError) as error:
        sys.stderr.write(f'{error}\n')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
