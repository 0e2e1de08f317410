"""
A model as one TorchScript file: preprocessing, network and scores, for programs with torch alone.

``python -m nn_perception.training.export.torchscript CHECKPOINT SHA256 OUT`` writes it, in a
process of its own, since torch takes seconds and 600 MB. Input and output are those of
:mod:`nn_perception.training.export.onnx_file`; the labels are in the extra file ``labels.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
import warnings

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.export.scripted_tagger import ScriptedTagger
from nn_perception.training.export.verification import verify
import torch

LABELS = 'labels.json'
CANNOT_WRITE = 3


def write_torchscript(checkpoint: Checkpoint, path: Path) -> None:
    """
    Write a classifier, and compare it with its tagger.

    :raises OSError: if a file cannot be read or written
    :raises ValueError: if it is no classifier, or damaged
    :raises RuntimeError: if it cannot be exported, or the result differs from the tagger
    """
    tagger = Tagger.open(str(checkpoint.path), RunOptions('torch', 'cpu'))
    head = FineTunedHead.read(checkpoint) if checkpoint.fine_tuned_from else None
    network = load_network(checkpoint.without_head() if head else checkpoint)
    preprocessing = checkpoint.image_preprocessing
    example = torch.rand(2, preprocessing.channels, preprocessing.size, preprocessing.size)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # TorchScript is deprecated; docs/export.md says so
        # Functional models of torchvision cannot be compiled from their source; all can be traced.
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        scripted = torch.jit.script(ScriptedTagger(checkpoint, traced, head).eval())
        torch.jit.save(
            scripted, str(path), _extra_files={LABELS: json.dumps(tagger.labels).encode()}
        )
        loaded = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
        verify(lambda images: loaded(torch.from_numpy(images)).numpy(), tagger)


def main(arguments: list[str]) -> int:
    """Run the command line; return its exit status."""
    path, sha256, out = arguments
    try:
        checkpoint = Checkpoint.read(path)
        if checkpoint.sha256 != sha256:
            raise ValueError(f'{path} changed while it was being opened')
        write_torchscript(checkpoint, Path(out))
    except OSError as error:
        sys.stderr.write(f'\n{error}\n')
        return CANNOT_WRITE
    except (ValueError, RuntimeError) as error:
        sys.stderr.write(f'\n{" ".join(str(error).split())}\n')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
