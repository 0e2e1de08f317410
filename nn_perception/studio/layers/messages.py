"""
The messages between the page and the view Layers, on the WebSocket ``/layers/socket``.

From the browser, text (JSON), each with one key of these:

- ``{"network": ID}``: look into a network; null: into none;
- ``{"open": [LAYER, ...], "attention": BOOL}``: the layers whose activations are wanted, and
  whether the class activation map is;
- ``{"camera": ID}``, ``{"example": NAME}``, ``{"test": INDEX}``: look at the images of a camera,
  at an example, or at a test sample of the run; ``{"nothing": true}``: at nothing any more;
- ``{"ask": "hover" | "arithmetic", "number": N, "layer": LAYER, "element": [...]}``;
- ``{"run": "resume" | "pause" | "step" | "reset"}``: to the run that is looked into;
- ``{"ack": N}``: the look with this number is on the screen, the next one may come.

From the browser, binary: something to look at, :data:`PICTURE_HEADER` and an encoded picture, or
the pixels of a drawing, one byte each.

To the browser, text (JSON):

- ``{"networks": [...]}``: all networks, with ``id``, ``title``, ``group`` and ``reads``;
- ``{"network": ID, "layers": [...], "labels": [...]}``: the layers of the network that was chosen,
  and the names of its outputs;
- ``{"status": {...}}``: of the run that is looked into;
- ``{"answer": N, ...}``: to the question with this number; ``error`` if there is none;
- ``{"message": TEXT, "about": "network" | "input" | "run"}``: why nothing comes, for people; empty
  when all is well again.

To the browser, binary: a look. Its length in bytes as a number of 4 bytes, little endian, a header
of this length (JSON), and then all arrays, in the order in which the header names them. Of large
layers, only every second row and column is sent, or every fourth, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
import struct
from typing import Any

from nn_perception.studio.sockets import MessageError, parse_object

MAX_TEXT = 64 * 1024
MAX_NAME = 1024
MAX_LAYERS = 1000
MAX_DIMENSIONS = 8
MAX_NUMBER = 2**32 - 1
# The guard of the page lets messages of 1 MB through.
MAX_PICTURE_BYTES = 1000_000
MAX_DRAWING_PX = 1024
# Little endian: what it is, 3 unused bytes, its number, width and height of a drawing in pixels.
PICTURE_HEADER = struct.Struct('<B3xIHH')
ENCODED, DRAWING = 1, 2
COMMANDS = ('resume', 'pause', 'step', 'reset')
HOVER, ARITHMETIC = 'hover', 'arithmetic'


@dataclass(frozen=True)
class ChooseNetwork:
    """Look into a network; None: into none."""

    network: str | None


@dataclass(frozen=True)
class OpenLayers:
    """
    What is to be seen of the network.

    :param layers: whose activations are wanted
    :param attention: whether the class activation map is wanted
    """

    layers: tuple[str, ...]
    attention: bool


@dataclass(frozen=True)
class ChooseInput:
    """
    Look at something that the server has.

    :param kind: ``camera``, ``example``, ``test``, or ``nothing``
    :param name: id of the camera, or name of the example
    :param index: of the test sample
    """

    kind: str
    name: str = ''
    index: int = 0


@dataclass(frozen=True)
class Picture:
    """
    A picture or a drawing of the browser, not checked yet.

    :param number: of the picture
    :param content: an encoded picture, or pixels
    :param width: of a drawing, in pixels; 0 for an encoded picture
    :param height: of a drawing, in pixels; 0 for an encoded picture
    """

    number: int
    content: bytes
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Question:
    """
    A question about an element.

    :param about: ``hover``: what it sees, and its value; ``arithmetic``: how it comes about
    """

    about: str
    number: int
    layer: str
    element: tuple[int, ...]


@dataclass(frozen=True)
class Command:
    """A command to the run."""

    name: str


@dataclass(frozen=True)
class Acknowledge:
    """The browser shows a look."""

    number: int


Message = ChooseNetwork | OpenLayers | ChooseInput | Picture | Question | Command | Acknowledge


def parse_text(text: str) -> Message:
    """
    Read a text message of the browser.

    :raises MessageError: if it is none of those above
    """
    message = parse_object(text, MAX_TEXT)
    keys = message.keys()
    if keys == {'network'}:
        network = message['network']
        return ChooseNetwork(None if network is None else _name(network))
    if keys == {'open', 'attention'}:
        return OpenLayers(_layers(message['open']), _switch(message['attention']))
    if keys == {'camera'} or keys == {'example'}:
        ((kind, name),) = message.items()
        return ChooseInput(kind, name=_name(name))
    if keys == {'test'}:
        return ChooseInput('test', index=_number(message['test']))
    if message == {'nothing': True}:
        return ChooseInput('nothing')
    if keys == {'ask', 'number', 'layer', 'element'} and message['ask'] in (HOVER, ARITHMETIC):
        number, layer = _number(message['number']), _name(message['layer'])
        return Question(message['ask'], number, layer, _element(message['element']))
    if keys == {'run'} and message['run'] in COMMANDS:
        return Command(message['run'])
    if keys == {'ack'}:
        return Acknowledge(_number(message['ack']))
    raise MessageError('there is no such message')


def parse_picture(message: bytes) -> Picture:
    """
    Read a binary message of the browser.

    :raises MessageError: if it is neither a picture nor a drawing
    """
    size = len(message) - PICTURE_HEADER.size
    if not 0 < size <= MAX_PICTURE_BYTES:
        raise MessageError('a picture has up to 1 MB after its header')
    kind, number, width, height = PICTURE_HEADER.unpack_from(message)
    content = message[PICTURE_HEADER.size :]
    if kind == ENCODED and width == height == 0:
        return Picture(number, content)
    is_drawing = 0 < width <= MAX_DRAWING_PX and 0 < height <= MAX_DRAWING_PX
    if kind != DRAWING or not is_drawing or size != width * height:
        raise MessageError('the header of a picture is wrong')
    return Picture(number, content, width, height)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise MessageError(f'a name has 1 to {MAX_NAME} characters')
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise MessageError('a number must be whole and not negative')
    return value


def _switch(value: Any) -> bool:
    if type(value) is not bool:
        raise MessageError('attention is true or false')
    return value


def _layers(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_LAYERS:
        raise MessageError(f'open is a list of at most {MAX_LAYERS} layers')
    return tuple(dict.fromkeys(_name(one) for one in value))


def _element(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_DIMENSIONS:
        raise MessageError('an element is a list of numbers')
    return tuple(_number(one) for one in value)
