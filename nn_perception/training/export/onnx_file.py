"""
A model as one ONNX file: preprocessing, network and scores.

Its input ``images`` is uint8, ``(N, H, W, 3)``, red first, of any height and width; or ``sounds``,
float32, ``(N, S)``, from -1 to 1, at 16 kHz. Its output ``scores`` is float32, ``(N, L)``, the
probabilities of the ``labels`` in the metadata.
"""

from __future__ import annotations

from collections.abc import Iterable
import json

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.export_cache import export_file
from nn_perception.core.inference.onnxruntime_import import onnxruntime
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.export.onnx_graph import GraphBuilder
from nn_perception.training.export.onnx_preprocessing import add_preprocessing
from nn_perception.training.export.onnx_scores import add_scores
from nn_perception.training.export.verification import verify, verify_sounds
import onnx
from onnx import helper, TensorProto

IMAGES, SOUNDS, SCORES, BATCH = 'images', 'sounds', 'scores', 'batch'
# The first with the operators as they are used here; the exporter of torch writes 18 or later.
OPSET = 18


def onnx_content(checkpoint: Checkpoint) -> bytes:
    """
    Convert a classifier, and compare the result with its tagger.

    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if it is no classifier, or damaged
    :raises RuntimeError: if it cannot be exported, or the result differs from the tagger
    """
    head = FineTunedHead.read(checkpoint) if checkpoint.fine_tuned_from else None
    network = checkpoint.without_head() if head else checkpoint
    kind = SoundTagger if checkpoint.hears else Tagger
    tagger = kind.open(str(checkpoint.path), RunOptions('onnxruntime', 'cpu'))
    try:
        with export_file(network) as path:
            model = onnx.load(path)
        _join(model, checkpoint, head)
        _describe(model, checkpoint, tagger.labels)
        content: bytes = model.SerializeToString()
        onnx.checker.check_model(content, full_check=True)
        session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
        if isinstance(tagger, SoundTagger):
            verify_sounds(lambda sounds: session.run(None, {SOUNDS: sounds})[0], tagger)
        else:
            verify(lambda images: session.run(None, {IMAGES: images})[0], tagger)
    except onnx.checker.ValidationError as error:
        raise RuntimeError(f'{checkpoint.name} cannot be exported: {error}') from error
    finally:
        tagger.close()
    return content


def _join(model: onnx.ModelProto, checkpoint: Checkpoint, head: FineTunedHead | None) -> None:
    """Put the preprocessing before the network, and the scores behind it."""
    graph = model.graph
    (opset,) = (entry.version for entry in model.opset_import if not entry.domain)
    if opset < OPSET:
        raise RuntimeError(f'the network is exported for opset {opset}; {OPSET} is needed')
    _rename(graph.node, graph.input[0].name, BATCH)
    before, behind = GraphBuilder('preprocessing'), GraphBuilder('scores')
    given = _add_input(before, checkpoint)
    add_scores(behind, checkpoint, head, graph.output[0].name, SCORES)
    nodes = [*before.nodes, *graph.node, *behind.nodes]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*before.constants, *behind.constants])
    graph.input.append(given)
    graph.output.append(helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, ['N', None]))


def _add_input(graph: GraphBuilder, checkpoint: Checkpoint) -> onnx.ValueInfoProto:
    """Add the nodes from the input to the batch of the network; return the input."""
    shape: list[str | int | None]
    if checkpoint.hears:
        _, _, length = checkpoint.preprocessing.input_shape
        graph.node('Unsqueeze', SOUNDS, graph.constant([1, 2]), output=BATCH)
        shape = ['N', length]
        return helper.make_tensor_value_info(SOUNDS, TensorProto.FLOAT, shape)
    add_preprocessing(graph, checkpoint.image_preprocessing, IMAGES, BATCH)
    shape = ['N', 'H', 'W', 3]
    return helper.make_tensor_value_info(IMAGES, TensorProto.UINT8, shape)


def _rename(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    """Rename a value where it is an input."""
    for node in nodes:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new


def _describe(model: onnx.ModelProto, checkpoint: Checkpoint, labels: tuple[str, ...]) -> None:
    """Add the labels, and where the weights come from."""
    del model.metadata_props[:]
    model.producer_name, model.doc_string = 'nn_perception', checkpoint.title
    values = {
        'labels': json.dumps(labels, ensure_ascii=False),
        'network': checkpoint.network,
        'version': checkpoint.version,
        'licence': checkpoint.licence,
        'source': checkpoint.source,
        'scores': 'float32, N x L, probabilities of the labels',
    }
    if checkpoint.hears:
        values[SOUNDS] = 'float32, N x S, from -1 to 1, 16000 samples a second'
    else:
        values[IMAGES] = 'uint8, N x H x W x 3, red first'
    helper.set_model_props(model, values)
