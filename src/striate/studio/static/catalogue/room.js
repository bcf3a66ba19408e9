// The list of networks: sorted, searched, two of them compared, and all of them as dots.
import { ask, element, number, Problem, say, text } from "../striate.js";

const table = document.getElementById("networks");
const rows = table ? [...table.tBodies[0].rows] : [];
const find = document.getElementById("find");

function show() {
  const wanted = find.value.trim().toLowerCase().split(/\s+/);
  let count = 0;
  for (const row of rows) {
    const words = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => words.includes(word));
    if (!row.hidden) count++;
    document.getElementById(`dot-${row.dataset.name}`)?.classList.toggle("faded", row.hidden);
  }
  document.getElementById("count").textContent = text("catalogue.shown", { count });
}

/** @param {HTMLTableCellElement} head */
function sort(head) {
  const by = head.dataset.by;
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => (by === "name" ? row.dataset.name : Number(row.dataset[by]));
  const sorted = [...rows].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (down ? -1 : 1));
  table.tBodies[0].append(...sorted);
}

function ticked() {
  const chosen = rows.filter((row) => row.querySelector("input").checked);
  document.getElementById("compare").disabled = chosen.length !== 2;
}

function drawDots() {
  const pictures = rows.filter((row) => row.dataset.kind !== "text");
  const narrow = matchMedia("(max-width: 640px)").matches;
  const width = narrow ? 380 : 1000, height = narrow ? 300 : 360, left = 44, bottom = 34, right = narrow ? 6 : 20, top = 14;
  const logs = (name) => pictures.map((row) => Math.log10(Number(row.dataset[name])));
  const ends = (values) => [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values))];
  const [x0, x1] = ends(logs("macs")), [y0, y1] = ends(logs("parameters"));
  const x = (value) => left + ((width - left - right) * (Math.log10(value) - x0)) / (x1 - x0);
  const y = (value) => height - bottom - ((height - bottom - top) * (Math.log10(value) - y0)) / (y1 - y0);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": text("catalogue.chart_note") });
  const power = (exponent) => (exponent >= 9 ? `${10 ** (exponent - 9)} G` : exponent >= 6 ? `${10 ** (exponent - 6)} M` : exponent >= 3 ? `${10 ** (exponent - 3)} k` : `${10 ** exponent}`);
  for (let at = x0; at <= x1; at++) {
    if (narrow && (x1 - at) % 2) continue;
    svg.append(element("line", { class: "grid", x1: x(10 ** at), x2: x(10 ** at), y1: top, y2: height - bottom }),
      element("text", { x: x(10 ** at), y: height - 12, "text-anchor": at === x1 ? "end" : "middle", text: power(at) }));
  }
  for (let at = y0; at <= y1; at++) {
    svg.append(element("line", { class: "grid", x1: left, x2: width - right, y1: y(10 ** at), y2: y(10 ** at) }),
      element("text", { x: left - 8, y: y(10 ** at) + 4, "text-anchor": "end", text: power(at) }));
  }
  svg.append(element("text", { x: left + 6, y: top + 12, text: text("catalogue.parameters") }),
    element("text", { x: width - right - 6, y: height - bottom - 8, "text-anchor": "end", text: text("catalogue.macs") }));
  const years = pictures.map((row) => Number(row.dataset.year));
  const [first, last] = [Math.min(...years), Math.max(...years)];
  // The best known, where their names do not lie over one another.
  const named = new Map([["lenet5", "right"], ["alexnet", "left"], ["vgg16", "above"], ["resnet50", "left"], ["mobilenet_v2", "below"], ["googlenet", "below"], ["resnet20", "left"]]);
  const names = [];
  for (const row of pictures) {
    const { name, macs, parameters, year } = row.dataset;
    const label = `${name}, ${year}: ${number(Number(parameters), 7)} ${text("catalogue.parameters")}, ${number(Number(macs), 7)} ${text("catalogue.macs")}`;
    const address = row.querySelector("a").getAttribute("href");
    const link = document.createElementNS("http://www.w3.org/2000/svg", "a");
    link.setAttribute("href", address);
    link.setAttribute("aria-label", label);
    const dot = element("circle", { class: "dot", id: `dot-${name}`, cx: x(macs), cy: y(parameters), r: narrow ? 4 : 6 });
    dot.style.fillOpacity = String(0.25 + (0.7 * (Number(year) - first)) / (last - first || 1));
    link.append(element("title", { text: label }), dot);
    svg.append(link);
    const side = narrow && name !== "lenet5" && name !== "vgg16" ? undefined : named.get(name);
    const shift = { right: [9, 4, "start"], left: [-9, -4, "end"], below: [6, 19, "start"], above: [0, -11, "middle"] }[side];
    if (shift) names.push(element("text", { class: "name", x: x(macs) + shift[0], y: y(parameters) + shift[1], "text-anchor": shift[2], text: name }));
  }
  svg.append(...names);
  document.getElementById("chart").append(svg);
}

if (table) {
  for (const head of table.tHead.querySelectorAll("[data-by]")) head.querySelector("button").addEventListener("click", () => sort(head));
  table.addEventListener("change", ticked);
  find.addEventListener("input", show);
  find.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  drawDots();
  show();
  ticked();
} else {
  ask("catalogue/found").then(() => location.reload(), (error) => { if (!(error instanceof Problem)) throw error; say(error.message, true); });
}
