// Pictures to work on: some that are drawn here, digits that the studio sends, and the user's own. All are grids of 0..255.
import { ask, element, text } from "../striate.js";
import { filled } from "./arithmetic.js";

const SIDE = 64;

function painted(paint) {
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#1a1a1a";
  pen.fillRect(0, 0, SIDE, SIDE);
  paint(pen);
  return greys(pen, SIDE, SIDE);
}

function greys(pen, width, height) {
  const { data } = pen.getImageData(0, 0, width, height);
  const grid = filled(height, width);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = 4 * (y * width + x);
    grid[y][x] = Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
  }
  return grid;
}

const DRAWN = {
  house: (pen) => {
    pen.fillStyle = "#8a8a8a"; pen.fillRect(0, 46, 64, 18);
    pen.fillStyle = "#e6e6e6"; pen.fillRect(16, 28, 32, 26);
    pen.fillStyle = "#b0b0b0"; pen.beginPath(); pen.moveTo(12, 28); pen.lineTo(32, 10); pen.lineTo(52, 28); pen.fill();
    pen.fillStyle = "#333"; pen.fillRect(28, 38, 9, 16); pen.fillRect(20, 33, 6, 6); pen.fillRect(40, 33, 6, 6);
    pen.fillStyle = "#fff"; pen.beginPath(); pen.arc(55, 9, 5, 0, 7); pen.fill();
  },
  stripes: (pen) => {
    pen.fillStyle = "#eee";
    for (let x = 4; x < 32; x += 8) pen.fillRect(x, 4, 4, 26);
    for (let y = 4; y < 30; y += 8) pen.fillRect(36, y, 24, 4);
    pen.lineWidth = 4; pen.strokeStyle = "#eee";
    for (let x = -20; x < 40; x += 10) { pen.beginPath(); pen.moveTo(x, 62); pen.lineTo(x + 28, 34); pen.stroke(); }
    pen.fillStyle = "#1a1a1a"; pen.fillRect(32, 32, 32, 32);
    pen.fillStyle = "#eee"; pen.beginPath(); pen.arc(48, 48, 12, 0, 7); pen.fill();
  },
};

async function digit() {
  const { rows } = await ask("operations/digit");
  return rows;
}

async function ofFile(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, 96 / Math.max(picture.width, picture.height));
  const width = Math.max(7, Math.round(picture.width * scale)), height = Math.max(7, Math.round(picture.height * scale));
  const canvas = element("canvas", { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(picture, 0, 0, width, height);
  return greys(pen, width, height);
}

/**
 * Buttons that choose a picture; a file may be dropped on the station too. It begins with the house.
 * @param {HTMLElement} station
 * @param {(grid: number[][]) => void} chosen
 */
export function pictureChoice(station, chosen) {
  const own = element("input", { type: "file", accept: "image/*", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true" });
  const take = async (file) => {
    if (!file) return;
    try { chosen(await ofFile(file)); press(mine); } catch { mine.textContent = text("operations.unreadable"); }
  };
  own.addEventListener("change", () => take(own.files[0]));
  station.addEventListener("dragover", (event) => event.preventDefault());
  station.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  station.addEventListener("paste", (event) => take([...event.clipboardData.files][0]));
  const buttons = [
    ...Object.keys(DRAWN).map((name) => element("button", { type: "button", text: text(`operations.picture_${name}`), onclick: (event) => { chosen(painted(DRAWN[name])); press(event.currentTarget); } })),
    element("button", { type: "button", text: text("operations.picture_digit"), onclick: async (event) => { const at = event.currentTarget; chosen(await digit()); press(at); } }),
  ];
  const mine = element("button", { type: "button", text: text("operations.picture_own"), onclick: () => own.click() });
  buttons.push(mine);
  const press = (pressed) => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === pressed)));
  press(buttons[0]);
  chosen(painted(DRAWN.house));
  return element("div", { class: "choice", role: "group", "aria-label": text("operations.picture") }, ...buttons, own);
}
