"""
Let numpy and torch compute with one thread, here and in what the tests start.

Several processes of pytest share the cores. The threads of OpenBLAS wait for each other by
spinning: where all cores are busy, they take fifty times the CPU time of a single one. This is to
be imported before numpy is; what is set already stays.
"""

import os

for name in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'):
    os.environ.setdefault(name, '1')
