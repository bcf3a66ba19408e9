// A pad to draw a digit on, and digits that are drawn already.
import { element, text } from "../striate.js";
import { css, palette, whenThemeChanges } from "./numbers.js";

/** A part of an ellipse as points of the square from 0 to 1; angles in turns, clockwise from the right. */
function arc(x, y, wide, high, from, to) {
  const count = Math.max(6, Math.ceil(Math.abs(to - from) * 28));
  return Array.from({ length: count + 1 }, (_, place) => {
    const turn = 2 * Math.PI * (from + ((to - from) * place) / count);
    return [x + wide * Math.cos(turn), y + high * Math.sin(turn)];
  });
}

/** The strokes of each digit, as points of the square from 0 to 1. */
const DIGITS = [
  [arc(0.5, 0.5, 0.21, 0.33, -0.25, 0.75)],
  [[[0.38, 0.3], [0.53, 0.17], [0.52, 0.83]]],
  [[...arc(0.5, 0.36, 0.2, 0.19, -0.52, 0.1), [0.3, 0.81], [0.73, 0.8]]],
  [[...arc(0.48, 0.34, 0.19, 0.17, -0.45, 0.2), [0.46, 0.49], ...arc(0.47, 0.66, 0.22, 0.18, -0.22, 0.42)]],
  [[[0.36, 0.18], [0.29, 0.53], [0.7, 0.52]], [[0.6, 0.24], [0.57, 0.84]]],
  [[[0.69, 0.18], [0.36, 0.19], [0.34, 0.46], ...arc(0.47, 0.62, 0.21, 0.2, -0.33, 0.4)]],
  [[[0.6, 0.16], [0.42, 0.36], ...arc(0.5, 0.65, 0.18, 0.18, 0.5, 1.5)]],
  [[[0.29, 0.2], [0.7, 0.19], [0.45, 0.83]]],
  [[...arc(0.5, 0.33, 0.16, 0.16, 0.25, 1.25), ...arc(0.5, 0.67, 0.19, 0.18, -0.25, 0.75)]],
  [[...arc(0.51, 0.36, 0.18, 0.18, 0, 1), [0.67, 0.55], [0.6, 0.83]]],
];
const SIDE = 280, WIDTH = 25, SENT = 112;

/**
 * The pad. `changed` is called with a picture, bright ink on dark, whenever there is a new one.
 * @param {{ changed: (picture: Blob) => void }} given
 */
export function drawingPad({ changed }) {
  const canvas = element("canvas", { class: "pad", role: "img", "aria-label": text("walk.pad") });
  /** @type {number[][][]} */
  let strokes = [];
  let drawing = false;
  let sample = true; // whoever draws next does not want to draw upon it

  function render(target, size, paper, ink) {
    const context = target.getContext("2d");
    target.width = target.height = size;
    context.fillStyle = paper;
    context.fillRect(0, 0, size, size);
    Object.assign(context, { strokeStyle: ink, lineWidth: (WIDTH * size) / SIDE, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) {
      context.beginPath();
      stroke.forEach(([x, y], place) => context[place ? "lineTo" : "moveTo"](x * size, y * size));
      if (stroke.length === 1) context.lineTo(stroke[0][0] * size + 0.1, stroke[0][1] * size);
      context.stroke();
    }
  }
  const show = () => render(canvas, SIDE, css(palette().paper), css(palette().ink));
  function send() {
    show();
    const picture = element("canvas");
    render(picture, SENT, "#000", "#fff");
    picture.toBlob((blob) => blob && changed(blob), "image/png");
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    if (sample) strokes = [];
    sample = false;
    strokes.push([place(event)]);
    send();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) strokes[strokes.length - 1].push(place(one));
    send();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { drawing = false; });
  whenThemeChanges(show);

  function take(digit) {
    strokes = DIGITS[digit];
    sample = true;
    send();
  }
  const samples = element("div", { class: "samples", role: "group", "aria-label": text("walk.samples") },
    ...DIGITS.map((_, digit) => element("button", { type: "button", text: String(digit), "aria-label": text("walk.sample", { digit }), onclick: () => take(digit) })));
  const clear = element("button", { type: "button", class: "small", text: text("walk.clear"), onclick: () => { strokes = []; sample = false; send(); } });
  show();
  return { canvas, samples, clear, take, again: send };
}
