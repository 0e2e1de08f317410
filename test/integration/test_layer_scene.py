"""The three-dimensional scene of layers, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layers_page import layers_page
import pytest

# In Chromium: places on the screen, and pixels there.
GLOBALS = """
window.nodeOf = (layer) => scene.network.nodeOfUnit.get(scene.network.unitOf.get(layer));
// The middle of an element, or of a closed node, in pixels of the page.
window.at = (layer, element) => {
  const { place, grid: maps, units } = nodeOf(layer);
  const onScreen = (...at) => Object.values(scene.view.viewpoint.project(...at)).slice(0, 2);
  if (!element) return onScreen(place.x, place.slabY, 0);
  const { map, row, column } = grid.fromElement(units[0].shown.shape, element);
  const { left, right, top, bottom } = grid.rectangle(maps, map, [row, column], [row, column]);
  const [y, z] = [place.y + (top + bottom) / 2, (left + right) / 2];
  return onScreen(place.x, y, z);
};
window.pixel = ([x, y]) => {
  scene.view.draw();
  const gl = scene.view.renderer.getContext();
  const ratio = scene.view.renderer.getPixelRatio();
  const bytes = new Uint8Array(4);
  const up = gl.drawingBufferHeight - 1 - Math.floor(y * ratio);
  gl.readPixels(Math.floor(x * ratio), up, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  return [...bytes.slice(0, 3)];
};
window.show = async (network) => {
  said.length = 0;
  scene.setNetwork(networks[network]);
  await rest();
};
window.last = (name) => said.filter(([event]) => event === name).at(-1)?.slice(1);
// A layer with one value everywhere but in one element.
window.mark = (layer, element, value, otherwise = 0) => {
  const { shape } = scene.network.unitOf.get(layer).shown;
  const values = new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(otherwise);
  values[element.reduce((index, one, axis) => index * shape[axis] + one, 0)] = value;
  scene.setMaps({ layer, values, shape, low: -1, high: 1 });
};
null;
"""
MIDDLE = 128  # of 255: a value just above zero between -1 and 1


@pytest.fixture(scope='module')
def page() -> Iterator[Any]:
    with layers_page() as opened:
        opened.evaluate(GLOBALS)
        yield opened


def show(page: Any, network: str, *layers: str) -> None:
    """Show a network with layers open, without another theme or camera than at first."""
    page.mouse.move(1, 1)
    page.evaluate('(name) => show(name)', network)
    for layer in layers:
        page.evaluate('(name) => scene.open(name)', layer)
    page.evaluate('rest()')


def said(page: Any, event: str) -> list[Any]:
    """Return what the scene said last of an event."""
    found: list[Any] = page.evaluate('(name) => last(name) || []', event)
    return found


def hover(page: Any, layer: str, *element: int) -> list[Any]:
    """Put the pointer over an element, and return what the scene says."""
    page.evaluate('said.length = 0')
    page.mouse.move(*page.evaluate('([a, b]) => at(a, b)', [layer, list(element)]))
    page.wait_for_function('last("hover")')
    return said(page, 'hover')


def test_every_network_is_drawn_with_few_calls(page: Any) -> None:
    for network, drawn in (('lenet5', 14), ('digit_cnn', 23), ('movenet', 38), ('lite0', 69)):
        show(page, network)
        closed = page.evaluate('scene.cost')
        assert closed['calls'] == 2  # all slabs, and all lines between them
        assert closed['textures'] == 0
        page.evaluate('scene.openAll(); fill(); rest()')
        wanted = said(page, 'opened')[0]
        assert len(wanted) == page.evaluate('scene.network.nodes.length')
        assert len(wanted) <= drawn
        cost = page.evaluate('scene.cost')
        assert cost['calls'] == len(wanted) + 2
        # The maps of a layer are two triangles, those of a rail or a slab twelve.
        assert cost['triangles'] == 2 * len(wanted) + 12 * len(wanted)


def test_branches_have_lanes_of_their_own(page: Any) -> None:
    show(page, 'movenet')
    columns = page.evaluate(
        'scene.network.nodes.map(({name, column, lane}) => [name, column, lane])'
    )
    by_name = {name: (column, lane) for name, column, lane in columns}
    assert len(set(by_name.values())) == len(by_name)
    # What joins the trunk stands beside the layer that it is added to.
    for size in (12, 24, 48):
        column, lane = by_name[f'lateral {size}']
        joined, trunk = by_name[f'add {size}']
        assert column == joined - 1
        assert lane != trunk
    heads = [by_name[name] for name in ('centre', 'heatmap', 'regress', 'offset')]
    assert len({column for column, _ in heads}) == 1
    assert len({lane for _, lane in heads}) == 4


def test_layers_and_stages_open_and_close(page: Any) -> None:
    show(page, 'lite0')
    page.mouse.click(*page.evaluate('at("2.project")'))
    names = ['2.expand.activation', '2.depthwise.activation', '2.norm']
    assert said(page, 'opened') == [names]
    assert page.evaluate('scene.isOpen("block 2") && !scene.isOpen("block 3")')
    page.evaluate('rest()')
    page.get_by_title('close block 2').click()
    assert said(page, 'opened') == [[]]
    page.evaluate('rest()')
    assert page.evaluate('scene.cost.textures') == 0
    page.evaluate('scene.open("5.add")')
    assert said(page, 'opened') == [['5.add']]
    assert page.evaluate('scene.isOpen("block 5")')
    page.evaluate('scene.open("nothing of the kind"); scene.close("nor this")')
    page.evaluate('scene.closeAll(); rest()')
    assert said(page, 'opened') == [[]]
    show(page, 'lenet5', 'conv1')
    # The rail under the maps closes them, too.
    page.mouse.click(*page.evaluate('at("conv1")'))
    assert said(page, 'opened') == [[]]
    # Everything stays in the picture, unless somebody turns it.
    assert not page.evaluate('scene.view.viewpoint.moved')
    page.mouse.move(600, 700)
    page.mouse.down()
    page.mouse.move(700, 700, steps=4)
    page.mouse.up()
    assert page.evaluate('scene.view.viewpoint.moved')


def test_the_element_under_the_pointer_is_the_one_that_is_drawn_there(page: Any) -> None:
    show(page, 'lenet5', 'conv1', 'conv2', 'linear1', 'softmax')
    elements = [
        ('conv1', (0, 0, 0)),
        ('conv1', (3, 20, 5)),
        ('conv1', (5, 27, 27)),
        ('conv2', (15, 9, 3)),
        ('linear1', (57,)),
        ('softmax', (7,)),
    ]
    theme = page.evaluate('scene.theme.values')
    for layer, element in elements:
        page.evaluate('([a, b]) => mark(a, b, 255, 0)', [layer, list(element)])
        page.evaluate('rest()')
        place = page.evaluate('([a, b]) => at(a, b)', [layer, list(element)])
        drawn = page.evaluate('(place) => pixel(place)', place)
        assert drawn == pytest.approx(theme['positive'][1], abs=2)
        assert hover(page, layer, *element) == [layer, list(element), layer]
        # All other values are the least there are.
        other = [0] * len(element) if any(element) else [1] * len(element)
        place = page.evaluate('([a, b]) => at(a, b)', [layer, other])
        assert page.evaluate('(place) => pixel(place)', place) == pytest.approx(
            theme['negative'][1], abs=2
        )
        page.evaluate('said.length = 0')
        page.mouse.click(*page.evaluate('([a, b]) => at(a, b)', [layer, list(element)]))
        assert said(page, 'click') == [layer, list(element), layer]


def test_colours_of_values(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    page.evaluate('mark("conv1", [0, 14, 14], 0, 0)')
    for dark in (True, False):
        page.evaluate('(dark) => document.body.classList.toggle("body--dark", dark)', dark)
        page.wait_for_function('(dark) => scene.theme.dark === dark', arg=dark)
        for value in (0, 40, 96, 128, 160, 210, 255):
            page.evaluate('(value) => mark("conv1", [0, 14, 14], value, 0)', value)
            drawn = page.evaluate('pixel(at("conv1", [0, 14, 14]))')
            expected = page.evaluate(
                '(value) => theme.valueColour(scene.theme.values, value / 255 * 2 - 1, 1)', value
            )
            assert drawn == pytest.approx(expected, abs=2), value


def test_smaller_maps_stand_for_the_elements_of_the_layer(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    page.evaluate("""() => {
      const values = new Uint8Array(6 * 14 * 14);
      values[2 * 196 + 5 * 14 + 6] = 255;
      scene.setMaps({ layer: "conv1", values, shape: [6, 14, 14], low: -2, high: 4 });
    }""")
    page.evaluate('rest()')
    expected = page.evaluate('scene.theme.values.positive[1]')
    for row, column in ((10, 12), (11, 13)):
        place = page.evaluate('(element) => at("conv1", element)', [2, row, column])
        assert page.evaluate('(place) => pixel(place)', place) == pytest.approx(expected, abs=2)
    hover(page, 'conv1', 2, 11, 12)
    assert 'value about 4' in page.locator('.nn-ls-tip').inner_text()
    # What does not fit the layer is not drawn.
    page.evaluate(
        'scene.setMaps({layer: "conv1", values: new Uint8Array(9), shape: [1, 3, 3], low: 0,'
        ' high: 1})'
    )
    assert page.evaluate('scene.maps.get(scene.network.unitOf.get("conv1")).maps.shape') == [
        6,
        14,
        14,
    ]


def test_lines_end_at_what_an_element_sees(page: Any) -> None:
    show(page, 'lenet5', 'conv1', 'conv2', 'pool1')
    assert hover(page, 'conv2', 4, 5, 5)[0] == 'conv2'
    region = [{'layer': 'pool1', 'first': [0, 5, 5], 'last': [5, 9, 9]}]
    page.evaluate('(region) => scene.showRegion("conv2", [4, 5, 5], region)', region)
    ends = page.evaluate('scene.highlight.ends')
    corners = page.evaluate("""() => {
      const { place, grid: maps } = nodeOf("pool1");
      const found = [];
      for (let map = 0; map < 6; map += 1) {
        // The corner of the first value, and the one of the last.
        const first = grid.rectangle(maps, map, [5, 5], [5, 5]);
        const last = grid.rectangle(maps, map, [9, 9], [9, 9]);
        found.push([place.x, place.y + first.top, first.left]);
        found.push([place.x, place.y + last.bottom, last.right]);
      }
      return found;
    }""")
    for corner in corners:
        assert any(end == pytest.approx(corner) for pair in ends for end in pair), corner
    own = page.evaluate('nodeOf("conv2").place.x')
    others = page.evaluate('nodeOf("pool1").place.x')
    between = [pair for pair in ends if pair[0][0] == own and pair[1][0] == others]
    assert len(between) == 4 * 6
    assert page.evaluate('scene.view.draw(), scene.cost.calls') <= 3 * 3 + 2
    # An answer that comes too late belongs to another element.
    hover(page, 'conv2', 3, 2, 2)
    page.evaluate('(region) => scene.showRegion("conv2", [4, 5, 5], region)', region)
    assert not any(pair[1][0] == others for pair in page.evaluate('scene.highlight.ends'))
    page.mouse.move(1, 1)
    page.wait_for_function('last("hover")[0] === ""')
    assert page.evaluate('scene.highlight.ends') == []


def test_layers_drawn_as_one_name_the_one_that_computes(page: Any) -> None:
    show(page, 'lite0', 'block 16')
    assert page.evaluate('scene.computedBy("16.depthwise.activation")') == '16.depthwise'
    assert page.evaluate('scene.computedBy("elsewhere")') == 'elsewhere'
    element = [0, 3, 3]
    assert hover(page, '16.expand.activation', *element) == [
        '16.expand.activation',
        element,
        '16.expand',
    ]


def test_padding_is_drawn_with_the_layer_that_gets_it(page: Any) -> None:
    page.evaluate("""() => {
      const layers = [];
      const add = (name, kind, size) => layers.push({
        name, kind, shape: [4, size, size], parameters: 0, title: name, stage: "",
        inputs: layers.length ? [layers.at(-1).name] : [],
      });
      add("input", "input", 16);
      for (let i = 0; i < 12; i += 1) {
        add(`pad${i}`, "pad", 18);
        add(`conv${i}`, "conv", 16);
        add(`norm${i}`, "batch_norm", 16);
        add(`relu${i}`, "activation", 16);
      }
      scene.setNetwork(layers);
      scene.open("conv1");
      scene.open("conv0");
    }""")
    page.evaluate('rest()')
    assert page.evaluate('scene.network.nodes.length') == 13
    assert said(page, 'opened') == [['relu0', 'relu1']]
    assert hover(page, 'relu1', 1, 15, 15) == ['relu1', [1, 15, 15], 'conv1']
    # The window goes beyond the edge of what is drawn.
    region = [{'layer': 'pad1', 'first': [0, 15, 15], 'last': [3, 17, 17]}]
    page.evaluate('(region) => scene.showRegion("conv1", [1, 15, 15], region)', region)
    edge = page.evaluate('nodeOf("relu0").place.x')
    seen = [end for pair in page.evaluate('scene.highlight.ends') for end in pair]
    across = [end[2] for end in seen if end[0] == edge]
    assert max(across) == pytest.approx(page.evaluate('nodeOf("relu0").grid.width / 2'))
    # What its own layers see of each other is no line.
    region = [{'layer': 'norm1', 'first': [1, 15, 15], 'last': [1, 15, 15]}]
    page.evaluate('(region) => scene.showRegion("conv1", [1, 15, 15], region)', region)
    assert not any(
        end[0] == edge for pair in page.evaluate('scene.highlight.ends') for end in pair
    )


def test_values_sizes_and_outputs_are_told(page: Any) -> None:
    show(page, 'lenet5', 'conv1', 'softmax')
    page.evaluate('mark("conv1", [1, 2, 3], 255, 0)')
    hover(page, 'conv1', 1, 2, 3)
    tip = page.locator('.nn-ls-tip')
    assert tip.inner_text().split('\n') == [
        'conv 5 x 5',
        'map 1 of 6',
        'row 2, column 3 of 28 x 28',
        'value about 1',
    ]
    assert page.locator('.nn-ls-legend').is_visible()
    page.evaluate('scene.setValue("conv1", [1, 2, 3], 0.98765)')
    assert 'value 0.9877' in tip.inner_text()
    page.mouse.move(*page.evaluate('at("conv1")'))
    page.wait_for_function('last("hover")[1] === null')
    assert 'values from -1 to 1\nClick to close.' in tip.inner_text()
    page.evaluate('scene.setScores(["7", "1"], [0.931, 0.042])')
    assert page.locator('.nn-ls-score.nn-ls-first').inner_text() == '7 93.1 %'
    assert page.locator('.nn-ls-score').count() == 10
    # Without numbers, the labels belong to the largest outputs; closed, the best is at the slab.
    page.evaluate('mark("softmax", [4], 255, 0), scene.setScores(["four"], [1])')
    assert page.locator('.nn-ls-score.nn-ls-first').inner_text() == 'four 100 %'
    assert page.evaluate('scene.labels.best[0].index') == 4
    page.evaluate('scene.close("softmax")')
    assert page.locator('.nn-ls-best:visible').inner_text() == 'four 100 %'


def test_the_picture_stands_at_the_input(page: Any) -> None:
    show(page, 'lenet5', 'input')
    page.evaluate("""() => {
      const rgba = new Uint8ClampedArray(28 * 28 * 4).fill(255);
      for (let row = 0; row < 14; row += 1) {
        for (let column = 0; column < 14; column += 1) {
          rgba.set([200, 30, 60, 255], 4 * (row * 28 + column));
        }
      }
      scene.setInput(rgba, 28, 28);
    }""")
    page.evaluate('rest()')
    # The red quarter is at the top left.
    assert page.evaluate('pixel(at("input", [0, 5, 5]))') == pytest.approx([200, 30, 60], abs=2)
    for row, column in ((5, 22), (22, 5), (22, 22)):
        place = page.evaluate('(element) => at("input", element)', [0, row, column])
        assert page.evaluate('(place) => pixel(place)', place) == [255, 255, 255]
    left, right = page.evaluate('[at("input", [0, 5, 5])[0], at("input", [0, 5, 22])[0]]')
    assert left < right


def test_nothing_is_drawn_while_nothing_changes(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    frames = page.evaluate('scene.view.frames')
    page.wait_for_timeout(400)
    assert page.evaluate('scene.view.frames') == frames
    page.evaluate('fill(1); rest()')
    assert page.evaluate('scene.view.frames') == frames + 1
    # A turn goes on for a moment, and ends.
    page.mouse.move(640, 700)
    page.mouse.down()
    page.mouse.move(700, 690, steps=4)
    page.mouse.up()
    page.evaluate('rest()')
    assert page.evaluate('scene.view.frames') > frames + 2
    assert said(page, 'frameRate') == [0]
    page.evaluate('scene.resetCamera()')


def test_memory_stays_flat(page: Any) -> None:
    show(page, 'lenet5')
    page.evaluate('scene.openAll(), fill(), rest()')
    before = page.evaluate('scene.cost')
    page.evaluate(
        'async () => { for (let i = 0; i < 30; i += 1) { fill(i); scene.view.draw(); } }'
    )
    after = page.evaluate('scene.cost')
    for name in ('textures', 'geometries'):
        assert after[name] == before[name]
    page.emulate_media(reduced_motion='reduce')
    for _ in range(5):
        page.evaluate('scene.closeAll(), scene.view.events.advance(0), scene.view.draw()')
        assert page.evaluate('scene.cost.textures') == 0
        page.evaluate('scene.openAll(), fill(), scene.view.events.advance(0), scene.view.draw()')
    assert page.evaluate('scene.cost.geometries') == before['geometries']
    page.emulate_media(reduced_motion='no-preference')


def test_reduced_motion_opens_at_once(page: Any) -> None:
    page.emulate_media(reduced_motion='reduce')
    show(page, 'lenet5')
    frames = page.evaluate('scene.view.frames')
    page.evaluate('scene.openAll(); rest()')
    assert page.evaluate('scene.view.frames') - frames <= 2
    assert page.evaluate('scene.network.nodes.every(({place}) => place.open === 1)')
    page.emulate_media(reduced_motion='no-preference')
    page.evaluate('scene.closeAll()')
    frames = page.evaluate('scene.view.frames')
    page.evaluate('rest()')
    assert page.evaluate('scene.view.frames') - frames > 2


def test_everything_works_from_the_keyboard(page: Any) -> None:
    show(page, 'lenet5')
    canvas = page.get_by_role('application', name='Layers of the network')
    canvas.focus()
    page.keyboard.press('PageDown')
    page.keyboard.press('PageDown')
    assert said(page, 'selected') == ['conv1']
    page.keyboard.press('Enter')
    assert said(page, 'opened') == [['conv1']]
    page.evaluate('rest()')
    for key in ('Shift+ArrowRight', 'Shift+ArrowDown', 'Shift+ArrowRight'):
        page.keyboard.press(key)
    assert said(page, 'hover') == ['conv1', [0, 1, 1], 'conv1']
    page.keyboard.press(' ')
    assert said(page, 'click') == ['conv1', [0, 1, 1], 'conv1']
    assert 'row 1, column 1' in page.locator('.nn-ls-said[aria-live]').inner_text()
    page.keyboard.press('Escape')
    assert said(page, 'hover')[0] == ''
    where = 'scene.view.viewpoint.camera.position.toArray()'
    page.evaluate('rest()')
    start = page.evaluate(where)
    for key in ('ArrowLeft', 'ArrowUp', 'Control+ArrowRight', '+', '-'):
        before = page.evaluate(where)
        page.keyboard.press(key)
        assert page.evaluate(where) != pytest.approx(before), key
    page.keyboard.press('Home')
    page.evaluate('rest()')
    assert page.evaluate(where) == pytest.approx(start, abs=0.01)


def test_the_mouse_turns_moves_and_zooms(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    where = 'scene.view.viewpoint.camera.position.toArray()'
    target = 'scene.view.viewpoint.controls.target.toArray()'
    distance = 'scene.view.viewpoint.camera.position.distanceTo(scene.view.viewpoint.centre)'
    start, aim, far = (page.evaluate(one) for one in (where, target, distance))

    def drag(button: Any) -> None:
        page.mouse.move(600, 740)
        page.mouse.down(button=button)
        page.mouse.move(680, 760, steps=3)
        page.mouse.up(button=button)
        page.evaluate('rest()')

    drag('left')
    assert page.evaluate(where) != pytest.approx(start)
    assert page.evaluate(target) == pytest.approx(aim)
    drag('right')
    assert page.evaluate(target) != pytest.approx(aim)
    page.evaluate('scene.resetCamera(), rest()')
    assert page.evaluate(where) == pytest.approx(start, abs=0.01)
    # Also over a title, which stands above the picture.
    for place in ((600, 740), None):
        if place is None:
            box = page.get_by_title('close conv 5 x 5').bounding_box()
            place = (box['x'] - 20, box['y'] + 5)
        before = page.evaluate(distance)
        page.mouse.move(*place)
        page.mouse.wheel(0, -400)
        page.wait_for_function(f'{distance} < {before}')
        page.evaluate('scene.resetCamera(), rest()')
    assert page.evaluate(distance) == pytest.approx(far, abs=0.01)
    page.evaluate('scene.focus("softmax"), rest()')
    # In the middle, where the last layer has not been.
    x, y = page.evaluate('at("softmax")')
    assert 400 < x < 880
    assert 200 < y < 600


def test_a_lost_context_gets_a_sentence_and_comes_back(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    page.evaluate('mark("conv1", [2, 3, 4], 255, 0), rest()')
    page.evaluate(
        'window.loss = scene.view.renderer.getContext().getExtension("WEBGL_lose_context")'
    )
    page.evaluate('loss.loseContext()')
    page.wait_for_function('last("problem")?.[0]')
    assert 'The graphics card' in page.locator('.nn-ls-problem').inner_text()
    page.evaluate('fill(3), mark("conv1", [2, 3, 4], 255, 0), loss.restoreContext()')
    page.wait_for_function('last("problem")?.[0] === ""')
    page.evaluate('rest()')
    drawn = page.evaluate('pixel(at("conv1", [2, 3, 4]))')
    assert drawn == pytest.approx(page.evaluate('scene.theme.values.positive[1]'), abs=2)
    assert not page.locator('.nn-ls-problem').is_visible()


def test_a_finger_opens_and_asks(page: Any) -> None:
    show(page, 'lenet5')
    touch = page.context.new_cdp_session(page)

    def tap(x: float, y: float) -> None:
        points = [{'x': x, 'y': y}]
        touch.send('Input.dispatchTouchEvent', {'type': 'touchStart', 'touchPoints': points})
        touch.send('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})

    tap(*page.evaluate('at("conv1")'))
    page.wait_for_function('last("opened")?.[0]?.length')
    page.evaluate('rest()')
    tap(*page.evaluate('at("conv1", [4, 8, 9])'))
    page.wait_for_function('last("click")')
    assert said(page, 'click') == ['conv1', [4, 8, 9], 'conv1']
    assert page.evaluate('scene.highlight.ends.length') > 0
    touch.detach()


def test_disposing_frees_everything(page: Any) -> None:
    show(page, 'lenet5', 'conv1')
    page.evaluate('window.old = scene, scene.dispose()')
    assert page.evaluate('old.view.renderer.info.memory') == {'geometries': 0, 'textures': 0}
    assert page.evaluate('document.getElementById("scene").children.length') == 0
    # Without WebGL there is a sentence, and the page goes on.
    page.evaluate("""() => {
      const { prototype } = HTMLCanvasElement;
      const { getContext } = prototype;
      prototype.getContext = () => null;
      start();
      prototype.getContext = getContext;
      scene.setNetwork(networks.lenet5);
      scene.openAll();
      fill();
      scene.resetCamera();
    }""")
    assert 'needs WebGL' in page.locator('.nn-ls-problem').inner_text()
    page.evaluate('scene.dispose(), start()')
    page.evaluate(GLOBALS)
    show(page, 'lenet5')
    assert page.evaluate('scene.cost.calls') == 2
