"""How figures follow people: the JavaScript of the character, in Chromium."""

from __future__ import annotations

import base64
from collections.abc import Iterator
import math
import os
from pathlib import Path
from typing import Any

import pytest
from rig_page import rig_page

# 17 keypoints of somebody who stands and faces the camera, 300 pixels tall.
STANDING = (
    ((300, 62), (307, 55), (293, 55), (315, 60), (285, 60), (336, 110), (264, 110), (352, 160))
    + ((248, 160), (360, 205), (240, 205), (321, 210), (279, 210), (324, 295), (276, 295))
    + ((325, 375), (275, 375))
)
# In Chromium: somebody who stands, with changes by name, and a person who moves so.
PEOPLE = """
window.standing = (changes = {}, score = 0.9) => {
  const points = %s.map(([x, y]) => [x, y, score]);
  for (const [name, change] of Object.entries(changes)) {
    const index = rig.JOINTS.indexOf(name);
    points[index] = change === null ? [0, 0, 0] : change;
  }
  return points;
};
window.personOf = (model, keypoints) => {
  const person = new rig.Person('somebody', rig.bind(model));
  person.update(keypoints, 0, 0);
  person.fade(Infinity);
  return person;
};
// The points of the shapes of a part, moved.
window.pointsOf = (person, part) => {
  const out = new Float32Array(2 * person.figure.count);
  rig.deform(person.figure, person.pose, out);
  const points = [];
  for (const shape of person.figure.shapes.filter((each) => each.part === part)) {
    for (const {first, curves} of shape.outlines) {
      for (let i = first; i <= first + 3 * curves; i += 1) {
        points.push([out[2 * i], out[2 * i + 1]]);
      }
    }
  }
  return points;
};
window.centreOf = (points) => [0, 1].map((k) =>
  points.reduce((sum, point) => sum + point[k], 0) / points.length);
null;
""" % [list(point) for point in STANDING]


# The folder in which to write the picture for docs/character.md.
PICTURES = os.environ.get('NN_PERCEPTION_WRITE_PICTURES', '')


@pytest.fixture(scope='module')
def page() -> Iterator[Any]:
    with rig_page() as opened:
        opened.evaluate(PEOPLE)
        yield opened


def test_rest_pose_draws_the_drawing(page: Any) -> None:
    """A figure whose joints are where they are drawn is the drawing, to half a pixel."""
    errors = page.evaluate(
        """models.map((model) => {
          const figure = rig.bind(model);
          const out = new Float32Array(2 * figure.count);
          rig.deform(figure, rig.restPose(figure.rest), out);
          let largest = 0;
          figure.shapes.forEach((shape, index) => shape.outlines.forEach(({first, curves}, k) => {
            const drawn = model.shapes[index].outlines[k].points;
            const whole = ['head', 'face', 'headBack'].includes(shape.part);
            const expected = whole ? drawn : rig.cut(drawn, 0.2 * figure.rest.torso);
            expected.forEach((value, i) => {
              largest = Math.max(largest, Math.abs(value - out[2 * first + i]));
            });
            if (expected.length !== 2 * (3 * curves + 1)) largest = Infinity;
          }));
          return largest;
        })"""
    )
    assert len(errors) == 4
    assert max(errors) < 0.5


def test_cutting_curves_keeps_the_line(page: Any) -> None:
    """Points on the pieces of a curve lie on the curve."""
    distance = page.evaluate(
        """(() => {
          const curve = [0, 0, 100, 0, 0, 100, 100, 100];
          const at = (c, i, t) => [0, 1].map((k) => (1 - t) ** 3 * c[i + k] + 3 * t * (1 - t) ** 2
            * c[i + 2 + k] + 3 * t * t * (1 - t) * c[i + 4 + k] + t ** 3 * c[i + 6 + k]);
          const whole = Array.from({length: 5001}, (_, i) => at(curve, 0, i / 5000));
          const pieces = rig.cut(curve, 20);
          let worst = 0;
          for (let i = 0; i + 7 < pieces.length; i += 6) {
            const [x, y] = at(pieces, i, 0.5);
            worst = Math.max(worst, Math.min(...whole.map((p) => Math.hypot(p[0] - x, p[1] - y))));
          }
          return [pieces.length, worst];
        })()"""
    )
    assert distance[0] > 40
    assert distance[1] < 0.05


def test_a_wrist_moves_the_hand_and_not_the_foot(page: Any) -> None:
    moved = page.evaluate(
        """models.map((model) => {
          const before = personOf(model, standing());
          const after = personOf(model, standing({leftWrist: [400, 90, 0.9]}));
          return ['leftArm', 'leftLeg', 'rightArm', 'torso', 'head'].map((part) => {
            const [a, b] = [pointsOf(before, part), pointsOf(after, part)];
            return Math.max(...a.map((p, i) => Math.hypot(p[0] - b[i][0], p[1] - b[i][1])));
          });
        })"""
    )
    for arm, *others in moved:
        assert arm > 80
        assert max(others) == 0


def test_joints_are_where_the_person_has_them(page: Any) -> None:
    """Elbows, wrists, knees and ankles of the figure are those of the person."""
    places = page.evaluate(
        """models.map((model) => {
          const person = personOf(model, standing());
          return rig.LIMBS.map(({joint}) => {
            const [x, y] = standing()[rig.JOINTS.indexOf(joint)];
            const {joints} = person.pose;
            return Math.hypot(joints[joint].x - x, joints[joint].y - y);
          });
        })"""
    )
    assert max(max(each) for each in places) < 0.01


def test_smooth_curves_stay_smooth(page: Any) -> None:
    """Handles that lie on one line through their point still do after a strong bend."""
    kinks = page.evaluate(
        """models.map((model) => {
          const bent = {leftElbow: [380, 70, 0.9], leftWrist: [330, 40, 0.9],
            rightKnee: [230, 280, 0.9], rightAnkle: [300, 330, 0.9]};
          const person = personOf(model, standing(bent));
          const rest = new Float32Array(2 * person.figure.count);
          rig.deform(person.figure, rig.restPose(person.figure.rest), rest);
          const out = new Float32Array(2 * person.figure.count);
          rig.deform(person.figure, person.pose, out);
          const angle = (p, i) => {
            const u = [p[2 * i] - p[2 * i - 2], p[2 * i + 1] - p[2 * i - 1]];
            const v = [p[2 * i + 2] - p[2 * i], p[2 * i + 3] - p[2 * i + 1]];
            if (Math.min(Math.hypot(...u), Math.hypot(...v)) < 0.5) return 0;
            return Math.abs(Math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1]));
          };
          let worst = 0;
          let count = 0;
          for (const shape of person.figure.shapes) {
            for (const {first, curves} of shape.outlines) {
              for (let i = first + 3; i < first + 3 * curves; i += 3) {
                if (angle(rest, i) > 0.002) continue;
                count += 1;
                worst = Math.max(worst, angle(out, i));
              }
            }
          }
          return [count, worst];
        })"""
    )
    for count, worst in kinks:
        assert count > 100
        assert math.degrees(worst) < 1.5


def test_hidden_parts_fade(page: Any) -> None:
    """A forearm that is lost fades in 150 ms, and comes back; the upper arm stays."""
    alphas = page.evaluate(
        """(() => {
          const person = personOf(models[0], standing());
          const shapes = person.figure.shapes.map((shape, index) => ({shape, index}))
            .filter(({shape}) => shape.part === 'leftArm');
          const alphas = () => shapes.map(({index}) => person.alphas[index]);
          const steps = [alphas()];
          person.update(standing({leftWrist: null}), 33, 0);
          for (const ms of [50, 50, 60]) { person.fade(ms); steps.push(alphas()); }
          person.update(standing(), 300, 0);
          person.fade(75);
          steps.push(alphas());
          return steps;
        })()"""
    )
    shown, first, second, third, again = alphas
    assert set(shown) == {1}
    lost = [index for index, alpha in enumerate(third) if alpha == 0]
    assert 0 < len(lost) < len(third)
    for index in lost:
        assert first[index] == pytest.approx(2 / 3, abs=0.01)
        assert second[index] == pytest.approx(1 / 3, abs=0.01)
        assert again[index] == pytest.approx(0.5, abs=0.01)
    assert all(third[index] == 1 for index in range(len(third)) if index not in lost)


def test_hysteresis(page: Any) -> None:
    """A score between both thresholds changes nothing."""
    seen = page.evaluate(
        """[[0.25], [0.35, 0.25], [0.35, 0.15, 0.25], [0.15, 0.35]].map((scores) => {
          const person = new rig.Person('somebody', rig.bind(models[0]));
          scores.forEach((score, index) =>
            person.update(standing({leftWrist: [360, 205, score]}), 33 * index, 0));
          return 'leftWrist' in person.seen;
        })"""
    )
    assert seen == [False, True, False, True]


def test_missing_legs_do_not_collapse(page: Any) -> None:
    """Somebody at a desk: the torso has its size, the legs are as they are drawn, unseen."""
    result = page.evaluate(
        """(() => {
          const lost = Object.fromEntries(['Hip', 'Knee', 'Ankle'].flatMap((joint) =>
            [`left${joint}`, `right${joint}`].map((name) => [name, null])));
          const person = personOf(models[1], standing(lost));
          const {chest, pelvis, leftHip, leftKnee, leftAnkle} = person.pose.joints;
          const legs = person.figure.shapes.flatMap((shape, index) =>
            (shape.part.endsWith('Leg') ? [person.alphas[index]] : []));
          const torso = person.figure.shapes.flatMap((shape, index) =>
            (shape.part === 'torso' ? [person.alphas[index]] : []));
          return {torsoLength: pelvis.y - chest.y, thigh: leftKnee.y - leftHip.y,
            shin: leftAnkle.y - leftKnee.y, legs: Math.max(...legs), torso: Math.min(...torso)};
        })()"""
    )
    assert 70 < result['torsoLength'] < 130
    assert result['thigh'] > 50
    assert result['shin'] > 50
    assert result['legs'] == 0
    assert result['torso'] == 1


def test_nobody_without_a_body(page: Any) -> None:
    """Too little of a person is not drawn, and does no harm."""
    poses = page.evaluate(
        """[standing({}, 0), standing({}, NaN),
          standing({}, 0).map((point, index) => (index === 9 ? [5, 5, 1] : point))]
          .map((keypoints) => personOf(models[0], keypoints).pose)"""
    )
    assert poses == [None, None, None]


def test_facing_away(page: Any) -> None:
    """From behind the figure is mirrored, shows no face, and has a torso of the same width."""
    result = page.evaluate(
        """models.map((model) => {
          const front = standing();
          const swapped = rig.JOINTS.map((name) => {
            const other = name.startsWith('left') ? name.replace('left', 'right')
              : name.replace('right', 'left');
            return front[rig.JOINTS.indexOf(other)];
          });
          const people = [personOf(model, front), personOf(model, swapped)];
          const width = (points) => {
            const xs = points.map((point) => point[0]);
            return Math.max(...xs) - Math.min(...xs);
          };
          return people.map((person) => ({
            side: person.side, face: person.face, width: width(pointsOf(person, 'torso')),
            hand: centreOf(pointsOf(person, 'leftArm'))[0],
          }));
        })"""
    )
    for front, back in result:
        assert (front['side'], front['face']) == (1, 1)
        assert (back['side'], back['face']) == (-1, 0)
        assert back['width'] == pytest.approx(front['width'], rel=0.02)
        assert front['hand'] > 330
        assert back['hand'] < 270


def test_head_turns(page: Any) -> None:
    """The face looks where nose, eyes and ears say, and the head tilts with them."""
    result = page.evaluate(
        """(() => {
          const looks = {
            ahead: {},
            left: {nose: [317, 62, 0.9], leftEye: [318, 55, 0.9], rightEye: [307, 55, 0.9],
              leftEar: [314, 60, 0.9], rightEar: [292, 60, 0.9]},
            right: {nose: [283, 62, 0.9], leftEye: [293, 55, 0.9], rightEye: [282, 55, 0.9],
              leftEar: [308, 60, 0.9], rightEar: [286, 60, 0.9]},
            tilted: {nose: [300, 62, 0.9], leftEye: [306, 58, 0.9], rightEye: [294, 51, 0.9],
              leftEar: [312, 66, 0.9], rightEar: [287, 52, 0.9]},
            unseen: Object.fromEntries(rig.FACE.map((name) => [name, null])),
          };
          return Object.fromEntries(Object.entries(looks).map(([name, look]) => {
            const {pose} = personOf(models[0], standing(look));
            return [name, {
              turn: pose.turn, roll: Math.atan2(pose.head.b, pose.head.a), x: pose.joints.skull.x,
              above: pose.joints.chest.y - pose.joints.skull.y,
            }];
          }));
        })()"""
    )
    assert abs(result['ahead']['turn']) < 0.2
    assert result['left']['turn'] > 0.5
    assert result['right']['turn'] < -0.5
    assert result['tilted']['roll'] == pytest.approx(0.49, abs=0.12)
    for look in result.values():
        assert abs(look['x'] - 300) < 12
        assert 40 < look['above'] < 90


def test_figures_of_people(page: Any) -> None:
    """Three people get three figures, each keeps theirs, and gets it again when they return."""
    result = page.evaluate(
        """(() => {
          const cast = new rig.Cast();
          cast.setFigures(models.map((model) => rig.bind(model)));
          const at = (dx) => standing().map(([x, y, score]) => [x + dx, y, score]);
          const people = ['personA', 'personB', 'personC'].map((id, index) =>
            ({id, keypoints: at(100 * index)}));
          const worn = () => people.map(({id}) => cast.people.get(id)?.figure)
            .map((figure) => cast.figures.indexOf(figure));
          cast.update(people, 0, 0.5);
          const first = worn();
          cast.fade(200);
          cast.update(people.slice(1), 33, 0.5);
          const leaving = cast.people.get('personA').leaving;
          cast.fade(150);
          const half = cast.people.get('personA').presence;
          for (let i = 0; i < 5; i += 1) cast.fade(100);
          const gone = !cast.people.has('personA');
          cast.update([...people].reverse(), 66, 0.5);
          return {first, leaving, half, gone, again: worn()};
        })()"""
    )
    assert len(set(result['first'])) == 3
    assert result['leaving']
    assert result['half'] < 1
    assert result['gone']
    assert result['again'] == result['first']


def test_people_without_ids(page: Any) -> None:
    ids = page.evaluate(
        """(() => {
          const at = (dx) => standing().map(([x, y, score]) => [x + dx, y, score]);
          const known = {id: 'known', keypoints: at(50)};
          const people = [{keypoints: at(200)}, known, {keypoints: at(0)}];
          return rig.identified(people).map(({id}) => id);
        })()"""
    )
    assert ids == ['place-1', 'known', 'place-0']


def test_smoothing(page: Any) -> None:
    """Trembling shrinks to a third, and a hand that moves lags by less than 30 ms."""
    result = page.evaluate(
        """(() => {
          // A generator with a seed: the test gives the same numbers each time.
          let state = 1;
          const uniform = () => (state = (1103515245 * state + 12345) % 2147483648) / 2147483648;
          const noise = () =>
            Math.sqrt(-2 * Math.log(uniform() + 1e-9)) * Math.cos(2 * Math.PI * uniform());
          const torso = 100;
          const run = (path, sigma) => {
            const filter = new rig.OneEuro();
            const out = [];
            for (let i = 0; i < 300; i += 1) {
              const value = {x: path(i / 30) + sigma * noise(), y: sigma * noise()};
              const {x} = filter.filter(value, i ? 1 / 30 : 0, 0.5, torso);
              out.push({time: i / 30, raw: value.x, x});
            }
            return out.slice(30);
          };
          const rms = (values) => Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length);
          const still = run(() => 0, 1.5);
          // A hand that waves once a second, over three lengths of the torso.
          const wave = (t) => 150 * Math.sin(2 * Math.PI * t);
          const waving = run(wave, 1.5);
          let lag = 0;
          let best = Infinity;
          for (let ms = 0; ms <= 200; ms += 2) {
            const error = rms(waving.map(({time, x}) => x - wave(time - ms / 1000)));
            if (error < best) [best, lag] = [error, ms];
          }
          // A slow hand: a torso a second, to and fro.
          const slow = (t) => 25 * Math.sin(Math.PI * t);
          const slowly = run(slow, 0);
          return {before: rms(still.map((p) => p.raw)), after: rms(still.map((p) => p.x)), lag,
            off: rms(slowly.map(({time, x}) => x - slow(time)))};
        })()"""
    )
    assert result['after'] < result['before'] / 3
    assert result['lag'] <= 30
    assert result['off'] < 6


def test_no_smoothing(page: Any) -> None:
    """At smoothness 0 points pass as they are."""
    value = page.evaluate(
        """(() => {
          const filter = new rig.OneEuro();
          filter.filter({x: 0, y: 0}, 0, 0, 100);
          return filter.filter({x: 7, y: 3}, 1 / 30, 0, 100);
        })()"""
    )
    assert value == {'x': 7, 'y': 3}


def test_drawn_only_while_something_changes(page: Any) -> None:
    """A stage on which nothing moves costs nothing."""
    counts = page.evaluate(
        """(async () => {
          const stage = new rig.Stage(document.getElementById('canvas'));
          const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
          stage.setFigures(models);
          stage.setImage(null, 640, 480);
          stage.setPeople([{id: 'a', keypoints: standing()}], 0);
          await wait(700);
          const settled = stage.frames;
          await wait(400);
          const still = stage.frames - settled;
          stage.setOptions({skeleton: true, keypoints: true, curves: true});
          await wait(200);
          const changed = stage.frames - settled - still;
          stage.setPeople([], 100);
          await wait(800);
          const left = stage.cast.people.size;
          stage.dispose();
          return [settled, still, changed, left];
        })()"""
    )
    settled, still, changed, left = counts
    assert settled > 1
    assert still == 0
    assert 1 <= changed <= 2
    assert left == 0


def test_three_figures_cost_little(page: Any) -> None:
    """Three figures that move take less than a third of the time of a picture at 30 Hz."""
    cost = page.evaluate(
        """(async () => {
          const canvas = document.getElementById('canvas');
          const stage = new rig.Stage(canvas);
          stage.setFigures(models);
          stage.setImage(null, 640, 480);
          const start = performance.now();
          for (let i = 0; i < 60; i += 1) {
            const people = [0, 1, 2].map((k) => ({id: `person${k}`, keypoints: standing().map(
              ([x, y, s], j) => [x - 200 + 200 * k + 10 * Math.sin(i / 5 + j), y, s])}));
            stage.setPeople(people, 33 * i);
            stage.cast.fade(33);
            stage.draw();
          }
          // Reading a pixel waits until everything is drawn.
          stage.context.getImageData(0, 0, 1, 1);
          const cost = (performance.now() - start) / 60;
          stage.dispose();
          return cost;
        })()"""
    )
    assert cost < 33


def test_keypoints_file(page: Any) -> None:
    """What is saved can be read again; other files are refused with a sentence."""
    result = page.evaluate(
        """(async () => {
          const log = new rig.KeypointLog(640, 480);
          log.add([{id: 'a', score: 0.51234, keypoints: standing()}], 1000);
          log.add([], 1033.33333);
          const text = await log.blob().text();
          const good = JSON.parse(text);
          const frames = (change) => JSON.stringify({...good, frames: change});
          const bad = ['{', '{}', '[]', JSON.stringify({...good, version: 2}),
            JSON.stringify({...good, width: -1}), frames([]), frames([{people: []}]),
            frames([{time_ms: 1, people: [{keypoints: [[1, 2, 3]]}]}]),
            frames([{time_ms: 1, people: []}, {time_ms: 0, people: []}]),
            frames([{time_ms: 1, people: [{keypoints: Array(17).fill([1, 2, null])}]}])];
          return {good, read: rig.readKeypoints(text), errors: bad.map((each) => {
            try { rig.readKeypoints(each); return ''; } catch (error) { return error.message; }
          })};
        })()"""
    )
    assert result['good']['format'] == 'nn_perception keypoints'
    assert [frame['time_ms'] for frame in result['read']['frames']] == [0, 33.333]
    assert result['read']['frames'][0]['people'][0]['score'] == 0.512
    assert len(result['good']['joints']) == 17
    assert all(error.endswith('.') for error in result['errors'])


def test_recording(page: Any) -> None:
    """A recording is a WebM file and the keypoints of its time."""
    result = page.evaluate(
        """(async () => {
          const stage = new rig.Stage(document.getElementById('canvas'));
          stage.setFigures(models);
          stage.setImage(null, 640, 480);
          const problem = stage.startRecording();
          for (let i = 0; i < 20; i += 1) {
            const keypoints = standing({leftWrist: [360, 205 - 5 * i, 0.9]});
            stage.setPeople([{id: 'a', keypoints}], 40 * i);
            await new Promise((resolve) => setTimeout(resolve, 40));
          }
          const {video, keypoints} = await stage.stopRecording();
          stage.dispose();
          const bytes = new Uint8Array(await video.slice(0, 4).arrayBuffer());
          return {problem, head: [...bytes], size: video.size,
            frames: JSON.parse(await keypoints.text()).frames.length};
        })()"""
    )
    assert result['problem'] == ''
    assert result['head'] == [0x1A, 0x45, 0xDF, 0xA3]
    assert result['size'] > 2000
    assert result['frames'] == 20


def test_picture_of_the_joints(page: Any) -> None:
    """The picture of the guide: a figure as it is drawn, with the names of its joints."""
    picture = page.evaluate(
        """(() => {
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [800, 900];
          const context = canvas.getContext('2d');
          context.fillStyle = '#ffffff';
          context.fillRect(0, 0, 800, 900);
          context.translate(0, -60);
          rig.paintPerson(context, rig.personAtRest(models[1]));
          context.globalAlpha = 1;
          context.font = '15px sans-serif';
          for (const [name, [x, y]] of Object.entries(models[1].joints)) {
            const left = name.startsWith('left');
            const end = name === 'nose' ? 130 : left ? 700 : 100;
            const level = y - (name.endsWith('Eye') ? 16 : 0);
            context.textAlign = left ? 'left' : 'right';
            context.strokeStyle = '#343a40';
            context.lineWidth = 1;
            context.beginPath();
            context.moveTo(x, y);
            context.lineTo(end + (left ? -6 : 6), level);
            context.stroke();
            context.fillStyle = left ? '#e8590c' : name === 'nose' ? '#343a40' : '#1098ad';
            context.beginPath();
            context.arc(x, y, 5, 0, 2 * Math.PI);
            context.fill();
            context.fillStyle = '#212529';
            context.fillText(name, end, level + 5);
          }
          return canvas.toDataURL('image/png').split(',')[1];
        })()"""
    )
    data = base64.b64decode(picture)
    assert len(data) > 20_000
    if PICTURES:
        (Path(PICTURES) / 'character_joints.png').write_bytes(data)


def test_curves_of_what_is_shown(page: Any) -> None:
    """The view of the curves leaves out what is hidden: the back, and legs that are not seen."""
    drawn = page.evaluate(
        """(() => {
          const counted = (keypoints) => {
            let count = 0;
            const context = new Proxy({}, {
              get: (_, name) => () => { if (name === 'fillRect') count += 1; }, set: () => true,
            });
            rig.paintCurves(context, personOf(models[0], keypoints), 1);
            return count;
          };
          const lost = Object.fromEntries(['leftKnee', 'rightKnee', 'leftAnkle', 'rightAnkle']
            .map((name) => [name, null]));
          const anchors = rig.bind(models[0]).shapes.flatMap(({outlines}) => outlines)
            .reduce((sum, {curves}) => sum + curves, 0);
          return [anchors, counted(standing()), counted(standing(lost))];
        })()"""
    )
    every, standing, without_legs = drawn
    assert every > standing > without_legs > 0
