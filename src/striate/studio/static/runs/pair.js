// Two runs: their curves over one another, and both on the same pictures.
import { ask, text, element } from "../striate.js";
import { answersOn } from "./answers.js";
import { drawCurves } from "./charts.js";

const place = document.getElementById("charts");
const names = JSON.parse(place.dataset.runs);
const found = await Promise.all(names.map((name) => ask(`runs/learning/${encodeURIComponent(name)}`)));
if (!drawCurves(place, found.map((one, i) => ({ name: names[i], rows: one.rows })))) place.append(element("p", { class: "note", text: text("runs.no_curves") }));
answersOn(document.getElementById("answer"), document.getElementById("answers"));
