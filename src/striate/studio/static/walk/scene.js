// A picture of our own, for those who have none at hand: a house by the sea at evening.
import { element } from "../striate.js";

/** The picture as a PNG. */
export function scene() {
  const side = 288;
  const canvas = element("canvas", { width: side, height: side });
  const context = canvas.getContext("2d");
  const shade = (from, to, ...colours) => {
    const made = context.createLinearGradient(0, from, 0, to);
    colours.forEach((colour, place) => made.addColorStop(place / (colours.length - 1), colour));
    return made;
  };
  const shape = (colour, ...points) => {
    context.fillStyle = colour;
    context.beginPath();
    points.forEach(([x, y], place) => context[place ? "lineTo" : "moveTo"](x, y));
    context.fill();
  };
  context.fillStyle = shade(0, 170, "#27446e", "#7f8fb4", "#f2b98a");
  context.fillRect(0, 0, side, 170);
  context.fillStyle = "#ffe3a8";
  context.beginPath();
  context.arc(214, 128, 24, 0, 7);
  context.fill();
  context.fillStyle = shade(170, side, "#e0a37c", "#35577f", "#1c3350");
  context.fillRect(0, 170, side, side - 170);
  for (let row = 0; row < 13; row++) {
    context.fillStyle = "rgb(255 227 168 / 0.5)";
    context.fillRect(214 - 22 - 3 * (row % 4) + row, 176 + row * 8, 44 - row * 2 + 6 * (row % 3), 2.5);
  }
  shape("#2d4a3a", [0, 160], [60, 118], [118, 140], [160, 178], [130, 230], [0, 262]);
  shape("#3b6046", [0, 200], [90, 182], [150, 206], [112, side], [0, side]);
  shape("#e9ded0", [38, 150], [98, 150], [98, 206], [38, 206]);
  shape("#a5452f", [30, 152], [68, 116], [106, 152]);
  shape("#5a3a26", [60, 176], [76, 176], [76, 206], [60, 206]);
  shape("#f7d774", [44, 160], [56, 160], [56, 172], [44, 172]);
  shape("#f7d774", [80, 160], [92, 160], [92, 172], [80, 172]);
  for (let post = 0; post < 9; post++) shape("#cbb89c", [104 + post * 9, 196 + post], [108 + post * 9, 196 + post], [108 + post * 9, 216 + post], [104 + post * 9, 216 + post]);
  shape("#f4efe6", [196, 190], [196, 226], [168, 226]);
  shape("#c94f3d", [201, 182], [201, 226], [232, 226]);
  shape("#3a2a22", [160, 230], [240, 230], [228, 244], [172, 244]);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
