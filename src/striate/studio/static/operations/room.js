// The operations room: each station is a module that fills its section.
import counters from "./counters.js";
import field from "./field.js";
import kernel from "./kernel.js";
import pooling from "./pooling.js";
import signals from "./signals.js";
import sizes from "./sizes.js";

const stations = { signals, kernel, sizes, pooling, field, counters };
for (const [name, build] of Object.entries(stations)) build(document.querySelector(`#${name} .station`));
