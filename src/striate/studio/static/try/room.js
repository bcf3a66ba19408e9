// Try it: a picture, its answer under all sliders, the curves, the map, and the nearest training pictures.
import { ask, element, newest, number, percent, say, text } from "../striate.js";
import { bars, first, said } from "./bars.js";
import { makeCamera } from "./camera.js";
import { breaks, makeDials } from "./dials.js";
import { makePad } from "./pad.js";

const at = (/** @type {string} */ id) => document.getElementById(id);
const models = JSON.parse(at("models").textContent);
const known = JSON.parse(at("dials-known").textContent);

let model = models[0];
/** @type {{ picture: string, height: number, width: number } | null} */
let held = null;
/** @type {any} the answer to the picture as it came, and the newest one */
let clean = null, latest = null;
/** @type {ReturnType<typeof bars> | null} */
let table = null;
let seed = 0;
/** @type {any} the slider in hand */
let inHand = null;
/** Counts pictures: work for an older one is forgotten. */
let age = 0;

const dials = makeDials(known, { move: () => { round++; clearTimeout(rest); forgetMap(); dials.stale(inHand && dials.row(inHand.name)); move(); }, hold: (dial) => { inHand = dial; waitForCurve(); } });
const wish = (more = {}) => ({ model: model.name, picture: held.picture, values: dials.values, place: dials.place, seed, follow: table?.follow ?? [], ...more });

// The picture and its answer

const show = newest(async (/** @type {Blob} */ blob, /** @type {boolean} */ live = false) => {
  const mine = ++age;
  const found = await ask("try/pictures", { body: blob, type: "application/octet-stream" });
  if (mine !== age && !live) return;
  held = found;
  await begin(live);
});

async function begin(live) {
  forgetMap();
  if (!live) table = null;
  clean = await ask("try/answer", { json: wish({ values: {} }) });
  if (table) table.again(clean);
  else table = bars(model, clean);
  dials.begin(model, clean);
  if (Object.keys(dials.values).length) await answer();
  else put(clean);
  at("neighbours").replaceChildren();
  at("nearest-said").textContent = "";
  if (!live) { say(""); waitForCurve(); unhurried(); }
}

function put(found) {
  latest = found;
  at("shown").src = found.shown;
  table.show(found);
  const covers = Boolean(dials.values.covered);
  at("grip").hidden = !covers;
  at("caption").textContent = text(covers ? "try.caption_grip" : "try.caption", { height: model.size[0], width: model.size[1] });
}

async function answer() {
  if (!held || !clean) return;
  put(await ask("try/answer", { json: wish() }));
}
const move = newest(answer);

// Curves

let timer = 0;
function waitForCurve() {
  clearTimeout(timer);
  if (inHand && clean && !camera.on) timer = setTimeout(() => curve(inHand), 160);
}

/** Points from coarse to fine, then between the two where the answer changes, so that the place is known closely. */
async function findCurve(dial) {
  if (!held || !clean) return;
  const mine = age, row = dials.row(dial.name), asked = JSON.stringify(wish());
  const others = ({ [dial.name]: _, ...rest }) => JSON.stringify([rest, dials.place, seed]);
  const before = others(dials.values);
  const current = () => mine === age && others(dials.values) === before;
  const fine = dial.points.map((value, index) => ({ value, index }));
  const turns = [fine.filter((one) => one.index % 4 === 0 || one.value === dial.neutral), fine.filter((one) => one.index % 4 === 2 && one.value !== dial.neutral), fine.filter((one) => one.index % 2 && one.value !== dial.neutral)];
  let rows = [];
  for (const turn of turns) {
    if (!turn.length) continue;
    const found = await ask("try/curve", { json: { ...JSON.parse(asked), dial: dial.name, points: turn.map((one) => one.value), follow: [...new Set([first(clean), ...table.follow])].filter((place) => place >= 0) } });
    if (!current()) return;
    rows = [...rows, ...found.rows];
    dials.put(row, rows, false);
  }
  for (let turn = 0; turn < 3; turn++) {
    const between = breaks(row).map(([one, other]) => (dial.by_powers ? Math.sqrt(one.value * other.value) : (one.value + other.value) / 2));
    if (!between.length) break;
    const found = await ask("try/curve", { json: { ...JSON.parse(asked), dial: dial.name, points: between, follow: [first(clean)].filter((place) => place >= 0) } });
    if (!current()) return;
    rows = [...rows, ...found.rows];
    dials.put(row, rows, false);
  }
  dials.put(row, rows, true);
}
const curve = newest(async (dial) => {
  const begun = performance.now();
  await findCurve(dial);
  unhurried(performance.now() - begun);
});

let round = 0, rest = 0;
/** Once nothing has moved for a while all other curves are made anew, unless the network is slow. */
function unhurried(milliseconds = 0) {
  clearTimeout(rest);
  if (milliseconds < 2000) rest = setTimeout(() => everyCurve(), milliseconds ? 1200 : 500);
}
/** All curves, one after another, until the picture or a slider is another one; unasked only while the first answer holds: behind it none has a limit. */
const everyCurve = newest(async (asked = false) => {
  if (!asked && latest?.label !== clean?.label) return;
  const mine = ++round, picture = age;
  for (const row of dials.rows) {
    if (mine !== round || picture !== age || camera.on) return;
    if (!row.box.parentElement.hidden && (row.stale || !row.sentence.textContent)) await findCurve(row.dial);
  }
});
at("curves").addEventListener("click", () => everyCurve(true));

// The map

let mapAge = 0;
function forgetMap() {
  mapAge++;
  at("overlay").hidden = true;
  at("opacity-label").hidden = true;
  at("explain").setAttribute("aria-pressed", "false");
  at("check").textContent = "";
  at("check").className = "check";
}

at("explain").addEventListener("click", () => {
  const shown = at("explain").getAttribute("aria-pressed") === "true";
  forgetMap();
  if (!shown && held) explain();
});

const explain = newest(async () => {
  const mine = mapAge;
  at("explain").setAttribute("aria-pressed", "true");
  at("check").textContent = text("try.explaining");
  const found = await ask("try/explain", { json: wish({ follow: [] }) }).catch((error) => { forgetMap(); throw error; });
  if (mine !== mapAge) return;
  at("overlay").src = found.overlay;
  at("overlay").hidden = false;
  at("opacity-label").hidden = false;
  const means = text("try.explained", { label: model.classes[found.target], most: number(100 * Math.max(0, found.most), 3) });
  at("check").textContent = `${means} ${text("try.checking")}`;
  let job = found.check;
  while (!job.ended && mine === mapAge) {
    await new Promise((next) => setTimeout(next, 300));
    job = await ask(`try/jobs/${job.job}`);
  }
  if (mine !== mapAge) return;
  const result = job.result ?? (await ask(`try/jobs/${job.job}`)).result;
  at("check").textContent = `${means} ${result ? verdict(result) : text("try.check_impossible", { reason: job.refusal })}`;
  at("check").classList.toggle("failed", !result?.passed);
});
at("opacity").addEventListener("input", () => { at("overlay").style.opacity = at("opacity").value; });

function verdict(result) {
  if (result.passed) return text("try.check_passed");
  const why = [];
  if (result.empty) why.push(text("try.check_empty"));
  else {
    if (result.similarity >= 0.8) why.push(text("try.check_similar", { value: number(result.similarity, 2) }));
    if (result.gain !== null && result.gain <= result.moved_gain) why.push(text("try.check_moved", { gain: number(result.gain, 2), moved: number(result.moved_gain, 2) }));
  }
  return [text("try.check_failed"), ...why].join(" ");
}

// The nearest training pictures

at("nearest").addEventListener("click", newest(async () => {
  if (!held) return;
  const bar = at("nearest-progress");
  for (;;) {
    const mine = age;
    const found = await ask("try/neighbours", { json: wish({ follow: [] }) });
    bar.hidden = found.ended;
    bar.max = found.total || 1;
    bar.value = found.done;
    if (!found.ended) {
      at("nearest-said").textContent = found.total ? text("try.looked", { done: found.done.toLocaleString(), total: found.total.toLocaleString() }) : text("try.looking");
      await new Promise((next) => setTimeout(next, 400));
      continue;
    }
    if (mine !== age) continue;
    if (found.refusal) say(found.refusal, true);
    at("nearest-said").textContent = found.why_not ? text(`try.why_${found.why_not}`) : found.found ? text("try.compared", { count: found.compared.toLocaleString() }) : "";
    at("neighbours").replaceChildren(...(found.found ?? []).map((one) => element("li", {},
      element("img", { src: `/studio/api/try/neighbours/${encodeURIComponent(model.name)}/${one.place}`, alt: one.key, title: one.key, loading: "lazy", class: model.size[0] <= 64 ? "pixels" : "" }),
      element("b", { text: one.label }), element("span", { class: "soft", text: number(one.similarity, 3) }))));
    return;
  }
}));

// Where pictures come from

const camera = makeCamera(at("camera"), (frame) => show(frame, true), waitForCurve);
const pad = makePad(at("pad"), () => draw());
const draw = newest(async () => { if (!pad.empty) await show(await pad.picture(model.drawing)); });
at("pad-clear").addEventListener("click", () => pad.clear());
at("pad-toggle").addEventListener("click", () => usePad(at("pad-box").hidden));
function usePad(on) {
  at("pad-box").hidden = !on;
  at("show").classList.toggle("with-pad", on);
  at("pad-toggle").setAttribute("aria-pressed", String(on));
}

const take = (/** @type {Blob | undefined | null} */ blob) => { if (blob && !at("room").hidden) { camera.stop(); show(blob); } };
at("file").addEventListener("change", () => { take(at("file").files[0]); at("file").value = ""; });
addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file) { event.preventDefault(); take(file); }
});
addEventListener("dragover", (event) => { event.preventDefault(); at("frame").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) at("frame").classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  at("frame").classList.remove("over");
  take(event.dataTransfer?.files[0]);
});
at("neutral").addEventListener("click", () => { dials.neutral(); forgetMap(); dials.stale(null); move(); waitForCurve(); });
at("reroll").addEventListener("click", () => { seed = (seed + 1) % 2 ** 31; forgetMap(); dials.stale(null); move(); waitForCurve(); });

// The cover is dragged on the picture
let dragging = false;
const drag = (event) => {
  const box = at("frame").getBoundingClientRect(), side = Math.sqrt((dials.values.covered ?? 0) / 100);
  const along = (where, low, size) => Math.min(1, Math.max(0, ((where - low) / size - side / 2) / Math.max(1 - side, 0.01)));
  dials.cover(along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height));
  forgetMap();
  dials.stale(null);
  move();
};
at("frame").addEventListener("pointerdown", (event) => {
  if (!dials.values.covered) return;
  dragging = true;
  at("frame").setPointerCapture(event.pointerId);
  drag(event);
  event.preventDefault();
});
at("frame").addEventListener("pointermove", (event) => { if (dragging) drag(event); });
for (const end of ["pointerup", "pointercancel"]) at("frame").addEventListener(end, () => { if (dragging) { dragging = false; waitForCurve(); } });

// Models

async function choose(name) {
  model = models.find((one) => one.name === name) ?? models[0];
  camera.stop();
  age++;
  round++;
  clearTimeout(rest);
  clearTimeout(timer);
  table = clean = null;
  forgetMap();
  const fits = model.size !== null, words = model.kind === "text";
  at("room").hidden = !fits;
  at("sentence").hidden = !words;
  at("unfit").hidden = fits || words;
  at("unfit").textContent = fits || words ? "" : text("try.unfit", { name: model.name });
  if (!fits) return;
  at("pad-toggle").hidden = !model.drawing || model.sequential;
  at("key-abstains").hidden = !model.abstains;
  at("explain").hidden = model.sequential;
  usePad(Boolean(model.drawing) && !model.sequential);
  at("frame").style.aspectRatio = `${model.size[1]} / ${model.size[0]}`;
  const small = Math.max(...model.size) <= 64;
  for (const id of ["shown", "overlay"]) at(id).classList.toggle("pixels", small);
  at("samples").replaceChildren(...Array.from({ length: model.samples }, (_, place) => {
    const path = `try/samples/${encodeURIComponent(model.name)}/${place}`;
    const picture = element("img", { src: `/studio/api/${path}`, alt: "", class: small ? "pixels" : "" });
    return element("button", { type: "button", class: "sample", "aria-label": text("try.sample", { number: place + 1 }), onclick: newest(async () => take(await ask(path, { as: "blob" }))) }, picture);
  }));
  await sampleOrSame();
}

const sampleOrSame = newest(async () => {
  if (held) { age++; await begin(false); }
  else await show(await ask(`try/samples/${encodeURIComponent(model.name)}/0`, { as: "blob" }));
});

const classify = newest(async () => {
  const words = at("words").value;
  if (!words.trim()) return at("sentence-answer").replaceChildren();
  const found = await ask("try/text", { json: { model: model.name, text: words } });
  at("sentence-answer").replaceChildren(element("p", { class: "says" }, element("b", { text: said(model, found) }), element("span", { text: percent(found.probability ?? 0) })),
    element("ol", { class: "bars" }, ...found.rows.slice(0, 8).map(([place, share], order) => { const fill = element("i"); fill.style.width = `${100 * share}%`; return element("li", { class: order ? "" : "named" }, element("span", { class: "name", text: model.classes[place] }), element("span", { class: "track" }, fill), element("span", { class: "share", text: percent(share) })); })));
});
at("words").addEventListener("input", () => classify());
at("sentence").addEventListener("submit", (event) => event.preventDefault());
at("model").addEventListener("change", () => choose(at("model").value));
choose(at("model").value);
