/** Draws what the networks found over a picture. */

/** Pairs of keypoints that a drawing connects, as in `capabilities/poses/skeleton.py`. */
export const LIMBS = [
  [0, 1], [0, 2], [1, 3], [2, 4],
  [5, 6], [5, 7], [7, 9], [6, 8], [8, 10],
  [5, 11], [6, 12], [11, 12],
  [11, 13], [13, 15], [12, 14], [14, 16],
];
/** Of people; a palette for colour-blind viewers (Okabe and Ito, 2008). */
export const PERSON_COLOURS = [
  "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#ffffff",
];
const DIGIT_COLOUR = "#7ee787";
const BAR_COLOUR = "#3bc9db";
const DARK = "rgba(10, 14, 18, 0.72)";
const OUTLINE = "rgba(0, 0, 0, 0.65)";
const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const MAX_TAGS = 5;
const MAX_LINES = 12;
const MIN_SCORE = 0.2;
const FAINT = 0.45;
const LABEL_BEHIND = 0.5;

/** The place of a picture on a canvas: as large as possible, in the middle. */
export function fit(pictureWidth, pictureHeight, width, height) {
  const scale = Math.min(width / pictureWidth, height / pictureHeight);
  return {
    scale,
    left: (width - pictureWidth * scale) / 2,
    top: (height - pictureHeight * scale) / 2,
    width: pictureWidth * scale,
    height: pictureHeight * scale,
  };
}

/** The colour of a person: by the id, so that it stays. */
export function personColour(id, index) {
  const number = parseInt(String(id ?? "").replace(/\D/g, "") || index, 10);
  return PERSON_COLOURS[number % PERSON_COLOURS.length];
}

/**
 * Draws results.
 *
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param {Object<string, import("./frame_sync.js").Drawn>} results by capability
 * @param {ReturnType<typeof fit>} place of the picture
 */
export function drawResults(context, results, place) {
  const draw = { poses: drawPeople, digits: drawDigits, tags: drawTags };
  for (const [capability, drawOne] of Object.entries(draw)) {
    const result = results[capability];
    if (!result) continue;
    context.save();
    context.beginPath();
    context.rect(place.left, place.top, place.width, place.height);
    context.clip();
    context.globalAlpha = 1 - FAINT * (result.dim ?? 0);
    drawOne(context, result.values, place);
    context.restore();
  }
  if (results.digits) drawLines(context, results.digits.values, place);
  drawBehind(context, results, place);
}

function drawPeople(context, { people = [] }, place) {
  const at = ([x, y]) => [place.left + x * place.scale, place.top + y * place.scale];
  [...people].reverse().forEach((person, reversed) => {
    const colour = personColour(person.id, people.length - 1 - reversed);
    const size = Math.max(person.bbox[2], person.bbox[3]) * place.scale;
    const width = Math.min(6, Math.max(2, size / 80));
    const seen = person.keypoints.map((point) => point[2] >= MIN_SCORE);
    const limbs = LIMBS.filter(([from, to]) => seen[from] && seen[to]);
    context.lineCap = "round";
    for (const [stroke, extra] of [[OUTLINE, 2.5], [colour, 0]]) {
      context.strokeStyle = context.fillStyle = stroke;
      context.lineWidth = width + extra;
      for (const [from, to] of limbs) {
        context.beginPath();
        context.moveTo(...at(person.keypoints[from]));
        context.lineTo(...at(person.keypoints[to]));
        context.stroke();
      }
      person.keypoints.forEach((point, index) => {
        if (!seen[index]) return;
        context.beginPath();
        context.arc(...at(point), width + extra / 2, 0, 2 * Math.PI);
        context.fill();
      });
    }
    if (person.id) pill(context, person.id, at(person.bbox), colour, place);
  });
}

function drawDigits(context, { digits = [] }, place) {
  for (const { digit, bbox } of digits) {
    const [left, top] = [place.left + bbox[0] * place.scale, place.top + bbox[1] * place.scale];
    const [width, height] = [bbox[2] * place.scale, bbox[3] * place.scale];
    for (const [stroke, line] of [[OUTLINE, 4], [DIGIT_COLOUR, 2]]) {
      context.strokeStyle = stroke;
      context.lineWidth = line;
      context.strokeRect(left, top, width, height);
    }
    pill(context, digit, [left, top], DIGIT_COLOUR, place);
  }
}

/** The lines of text: beside the picture if there is room. */
function drawLines(context, { lines = [] }, place) {
  const shown = lines.filter(Boolean).slice(0, MAX_LINES);
  if (!shown.length) return;
  const size = textSize(place);
  context.font = `600 ${size}px ${FONT}`;
  const height = size * 1.35;
  const width = Math.max(...shown.map((line) => context.measureText(line).width)) + size;
  const top = place.top + place.height - height * shown.length - 16;
  const left = place.left >= width + 16 ? place.left - width - 8 : place.left + 8;
  panel(context, left, top, width, height * shown.length + 8);
  context.fillStyle = DIGIT_COLOUR;
  context.textBaseline = "middle";
  shown.forEach((line, index) =>
    context.fillText(line, left + size / 2, top + 4 + height * (index + 0.5)),
  );
}

function drawTags(context, { tags = [] }, place) {
  const shown = tags.slice(0, MAX_TAGS);
  if (!shown.length) return;
  const size = textSize(place);
  const height = size * 1.5;
  const width = Math.min(place.width - 16, size * 17);
  const [left, top] = [place.left + 8, place.top + 8];
  panel(context, left, top, width, height * shown.length + 8);
  context.font = `500 ${size}px ${FONT}`;
  context.textBaseline = "middle";
  const percentWidth = size * 3.4;
  shown.forEach(({ label, score }, index) => {
    const y = top + 4 + height * (index + 0.5);
    context.fillStyle = "rgba(59, 201, 219, 0.38)";
    context.fillRect(left + 4, y - height / 2 + 1, (width - 8) * Math.min(1, score), height - 2);
    context.fillStyle = BAR_COLOUR;
    context.fillRect(left + 4, y + height / 2 - 3, (width - 8) * Math.min(1, score), 2);
    context.fillStyle = "#ffffff";
    context.textAlign = "left";
    context.fillText(shorten(context, label, width - percentWidth - 16), left + 10, y);
    context.textAlign = "right";
    context.fillText(percent(score), left + width - 10, y);
  });
  context.textAlign = "left";
}

function drawBehind(context, results, place) {
  const behind = Object.values(results)
    .filter((result) => !result.own && result.dim > LABEL_BEHIND)
    .map((result) => `${result.capability} ${Math.round(result.behindMs)} ms behind`);
  if (!behind.length) return;
  const size = textSize(place) * 0.9;
  context.font = `500 ${size}px ${FONT}`;
  const text = behind.join(", ");
  const width = context.measureText(text).width + size;
  const [left, top] = [place.left + place.width - width - 8, place.top + place.height - 8 - 1.6 * size];
  panel(context, left, top, width, 1.6 * size);
  context.fillStyle = "#ffe066";
  context.textBaseline = "middle";
  context.fillText(text, left + size / 2, top + 0.8 * size);
}

/** A word above a place. */
function pill(context, text, [x, y], colour, place) {
  const size = textSize(place) * 0.9;
  context.font = `600 ${size}px ${FONT}`;
  const width = context.measureText(text).width + size * 0.7;
  const left = Math.min(Math.max(x, place.left), place.left + place.width - width);
  const top = Math.max(y - size * 1.35, place.top);
  panel(context, left, top, width, size * 1.3);
  context.fillStyle = colour;
  context.textBaseline = "middle";
  context.fillText(text, left + size * 0.35, top + size * 0.68);
}

function panel(context, left, top, width, height) {
  context.fillStyle = DARK;
  context.beginPath();
  context.roundRect(left, top, width, height, 5);
  context.fill();
}

function textSize(place) {
  return Math.min(18, Math.max(11, place.width / 40));
}

function shorten(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}

function percent(score) {
  return `${Math.round(100 * score)} %`;
}

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six"];

/**
 * Says what was found, for those who do not see it.
 *
 * @param {Object<string, import("./frame_sync.js").Drawn>} results by capability
 */
export function describe(results) {
  const parts = [];
  const [best] = results.tags?.values.tags ?? [];
  if (best) parts.push(`${best.label} ${percent(best.score)}`);
  if (results.digits) {
    const lines = (results.digits.values.lines ?? []).filter(Boolean).slice(0, MAX_LINES);
    const spelled = lines.map((line) => [...line].join(" ")).join(", ");
    parts.push(lines.length ? `digits ${spelled}` : "no digits");
  }
  if (results.poses) {
    const count = results.poses.values.people?.length ?? 0;
    parts.push(`${NUMBERS[count] ?? count} ${count === 1 ? "person" : "people"}`);
  }
  return parts.join("; ");
}
