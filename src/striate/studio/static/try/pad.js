// A field to draw on; what is drawn looks like the pictures that the network learnt from: as large, as bright, its centre of mass in the middle.

const SIDE = 280, PEN = 22, FRESH = "#000", INK = "#fff";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} changed when a stroke has grown
 */
export function makePad(canvas, changed) {
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  /** @type {[number, number] | null} */
  let last = null;
  let marks = false;
  const clear = () => { pen.fillStyle = FRESH; pen.fillRect(0, 0, SIDE, SIDE); marks = false; };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height]);
  };
  const line = (from, to) => {
    Object.assign(pen, { strokeStyle: INK, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(to[0] + 0.01, to[1]);
    pen.stroke();
    marks = true;
    changed();
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = place(event); line(last, last); event.preventDefault(); });
  canvas.addEventListener("pointermove", (event) => { if (last) { const to = place(event); line(last, to); last = to; } });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  clear();

  return {
    clear,
    get empty() { return !marks; },
    /**
     * What is drawn, as a PNG.
     * @param {{ share: number, dark: boolean }} like how the network's own pictures are
     */
    async picture({ share, dark }) {
      const { data } = pen.getImageData(0, 0, SIDE, SIDE);
      let left = SIDE, right = 0, top = SIDE, bottom = 0, mass = 0, across = 0, down = 0;
      for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) {
        const ink = data[4 * (y * SIDE + x)];
        if (ink < 40) continue;
        left = Math.min(left, x); right = Math.max(right, x + 1); top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
        mass += ink; across += ink * (x + 0.5); down += ink * (y + 0.5);
      }
      const made = new OffscreenCanvas(SIDE, SIDE);
      const to = made.getContext("2d");
      to.fillStyle = FRESH;
      to.fillRect(0, 0, SIDE, SIDE);
      const factor = (share * SIDE) / Math.max(right - left, bottom - top, 1);
      const within = (middle, low, high) => Math.min(Math.max(SIDE / 2 - factor * middle, -factor * low), SIDE - factor * high);
      to.drawImage(canvas, 0, 0, SIDE, SIDE, within(across / mass, left, right), within(down / mass, top, bottom), factor * SIDE, factor * SIDE);
      if (!dark) { to.globalCompositeOperation = "difference"; to.fillStyle = "#fff"; to.fillRect(0, 0, SIDE, SIDE); }
      return made.convertToBlob({ type: "image/png" });
    },
  };
}
