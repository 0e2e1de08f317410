"""The scores of :class:`nn_perception.capabilities.tagging.tagger.Tagger` as nodes of ONNX."""

from __future__ import annotations

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import (
    NEIGHBOURS,
    OutOfDistributionModel,
)
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.training.export.onnx_graph import GraphBuilder
import numpy as np


def add_scores(
    graph: GraphBuilder,
    checkpoint: Checkpoint,
    head: FineTunedHead | None,
    outputs: str,
    scores: str,
) -> None:
    """
    Add the nodes that turn the output of a network into probabilities.

    :param head: classifies the embeddings of a fine-tuned model; None: the network computes logits
    :param outputs: name of the input, float32, ``(N, C)`` or ``(N, D)``
    :param scores: name of the output, float32, ``(N, C)``; ``(N, C + 1)`` with ``unknown``
    """
    if head is None:
        graph.node('Softmax', outputs, axis=-1, output=scores)
        return
    product = graph.node('MatMul', outputs, graph.constant(head.weight.T))
    logits = graph.node('Add', product, graph.constant(head.bias))
    if head.out_of_distribution is None:
        graph.node('Softmax', logits, axis=-1, output=scores)
        return
    length = checkpoint.last_layer_embedding(head.weight).shape[1]
    embedding = graph.node(
        'Slice', outputs, graph.constant([0]), graph.constant([length]), graph.constant([1])
    )
    unknown = _unknown(graph, head.out_of_distribution, embedding)
    known = graph.node('Sub', graph.scalar(1.0), unknown)
    of_known = graph.node('Mul', graph.node('Softmax', logits, axis=-1), known)
    graph.node('Concat', of_known, unknown, axis=1, output=scores)


def _unknown(graph: GraphBuilder, model: OutOfDistributionModel, embedding: str) -> str:
    """
    Compute the out-of-distribution score, see :meth:`OutOfDistributionModel.score`.

    :param embedding: float32, ``(N, E)``
    :returns: float32, ``(N, 1)``
    """
    last = graph.constant([1])
    length = graph.node('ReduceL2', embedding, last, keepdims=1)
    tiny = graph.scalar(float(np.finfo(np.float32).tiny))
    unit = graph.node('Div', embedding, graph.node('Max', length, tiny))
    cosines = graph.node('MatMul', unit, graph.constant(model.references.T))
    nearest = graph.top_values(cosines, min(NEIGHBOURS, len(model.references)))
    mean = graph.node('ReduceMean', nearest, last, keepdims=1)
    distance = graph.node('Sub', graph.scalar(1.0), mean)
    beyond = graph.node('Sub', distance, graph.scalar(model.threshold))
    return graph.node('Sigmoid', graph.node('Div', beyond, graph.scalar(model.scale)))
