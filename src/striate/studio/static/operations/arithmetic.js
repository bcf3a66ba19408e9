// The arithmetic of the stations, without a page: what the tests compare with torch.

/** @typedef {number[][]} Grid rows of numbers */

/** A grid of one value. @returns {Grid} */
export const filled = (height, width, value = 0) => Array.from({ length: height }, () => new Array(width).fill(value));

/** Turned by 180 degrees: what convolution does to its kernel first. @param {Grid} kernel @returns {Grid} */
export const flipped = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

/**
 * Places of a window along an axis: floor((n + 2p - d(k - 1) - 1) / s) + 1, none where it does not fit.
 * @returns {{ count: number, span: number, left: number }} places, pixels that the window spans, and pixels at the end in no window
 */
export function places(size, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) {
  const span = dilation * (kernel - 1) + 1;
  const room = size + 2 * padding - span;
  return room < 0 ? { count: 0, span, left: 0 } : { count: Math.floor(room / stride) + 1, span, left: room % stride };
}

/**
 * Cross-correlation of a grid with a kernel: the kernel as it lies there, zeros around.
 * @param {Grid} grid @param {Grid} kernel @returns {Grid}
 */
export function correlate(grid, kernel, { stride = 1, padding = 0, dilation = 1, bias = 0 } = {}) {
  const rows = places(grid.length, kernel.length, { stride, padding, dilation }).count;
  const columns = places(grid[0].length, kernel[0].length, { stride, padding, dilation }).count;
  const made = filled(rows, columns);
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
    let sum = bias;
    for (let i = 0; i < kernel.length; i++) for (let j = 0; j < kernel[0].length; j++) {
      const value = grid[y * stride - padding + i * dilation]?.[x * stride - padding + j * dilation];
      if (value !== undefined) sum += value * kernel[i][j];
    }
    made[y][x] = sum;
  }
  return made;
}

/** Four ways to make one number of a window. */
export const POOLS = {
  max: (values) => Math.max(...values),
  average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => Math.min(...values),
  l2: (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)),
};

/** Windows of `size` pixels, each made one number. @param {Grid} grid @param {keyof typeof POOLS} kind @returns {Grid} */
export function pool(grid, kind, size, stride = size) {
  const rows = places(grid.length, size, { stride }).count, columns = places(grid[0].length, size, { stride }).count;
  const made = filled(rows, columns);
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
    const values = [];
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) values.push(grid[y * stride + i][x * stride + j]);
    made[y][x] = POOLS[kind](values);
  }
  return made;
}

/**
 * Side of the receptive field and jump behind each layer: r += (k - 1) d j, j *= s.
 * @param {{ kernel: number, stride: number, dilation?: number }[]} layers
 */
export function fields(layers) {
  let size = 1, jump = 1;
  return layers.map(({ kernel, stride, dilation = 1 }) => {
    size += (kernel - 1) * dilation * jump;
    jump *= stride;
    return { size, jump };
  });
}

/** Parameters and multiply-adds of a convolution whose answer has `height` x `width` places. */
export function convolutionCost({ kernel, inputs, outputs, height, width, groups = 1, bias = true }) {
  const weights = (kernel * kernel * inputs * outputs) / groups;
  return { parameters: weights + (bias ? outputs : 0), macs: weights * height * width };
}

/** Parameters and multiply-adds of a dense layer. */
export const denseCost = (inputs, outputs) => ({ parameters: inputs * outputs + outputs, macs: inputs * outputs });

/** The value of a signal's shape at t: each lies in -1..1 and is at most 1 high. */
export const SHAPES = {
  box: (t) => (Math.abs(t) <= 0.5 ? 1 : 0),
  triangle: (t) => Math.max(0, 1 - Math.abs(t)),
  ramp: (t) => (t >= -0.5 && t <= 0.5 ? t + 0.5 : 0),
  gauss: (t) => Math.exp(-8 * t * t),
};

/** Samples of a shape from -1 to 1. */
export const sampled = (shape, count = 201) => Array.from({ length: count }, (_, i) => SHAPES[shape](-1 + (2 * i) / (count - 1)));

/**
 * The product of a signal that stays and one that lies at `shift`, and its area; both have samples from -1 to 1.
 * @param {number[]} still @param {number[]} moving
 * @returns {{ product: (t: number) => number, area: number }}
 */
export function overlap(still, moving, shift, flip) {
  const read = (samples, t) => {
    const at = ((t + 1) / 2) * (samples.length - 1);
    if (at < -1e-9 || at > samples.length - 1 + 1e-9) return 0;
    const low = Math.max(0, Math.min(samples.length - 1, Math.floor(at))), high = Math.min(samples.length - 1, low + 1);
    return samples[low] + (at - low) * (samples[high] - samples[low]);
  };
  const product = (t) => read(still, t) * read(moving, flip ? shift - t : t - shift);
  const steps = 800;
  let area = 0;
  for (let i = 0; i < steps; i++) area += product(-1 + (2 * (i + 0.5)) / steps) * (2 / steps);
  return { product, area };
}

/** Discrete signals: the products at a shift, one a sample of the one that stays, and their sum. */
export function products(still, moving, shift, flip) {
  const terms = still.map((value, i) => {
    const at = flip ? shift - i : i - shift;
    return { i, value, other: moving[at] ?? 0, inside: at >= 0 && at < moving.length };
  });
  return { terms, sum: terms.reduce((sum, { value, other }) => sum + value * other, 0) };
}
