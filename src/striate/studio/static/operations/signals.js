// Two signals slide over each other: the area of their product is the value of the convolution there.
import { element, number, slider, text } from "../striate.js";
import { overlap, products, sampled, SHAPES } from "./arithmetic.js";

const WIDTH = 720, HEIGHT = 170, REACH = 2.2;
const STILL = [1, 3, 2, 0, 1], MOVING = [2, 1, 0];

export default function build(station) {
  const state = { still: "box", moving: "ramp", shift: -0.4, flip: true, drawn: null };
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${2 * HEIGHT + 40}`, class: "signals", role: "img", "aria-label": text("operations.signals_picture") });
  const words = element("p", { class: "formula", "aria-live": "off" });
  const bars = element("div", { class: "bars" });
  const shift = slider({ label: text("operations.shift"), min: -2, max: 2, step: 0.01, value: state.shift, show: (value) => value.toFixed(2).replace("-", "−"), oninput: (value) => { state.shift = value; show(); } });
  const play = element("button", { type: "button", text: text("operations.play"), onclick: () => (timer ? stop() : start()) });
  let timer = 0;
  const start = () => { play.textContent = text("operations.pause"); step(); };
  const stop = () => { cancelAnimationFrame(timer); clearTimeout(timer); timer = 0; play.textContent = text("operations.play"); };
  // Who wishes for less motion sees it in few steps.
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const step = () => {
    state.shift = state.shift >= 2 ? -2 : state.shift + (calm ? 0.25 : 0.015);
    shift.set(state.shift);
    show();
    timer = calm ? setTimeout(step, 900) : requestAnimationFrame(step);
  };

  const samples = (which) => (state[which] === "drawn" ? state.drawn : sampled(state[which]));
  const x = (t) => WIDTH / 2 + (t / REACH) * (WIDTH / 2 - 10);
  const y = (value, base) => base - value * (HEIGHT - 46);

  function curve(samplesOf, base, kind) {
    const points = [];
    for (let i = 0; i <= 440; i++) { const t = -REACH + (2 * REACH * i) / 440; points.push(`${x(t).toFixed(1)},${y(samplesOf(t), base).toFixed(1)}`); }
    return element("polyline", { class: kind, points: points.join(" ") });
  }

  function show() {
    const still = samples("still"), moving = samples("moving");
    const read = (list, t) => (t < -1 || t > 1 ? 0 : list[Math.round(((t + 1) / 2) * (list.length - 1))]);
    const { product, area } = overlap(still, moving, state.shift, state.flip);
    const base = HEIGHT - 12, lower = 2 * HEIGHT + 14;
    const areaPoints = [`${x(-1)},${base}`];
    for (let i = 0; i <= 300; i++) { const t = -1 + (2 * i) / 300; areaPoints.push(`${x(t).toFixed(1)},${y(product(t), base).toFixed(1)}`); }
    areaPoints.push(`${x(1)},${base}`);
    const trace = [];
    for (let i = 0; i <= 160; i++) { const at = -2 + (4 * i) / 160; trace.push([at, overlap(still, moving, at, state.flip).area]); }
    const most = Math.max(0.1, ...trace.map(([, value]) => value));
    const scaled = (value) => lower - (value / most) * (HEIGHT - 60);
    svg.replaceChildren(
      element("line", { class: "axis", x1: 0, x2: WIDTH, y1: base, y2: base }),
      element("polygon", { class: "product", points: areaPoints.join(" ") }),
      curve((t) => read(still, t), base, "still"),
      curve((t) => read(moving, state.flip ? state.shift - t : t - state.shift), base, "moving"),
      element("text", { x: 6, y: 18, text: text("operations.product_area") }),
      element("line", { class: "axis", x1: 0, x2: WIDTH, y1: lower, y2: lower }),
      element("polyline", { class: "trace faint", points: trace.map(([at, value]) => `${x(at)},${scaled(value)}`).join(" ") }),
      element("polyline", { class: "trace", points: trace.filter(([at]) => at <= state.shift + 1e-9).map(([at, value]) => `${x(at)},${scaled(value)}`).join(" ") }),
      element("line", { class: "at", x1: x(state.shift), x2: x(state.shift), y1: lower, y2: scaled(area) }),
      element("circle", { class: "dot", cx: x(state.shift), cy: scaled(area), r: 6 }),
      element("text", { x: 6, y: HEIGHT + 36, text: text(state.flip ? "operations.convolution" : "operations.correlation") }),
    );
    words.textContent = text(state.flip ? "operations.area_convolution" : "operations.area_correlation", { shift: number(state.shift, 3), area: number(area, 3) });
    const symmetric = moving.every((value, i) => Math.abs(value - moving[moving.length - 1 - i]) < 1e-9);
    hint.textContent = text(symmetric ? "operations.flip_same" : "operations.flip_differs");
    svg.dataset.area = String(area);
  }

  let moves;
  const choose = (which) => {
    const select = element("select", { onchange: (event) => { state[which] = event.target.value; show(); } },
      ...[...Object.keys(SHAPES), ...(which === "moving" ? ["drawn"] : [])].map((name) => element("option", { value: name, text: text(`operations.shape_${name}`), selected: state[which] === name })));
    if (which === "moving") moves = select;
    return element("label", {}, text(`operations.signal_${which}`), " ", select);
  };
  const flip = element("input", { type: "checkbox", checked: true, onchange: () => { state.flip = flip.checked; show(); showBars(); } });
  const hint = element("p", { class: "note" });

  // A signal drawn by hand takes the place of the one that slides.
  const pad = element("canvas", { width: 201, height: 80, class: "pad", tabindex: "0", "aria-label": text("operations.draw_signal") });
  state.drawn = sampled("triangle");
  const sharp = Math.min(3, devicePixelRatio || 1);
  pad.width = Math.round(201 * sharp); pad.height = Math.round(80 * sharp);
  const paint = () => {
    const context = pad.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, 201, 80);
    context.fillStyle = getComputedStyle(pad).color;
    state.drawn.forEach((value, i) => context.fillRect(i, 78 - 74 * value, 1, 74 * value + 2));
  };
  let last = null;
  const drawAt = (event) => {
    const box = pad.getBoundingClientRect();
    const i = Math.max(0, Math.min(200, Math.round(((event.clientX - box.left) / box.width) * 200)));
    const value = Math.max(0, Math.min(1, 1 - (event.clientY - box.top) / box.height));
    const from = last ?? i;
    for (let at = Math.min(from, i); at <= Math.max(from, i); at++) state.drawn[at] = value;
    last = i;
    take();
  };
  const take = () => { state.moving = moves.value = "drawn"; paint(); show(); };
  pad.addEventListener("pointerdown", (event) => { pad.setPointerCapture(event.pointerId); last = null; drawAt(event); });
  pad.addEventListener("pointermove", (event) => { if (pad.hasPointerCapture(event.pointerId)) drawAt(event); });
  // By the keyboard: left and right move the pen over eleven places, up and down raise or lower the signal around it.
  let pen = 100;
  pad.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    pen = Math.max(0, Math.min(200, pen + step[0]));
    if (step[1]) for (let i = Math.max(0, pen - 19); i <= Math.min(200, pen + 19); i++) state.drawn[i] = Math.max(0, Math.min(1, state.drawn[i] + step[1] * (1 - Math.abs(i - pen) / 20)));
    take();
  });
  addEventListener("themechange", paint);

  let at = 0;
  const whole = slider({ label: text("operations.shift"), min: -2, max: 6, step: 1, value: 0, show: String, oninput: (value) => { at = value; showBars(); } });
  const sum = element("p", { class: "formula" });
  function showBars() {
    const { terms, sum: total } = products(STILL, MOVING, at, flip.checked);
    bars.replaceChildren(...terms.map(({ value, other, inside }) => element("div", { class: inside ? "term inside" : "term" },
      element("span", { class: "value", text: value }), element("span", { class: "times", text: "×" }), element("span", { class: "other", text: inside ? other : "·" }), element("b", { text: value * other }))));
    const inside = terms.filter((term) => term.inside);
    sum.textContent = `${inside.map(({ value, other }) => `${value}·${other}`).join(" + ") || "0"} = ${total}`;
    sum.dataset.sum = String(total);
  }

  station.append(
    element("div", { class: "controls" }, choose("still"), choose("moving"), element("label", {}, flip, " ", text("operations.flip")), play),
    svg, shift, words, hint,
    element("div", { class: "hand" }, element("p", { class: "note", text: text("operations.draw_signal") }), pad),
    element("h3", { text: text("operations.discrete") }), element("p", { class: "note", text: text("operations.discrete_note", { still: STILL.join(" "), moving: MOVING.join(" ") }) }),
    bars, whole, sum);
  paint(); show(); showBars();
}
