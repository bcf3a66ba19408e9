// The room: which network, which picture, and what is looked at.
import { Problem, ask, element, newest, percent, say, text } from "../striate.js";
import { arithmeticPanel } from "./arithmetic.js";
import { isLeNet, leNetDrawing } from "./lenet.js";
import { drawingPad } from "./pad.js";
import { scene } from "./scene.js";
import { waysOfSeeing } from "./seeing.js";
import { stagesDrawing } from "./stages.js";

const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const stage = find("stage"), below = find("below");
const choice = /** @type {HTMLSelectElement} */ (find("network"));
let learnt = choice.dataset.learnt === "1";
/** The walk that is shown, and its drawing. */
let walk = null, drawing = null;
/** The picture that was shown last and was not drawn: another network is given it too. */
let chosen = null;

/** What people call a step, and one of its maps. */
function nameOf(step, channel) {
  const name = step === "input" ? text("walk.input") : isLeNet(walk) ? (step === "flatten" ? "C5" : step.split(".")[0].toUpperCase()) : step;
  if (channel === undefined || (step === "input" && walk.input.shape[0] === 1)) return name;
  return text("walk.map_in", { step: name, map: channel });
}

function titleOf(step, unit) {
  if (unit.length === 1 || (isLeNet(walk) && step.startsWith("c5"))) return text("walk.unit_vector", { step: nameOf(step), number: unit[0] });
  return text("walk.unit_map", { step: nameOf(step), map: unit[0], row: unit[1], column: unit[2] });
}

const tell = newest(async (step, unit) => {
  const of = walk;
  const told = await ask("walk/unit", { query: { walk: of.walk, step, unit: unit.join(",") } });
  if (walk !== of) return;
  drawing.told?.(told.arithmetic, told.box);
  below.replaceChildren(arithmeticPanel({ told, title: titleOf(step, unit), nameOf, go: drawing.go }), waysOfSeeing({ walk: of.walk, step, unit }));
});

const pad = drawingPad({ changed: (picture) => show(picture, true) });
const show = newest(async (picture, drawn) => {
  const asked = choice.value;
  const made = await ask("walk/picture", { query: { network: asked, drawn: drawn ? 1 : 0 }, body: picture, type: "image/png" });
  if (choice.value !== asked) return;
  if (!drawn) chosen = picture;
  const same = walk?.network === made.network && drawing?.show;
  walk = made;
  if (same) {
    drawing.show(made);
    drawing.again();
  } else build();
  const trained = choice.selectedOptions[0].dataset.kind !== "untrained";
  find("untrained").hidden = trained;
  const [best] = made.answer;
  find("answer").textContent = trained ? text("walk.answer", { name: best.class, share: percent(best.share) }) : "";
});

function build() {
  below.replaceChildren();
  if (isLeNet(walk)) {
    drawing = leNetDrawing({ walk, input: [pad.canvas, pad.samples, pad.clear], choose: tell });
    stage.replaceChildren(element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("walk.network") }, drawing.node));
    drawing.show(walk);
    drawing.strongest("c3", 6);
  } else {
    drawing = stagesDrawing({ walk, choose: tell });
    stage.replaceChildren(drawing.node);
    drawing.begin();
  }
}

/** Lets LeNet-5 learn its digits, and says how far it is. */
async function learn() {
  const bar = element("progress", { max: 1, value: 0, "aria-label": text("walk.learning") });
  stage.replaceChildren(element("div", { class: "lesson" }, element("p", { text: text("walk.learning") }), bar));
  let how = await ask("walk/lesson/begin", { json: {} });
  while (!how.ready && !how.problem) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    how = await ask("walk/lesson");
    bar.value = how.share;
  }
  if (how.problem) throw new Problem(500, how.problem);
  learnt = true;
  find("learnt").textContent = text("walk.learnt", { share: percent(how.accuracy) });
  open();
}

function offer() {
  const begin = () => learn().catch((problem) => {
    if (!(problem instanceof Problem)) throw problem;
    say(problem.message, true);
    offer();
  });
  stage.replaceChildren(element("div", { class: "lesson" },
    element("p", { text: text("walk.teach") }),
    element("button", { type: "button", class: "primary", text: text("walk.teach_now"), onclick: begin }),
    element("p", { class: "note" }, `${text("walk.or_train")} `, element("code", { text: "striate train digits --model lenet5" }))));
}

/** Opens the network that is chosen, with a first picture. */
function open() {
  walk = drawing = null;
  below.replaceChildren();
  stage.replaceChildren();
  say("");
  find("answer").textContent = "";
  find("untrained").hidden = true;
  const option = choice.selectedOptions[0];
  find("lead").textContent = text(option.dataset.grey === "1" ? "walk.lead" : "walk.lead_picture");
  if (option.dataset.kind !== "taught") find("learnt").textContent = "";
  else if (!learnt) return offer();
  if (option.dataset.grey === "1") pad.take(3);
  else if (chosen) show(chosen, false);
  else scene().then((picture) => show(picture, false));
}

choice.addEventListener("change", () => {
  const address = new URL(location.href);
  address.searchParams.set("network", choice.value);
  history.replaceState(null, "", address);
  open();
});
const file = /** @type {HTMLInputElement} */ (find("file"));
const given = (picture) => (picture.type.startsWith("image/") ? show(picture, false) : say(text("walk.no_picture"), true));
find("choose").addEventListener("click", () => file.click());
file.addEventListener("change", () => { if (file.files[0]) given(file.files[0]); file.value = ""; });
addEventListener("paste", (event) => { const [picture] = event.clipboardData?.files ?? []; if (picture) given(picture); });
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) given(event.dataTransfer.files[0]); });
open();
