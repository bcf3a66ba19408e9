// Numbers as they come from the studio, and as they are painted: blue above zero, orange below, paper at zero.
import { channels } from "../striate.js";

/** Bytes that came in base64. */
export const pixels = (/** @type {string} */ packed) => Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));

/** Numbers that came in base64: float32, little-endian. */
export const floats = (/** @type {string} */ packed) => new Float32Array(pixels(packed).buffer);

/** Signed bytes that came in base64, as shares of 1. */
export const shares = (/** @type {string} */ packed) => Float32Array.from(new Int8Array(pixels(packed).buffer), (value) => value / 127);

/** @type {{ paper: number[], ink: number[], blue: number[], orange: number[] } | null} */
let known = null;
/** @type {Set<() => void>} */
const listeners = new Set();

/** The colours of the style sheet as they are now. */
export function palette() {
  known ??= { paper: channels("--paper"), ink: channels("--ink"), blue: channels("--blue"), orange: channels("--orange") };
  return known;
}

/** Calls a function whenever light becomes dark or dark becomes light; answers what ends that. */
export function whenThemeChanges(/** @type {() => void} */ paint) {
  listeners.add(paint);
  return () => listeners.delete(paint);
}

function changed() {
  known = null;
  for (const paint of listeners) paint();
}
new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);

const mixed = (from, to, share) => from.map((value, place) => Math.round(value + share * (to[place] - value)));

/** The colour of a number, where `reach` is the strongest. */
export function colourOf(value, reach) {
  const { paper, blue, orange } = palette();
  return mixed(paper, value >= 0 ? blue : orange, Math.min(1, Math.abs(value) / (reach || 1)));
}

/** A colour for the style of an element. */
export const css = (/** @type {number[]} */ rgb) => `rgb(${rgb.join(" ")})`;

/** The colour of writing on a number's colour. */
export const writingOn = (value, reach) => css(Math.abs(value) / (reach || 1) > 0.55 ? palette().paper : palette().ink);

/** The largest of absolute values, padding left out. */
export function reachOf(/** @type {Iterable<number | null>} */ values) {
  let reach = 0;
  for (const value of values) if (value !== null && Math.abs(value) > reach) reach = Math.abs(value);
  return reach;
}

/**
 * Paints numbers as pixels of a canvas, one each.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} numbers
 * @param {number} width
 * @param {number} height
 * @param {{ offset?: number, reach?: number, ink?: [number, number] }} [how] `ink`: from paper to ink between these two values
 */
export function paint(canvas, numbers, width, height, { offset = 0, reach = 1, ink } = {}) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const { paper, ink: black, blue, orange } = palette();
  for (let place = 0; place < width * height; place++) {
    const value = numbers[offset + place];
    const share = ink ? (value - ink[0]) / (ink[1] - ink[0]) : Math.abs(value) / (reach || 1);
    const to = ink ? black : value >= 0 ? blue : orange;
    const part = Math.max(0, Math.min(1, share));
    for (let c = 0; c < 3; c++) image.data[4 * place + c] = paper[c] + part * (to[c] - paper[c]);
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Paints a picture (height, width, 1 or 3 channels); a grey one, bright ink on dark, as ink on paper. */
export function paintPicture(canvas, content, [depth, height, width]) {
  if (depth === 1) return paint(canvas, content, width, height, { ink: [0, 255] });
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let place = 0; place < width * height; place++) {
    for (let c = 0; c < 3; c++) image.data[4 * place + c] = content[3 * place + c];
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A number in so few signs as a cell holds that is `wide` pixels wide. */
export function brief(value, wide = 40) {
  if (value === null) return "0";
  const size = Math.abs(value), narrow = wide < 40;
  const places = size >= 100 ? 0 : size >= 10 ? (narrow ? 0 : 1) : size >= 1 && narrow ? 1 : 2;
  const written = value.toFixed(places);
  return (Number(written) === 0 ? "0" : written.replace(/^(-?)0\./, "$1.")).replace("-", "−");
}

/** A difference that may be very small. */
export const tiny = (value) => (value === 0 ? "0" : Math.abs(value).toExponential(1).replace("-", "−"));

/** A number with all that a float32 has: eight significant digits. */
export const exact = (value) => Number(value.toPrecision(8)).toString().replace("-", "−");
