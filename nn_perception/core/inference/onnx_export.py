"""
Export the network of a checkpoint to ONNX, in a separate process.

``python -m nn_perception.core.inference.onnx_export CHECKPOINT SHA256 OUT [OUTPUT]`` writes the
network to the file OUT, without its head if OUTPUT is not ``logits``. Its exit status is 0,
:data:`CANNOT_WRITE` if the file cannot be written, and 1 for any other failure; the last line on
standard error says why. Importing torch takes seconds and 600 MB, which the process that runs the
export does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING
import warnings

from nn_perception.core.inference.checkpoint import Checkpoint, LOGITS
from nn_perception.core.inference.load_network import load_network
import numpy as np

if TYPE_CHECKING:
    from torch import nn, Tensor

# Part of the cache key: increase it when all checkpoints must be exported again.
EXPORT_VERSION = '2'
CANNOT_WRITE = 3
TOLERANCE = 1e-3
MAX_BATCH = 1024
MAX_SIZE_PX = 8192


def export(checkpoint: Checkpoint, path: Path) -> float:
    """
    Export a network for any batch size and verify the result against torch.

    A network with the attribute ``size_step`` is exported for any height and width that are
    multiples of it. A network with several outputs names them in ``output_names``.

    :param path: the ONNX file to write
    :returns: maximum difference between torch and ONNX Runtime, relative to the largest output, or
        absolute if that is below 1
    :raises OSError: if the file cannot be written
    :raises ValueError: if the weights do not match the network
    :raises RuntimeError: if the results of torch and ONNX Runtime differ
    """
    import torch

    network = load_network(checkpoint)
    shape = checkpoint.preprocessing.input_shape
    names = list(getattr(network, 'output_names', (checkpoint.output,)))
    step = getattr(network, 'size_step', 0)
    _save(network, torch.rand(2, *shape), names, step, path)
    shapes = [(1, *shape), (3, *shape)]
    if step:
        shapes.append((1, shape[0], step, 3 * step))
    return _verify(network, path, shapes)


def _save(
    network: nn.Module, example: Tensor, output_names: list[str], size_step: int, path: Path
) -> None:
    """
    Export a network for any batch size and write it durably.

    :param example: a batch, ``(2, C, H, W)``
    :param size_step: height and width may be any multiple of it; 0: they are fixed
    """
    import torch

    axes: dict[int, Any] = {0: torch.export.Dim('batch', min=1, max=MAX_BATCH)}
    if size_step:
        for axis, name in ((2, 'rows'), (3, 'columns')):
            steps = torch.export.Dim(name, min=1, max=MAX_SIZE_PX // size_step)
            axes[axis] = size_step * steps
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        program = torch.onnx.export(
            network,
            (example,),
            input_names=['images'],
            output_names=output_names,
            dynamo=True,
            dynamic_shapes=(axes,),
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError('torch returned no ONNX program')
    program.save(path)
    with open(path, 'rb') as stream:
        os.fsync(stream.fileno())


def _verify(network: object, path: Path, shapes: Sequence[tuple[int, ...]]) -> float:
    """Compare all outputs of torch and ONNX Runtime on random batches ``(N, C, H, W)``."""
    from nn_perception.core.inference.onnxruntime_import import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    worst = 0.0
    for shape in shapes:
        images = np.random.default_rng(shape[0]).uniform(-1.0, 1.0, shape).astype(np.float32)
        with torch.inference_mode():
            outputs = network(torch.from_numpy(images))  # type: ignore[operator]
        if isinstance(outputs, torch.Tensor):
            outputs = (outputs,)
        found = session.run(None, {'images': images})
        for output, expected in zip(found, outputs, strict=True):
            scale = max(1.0, float(expected.abs().max()))
            difference = float(np.abs(output - expected.numpy()).max()) / scale
            if not difference <= TOLERANCE:  # true for NaN, too
                raise RuntimeError(
                    f'the export differs from torch by {difference:.2g} on a batch of the shape '
                    f'{shape}; the tolerance is {TOLERANCE:.2g}'
                )
            worst = max(worst, difference)
    return worst


def main(arguments: list[str]) -> int:
    """Run the command line; return its exit status."""
    path, sha256, out, *output = arguments
    try:
        checkpoint = Checkpoint.read(path)
        if checkpoint.sha256 != sha256:
            raise ValueError(f'{path} changed while it was being opened')
        if output and output[0] != LOGITS:
            checkpoint = checkpoint.without_head(output[0])
        difference = export(checkpoint, Path(out))
    except ModuleNotFoundError as error:
        sys.stderr.write(f'\nthe Python package {error.name} is missing\n')
        return 1
    except OSError as error:
        sys.stderr.write(f'\n{error}\n')
        return CANNOT_WRITE
    except (ValueError, RuntimeError) as error:
        sys.stderr.write(f'\n{" ".join(str(error).split())}\n')
        return 1
    sys.stdout.write(f'\n{difference:.3g}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
