"use strict";
// Plays a drive. Every part of the page shows the same tick: `now`, an index into the ticks that the page holds.
// The parts are drawn by hand instead of with a chart library, because they must follow the playback fast and at the same tick.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const rgb = (c, alpha = 1) => `rgba(${c[0]},${c[1]},${c[2]},${alpha})`;
const styles = getComputedStyle(document.documentElement);
const ink = (name) => styles.getPropertyValue(`--${name}`).trim();  // a colour of page.css
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// Unpacks a table of ticks and columns: `at` gives a value, `share` its place between the column's lowest (0) and highest value (1).
function unpack(part) {
  if (!part) return null;
  const bytes = Uint8Array.from(atob(part.levels), (c) => c.charCodeAt(0));
  const levels = new Uint16Array(bytes.buffer), width = part.low.length;
  const share = (t, k) => levels[t * width + k] / data.highestLevel;
  return { at: (t, k) => part.low[k] + share(t, k) * (part.high[k] - part.low[k]), share, low: part.low, high: part.high };
}

const names = data.neurons.names, roles = data.neurons.roles;
const state = unpack(data.state), lit = unpack(data.lit), tau = unpack(data.tau), components = unpack(data.figures.components);
const series = Object.fromEntries(Object.entries(data.series).map(([name, part]) => [name, unpack(part)]));
const value = (name, t) => series[name] ? series[name].at(t, 0) : NaN;
const count = data.ticks.length, steerNames = data.steerNames, roleColour = (i) => data.colours.roles[roles[i]];
const time = Array.from({ length: count }, (_, t) => value("time_s", t));
const hasPose = Boolean(series.x_m && series.y_m);
let now = 0, playing = false, shownTime = 0, lastFrame = 0, focus = -1;  // focus: the neuron that the user points at, or -1

const VIRIDIS = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
const MAGMA = [[28, 16, 68], [114, 31, 129], [182, 54, 121], [241, 96, 93], [254, 175, 119], [252, 253, 191]];
function pickColour(colours, share) {
  const place = clamp(share, 0, 1) * (colours.length - 1), i = Math.min(Math.floor(place), colours.length - 2), f = place - i;
  return `rgb(${[0, 1, 2].map((k) => Math.round(colours[i][k] + (colours[i + 1][k] - colours[i][k]) * f)).join(",")})`;
}

const format = (v, digits) => (v < 0 && Number(v.toFixed(digits)) ? "−" : "") + Math.abs(v).toFixed(digits);
const formatSigned = (v, digits) => (v < 0 ? "−" : "+") + Math.abs(v).toFixed(digits);

function addNode(parent, kind, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, item] of Object.entries(attributes)) node.setAttribute(key, item);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

// Fits a canvas to its place at the screen's full resolution, and returns its pen.
function preparePen(canvas) {
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.scale(scale, scale);
  return { pen, width, height };
}

// ---- the track, in any canvas -------------------------------------------------------------------------------------------------------
// Returns a function from metres to pixels. A track that runs north to south lies on its side to use the width.
function fitTrack(width, height, margin) {
  const points = Array.from({ length: count }, (_, t) => [value("x_m", t), value("y_m", t)]).concat(data.route || []);
  const low = [0, 1].map((k) => Math.min(...points.map((p) => p[k]))), high = [0, 1].map((k) => Math.max(...points.map((p) => p[k])));
  const turned = high[1] - low[1] > high[0] - low[0];
  const spans = [0, 1].map((k) => Math.max(high[k] - low[k], 1));
  const scale = Math.min((width - 2 * margin) / spans[turned ? 1 : 0], (height - 2 * margin) / spans[turned ? 0 : 1]);
  return ([x, y]) => {
    const dx = (x - (low[0] + high[0]) / 2) * scale, dy = (y - (low[1] + high[1]) / 2) * scale;
    return turned ? [width / 2 + dy, height / 2 - dx] : [width / 2 + dx, height / 2 + dy];
  };
}

// Draws the driven path; it is cut where the car was put back.
function drawPath(pen, place, colourAt, lineWidth) {
  pen.lineWidth = lineWidth;
  pen.lineCap = "round";
  const jumps = new Set(data.departed);
  for (let t = 0; t + 1 < count; t++) {
    if (jumps.has(t)) continue;
    pen.strokeStyle = colourAt(t);
    pen.beginPath();
    pen.moveTo(...place([value("x_m", t), value("y_m", t)]));
    pen.lineTo(...place([value("x_m", t + 1), value("y_m", t + 1)]));
    pen.stroke();
  }
}

// Draws the drive from left to right, for a log without positions.
function drawUnrolled(pen, width, height, colourAt) {
  for (let t = 0; t < count; t++) {
    pen.fillStyle = colourAt(t);
    pen.fillRect(t / count * width, 8, Math.ceil(width / count), height - 16);
  }
}

let track = null;
function prepareTrack() {
  if (!hasPose) return;
  const { pen, width, height } = preparePen(byId("track")), place = fitTrack(width, height, 16);
  if (data.route) {
    pen.strokeStyle = ink("line");
    pen.lineWidth = 7;
    pen.lineJoin = "round";
    pen.beginPath();
    data.route.forEach((p, i) => pen[i ? "lineTo" : "moveTo"](...place(p)));
    pen.stroke();
  }
  drawPath(pen, place, (t) => series.lateral_m ? pickColour(data.colours.goodToBad, Math.abs(value("lateral_m", t)) / data.lateralTop) : ink("muted"), 2.5);
  pen.strokeStyle = rgb(data.colours.goodToBad[2]);
  for (const t of data.departed) {
    const [x, y] = place([value("x_m", t), value("y_m", t)]);
    for (const side of [-1, 1]) { pen.beginPath(); pen.moveTo(x - 5, y - 5 * side); pen.lineTo(x + 5, y + 5 * side); pen.stroke(); }
  }
  const still = pen.getImageData(0, 0, byId("track").width, byId("track").height);
  track = { pen, place, still };
}

function drawCar() {
  if (!track) return;
  track.pen.putImageData(track.still, 0, 0);
  const [x, y] = track.place([value("x_m", now), value("y_m", now)]);
  track.pen.fillStyle = "#fff";
  track.pen.strokeStyle = ink("ground");
  track.pen.lineWidth = 2;
  track.pen.beginPath();
  track.pen.arc(x, y, 6, 0, 7);
  track.pen.fill();
  track.pen.stroke();
}

// ---- the wiring ---------------------------------------------------------------------------------------------------------------------
const wires = [], bodies = [];
// The path of a synapse: between neurons of one column it bows out to the right, from a neuron to itself it is a loop.
function makeLinkPath(from, to) {
  const across = to[0] - from[0], column = Math.abs(across) <= 20;
  if (column && from[1] === to[1]) return `M${from} c 26,-26 26,26 0,0`;
  const bow = column ? 24 + 0.22 * Math.abs(to[1] - from[1]) : across * 0.5;
  return `M${from} C${from[0] + bow},${from[1]} ${to[0] + (column ? bow : -bow)},${to[1]} ${to}`;
}

function prepareWiring() {
  const svg = byId("wiring"), places = data.neurons.places.map(([x, y]) => [16 + 588 * x, 22 + 408 * y]);
  const named = Math.max(...Object.keys(data.colours.roles).map((r) => roles.filter((own) => own === r).length)) <= 16;
  const radius = named ? 10 : 5, senses = [42, 226];
  data.links.forEach(({ source, target, share, excites }, i) => {
    const label = named ? 74 : 8;
    const from = source < 0 ? [senses[0] + 10, senses[1] + (places[target][1] - 226) * 0.55] : places[source];
    const to = source < 0 ? [places[target][0] - label, places[target][1]] : places[target];
    const colour = rgb(excites ? data.colours.excites : data.colours.inhibits);
    wires[i] = addNode(svg, "path", { d: makeLinkPath(from, to), fill: "none", stroke: colour, "stroke-width": 0.6 + 2.6 * share, "stroke-linecap": "round" });
  });
  addNode(svg, "rect", { x: senses[0] - 9, y: senses[1] - 125, width: 18, height: 250, rx: 9, fill: ink("line") });
  addNode(svg, "text", { x: senses[0], y: senses[1] - 148, "text-anchor": "middle", "font-weight": 600 }, data.neurons.features);
  addNode(svg, "text", { x: senses[0] + 2, y: senses[1] - 134, "text-anchor": "middle", class: "muted" }, "features");
  places.forEach(([x, y], i) => {
    const group = addNode(svg, "g", { tabindex: 0, "data-neuron": names[i], "aria-label": `${names[i]}, ${roles[i]}` });
    const size = roles[i] === "command" || roles[i] === "motor" ? radius * 1.2 : radius, left = roles[i] === "inter" || roles[i] === "hidden";
    addNode(group, "circle", { cx: x, cy: y, r: size + 5, fill: "transparent" });
    addNode(group, "circle", { cx: x, cy: y, r: size, fill: ink("well"), stroke: rgb(roleColour(i)), "stroke-width": 1.6 });
    bodies[i] = addNode(group, "circle", { cx: x, cy: y, r: size, fill: rgb(roleColour(i)) });
    const where = left ? { x: x - size - 6, y: y + 4, "text-anchor": "end" } : { x, y: y - size - 6, "text-anchor": "middle" };
    if (named) addNode(group, "text", { ...where, stroke: ink("card"), "stroke-width": 3, "paint-order": "stroke" }, names[i]);
    group.addEventListener("pointermove", (event) => { setFocus(i); showTip(event.clientX, event.clientY); });
    group.addEventListener("pointerleave", () => { setFocus(-1); byId("tip").hidden = true; });
    group.addEventListener("focus", () => { const box = group.getBoundingClientRect(); setFocus(i); showTip(box.right, box.bottom); });
    group.addEventListener("blur", () => { setFocus(-1); byId("tip").hidden = true; });
  });
  const kinds = Object.keys(data.colours.roles).map((role) => [role, data.colours.roles[role], ""]);
  for (const [words, colour, kind] of [...kinds, ["excites", data.colours.excites, "stroke"], ["inhibits", data.colours.inhibits, "stroke"]]) {
    const item = byId("legend").appendChild(document.createElement("span")), mark = item.appendChild(document.createElement("i"));
    mark.style.background = rgb(colour);
    mark.className = kind;
    item.append(words);
  }
  byId("legend").append("filled: high within its own range");
  byId("count").textContent = `${names.length} neurons, ${data.synapses} synapses; point at a neuron`;
}

function setFocus(i) {
  if (focus === i) return;
  focus = i;
  drawWiring();
  drawStrips();
}

function showTip(x, y) {
  const tip = byId("tip"), i = focus;
  if (i < 0) return;
  const into = data.links.filter((link) => link.target === i && link.source >= 0).length, out = data.links.filter((link) => link.source === i).length;
  const lines = [`${names[i]}  (${roles[i]})`, `state ${format(state.at(now, i), 3)}  in ${format(state.low[i], 2)} … ${format(state.high[i], 2)}`];
  if (tau) lines.push(`τ_sys ${(1000 * tau.at(now, i)).toFixed(0)} ms  in ${(1000 * tau.low[i]).toFixed(0)} … ${(1000 * tau.high[i]).toFixed(0)} ms`);
  lines.push(`from ${into} neurons, to ${out}`, `largest change per tick ${data.figures.changes[i].toFixed(3)}`);
  tip.textContent = lines.join("\n");
  tip.hidden = false;
  tip.style.left = `${clamp(x + 14, 4, window.innerWidth - tip.offsetWidth - 6)}px`;
  tip.style.top = `${clamp(y + 14, 4, window.innerHeight - tip.offsetHeight - 6)}px`;
}

function drawWiring() {
  bodies.forEach((body, i) => body.setAttribute("fill-opacity", (0.04 + 0.96 * lit.at(now, i)).toFixed(3)));
  data.links.forEach(({ source, target, share }, i) => {
    const flow = source < 0 ? 0.22 : 0.1 + 0.75 * lit.at(now, source) * (0.35 + 0.65 * share);
    const chosen = focus < 0 || source === focus || target === focus;
    wires[i].setAttribute("stroke-opacity", (chosen ? (focus < 0 ? flow : Math.max(flow, 0.65)) : 0.05).toFixed(3));
  });
}

// ---- the states over the drive ------------------------------------------------------------------------------------------------------
const ROW = 22;
let strips = null;
const rows = Object.keys(data.colours.roles).flatMap((role) => names.map((_, i) => i).filter((i) => roles[i] === role));
function prepareStrips() {
  const canvas = byId("strips");
  canvas.style.height = `${rows.length * ROW + 76}px`;
  const { pen, width, height } = preparePen(canvas), left = 98, span = width - left - 8;
  const x = (t) => left + (time[t] - time[0]) / (time[count - 1] - time[0] || 1) * span;
  pen.font = "12px system-ui, sans-serif";
  rows.forEach((i, row) => {
    pen.fillStyle = rgb(roleColour(i));
    pen.fillText(names[i], 8, row * ROW + 16);
    pen.strokeStyle = rgb(roleColour(i));
    drawLine(pen, x, (t) => row * ROW + 19 - 16 * state.share(t, i));
  });
  const top = rows.length * ROW + 6, scale = Math.max(...["steer", "label_steer"].filter((n) => series[n]).map((n) => Math.max(Math.abs(series[n].low[0]), Math.abs(series[n].high[0])))) || 1;
  pen.fillStyle = ink("text");
  pen.fillText(steerNames.steer, 8, top + 22);
  pen.fillStyle = ink("muted");
  if (series.label_steer) pen.fillText(steerNames.label, 8, top + 40);
  pen.strokeStyle = ink("muted");
  if (series.label_steer) drawLine(pen, x, (t) => top + 32 - 28 * value("label_steer", t) / scale);
  pen.strokeStyle = ink("accent");
  drawLine(pen, x, (t) => top + 32 - 28 * value("steer", t) / scale);
  for (const t of data.departed) { pen.fillStyle = rgb(data.colours.goodToBad[2], 0.7); pen.fillRect(x(t), 0, 1.5, height); }
  strips = { pen, width, height, left, span, x, still: pen.getImageData(0, 0, canvas.width, canvas.height) };
}

function drawLine(pen, x, y) {
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let t = 0; t < count; t++) pen[t ? "lineTo" : "moveTo"](x(t), y(t));
  pen.stroke();
}

function drawStrips() {
  const { pen, height, x, still, width } = strips;
  pen.putImageData(still, 0, 0);
  const row = rows.indexOf(focus);
  if (row >= 0) { pen.fillStyle = "#ffffff14"; pen.fillRect(0, row * ROW, width, ROW); }
  pen.fillStyle = "#fff";
  pen.fillRect(x(now) - 0.75, 0, 1.5, height);
}

// ---- figures ------------------------------------------------------------------------------------------------------------------------
function drawMiniature(holder, colourAt) {
  const canvas = holder.appendChild(document.createElement("canvas")), { pen, width, height } = preparePen(canvas);
  if (hasPose) drawPath(pen, fitTrack(width, height, 5), colourAt, 3);
  else drawUnrolled(pen, width, height, colourAt);
}

function addNeuronMap(i) {
  const figure = byId("maps").appendChild(document.createElement("figure")), caption = figure.appendChild(document.createElement("figcaption"));
  const name = caption.appendChild(document.createElement("span")), pictures = figure.appendChild(document.createElement("div"));
  name.textContent = names[i];
  name.style.color = rgb(roleColour(i));
  const parts = [{ words: "state", from: state, colours: VIRIDIS, factor: 1, digits: 2, unit: "" }];
  if (tau) parts.push({ words: "τ", from: tau, colours: MAGMA, factor: 1000, digits: 0, unit: " ms" });
  pictures.style.gridTemplateColumns = `repeat(${parts.length}, 1fr)`;
  for (const { words, from, colours, factor, digits, unit } of parts) {
    const holder = pictures.appendChild(document.createElement("span"));
    drawMiniature(holder, (t) => pickColour(colours, from.share(t, i)));
    const range = holder.appendChild(document.createElement("small"));
    range.textContent = `${words} ${format(factor * from.low[i], digits)}…${format(factor * from.high[i], digits)}${unit}`;
  }
}

function prepareMaps() {
  byId("maps-note").textContent = `${hasPose ? "the driven track" : "the drive from start to end"}, coloured by state (dark: low, yellow: high)` + (tau ? " and by system time constant (dark: fast, light: slow)" : "");
  for (const role of Object.keys(data.colours.roles)) {
    const title = byId("maps").appendChild(document.createElement("h3"));
    title.textContent = roles.filter((own) => own === role).length > 1 ? `${role} neurons` : `${role} neuron`;
    names.forEach((_, i) => { if (roles[i] === role) addNeuronMap(i); });
  }
  const title = byId("maps").appendChild(document.createElement("h3"));
  title.textContent = "first two principal components";
  [0, 1].forEach((k) => {
    const figure = byId("maps").appendChild(document.createElement("figure")), caption = figure.appendChild(document.createElement("figcaption"));
    caption.textContent = `PC${k + 1}: ${(100 * (data.figures.shares[k] || 0)).toFixed(1)} % of the variance`;
    drawMiniature(figure, (t) => pickColour(VIRIDIS, components.share(t, k)));
  });
}

function drawBars(svg, values, labels, colours, format) {
  const top = Math.max(...values) || 1, left = 26, width = 530 / values.length, base = 190;
  values.forEach((v, k) => {
    const height = 160 * v / top, x = left + k * width;
    addNode(svg, "rect", { x: x + 2, y: base - height, width: Math.max(width - 4, 1), height: Math.max(height, 0.5), rx: 2, fill: colours[k] });
    if (width > 22) addNode(svg, "text", { x: x + width / 2, y: base - height - 5, "text-anchor": "middle", class: "muted" }, format(v));
    if (width > 12) addNode(svg, "text", { x: 0, y: 0, "text-anchor": "end", class: "muted", transform: `translate(${x + width / 2 + 4} ${base + 10}) rotate(-50)` }, labels[k]);
  });
}

function prepareFigures() {
  const shares = data.figures.shares.slice(0, 12);
  drawBars(byId("shares"), shares, shares.map((_, k) => `PC${k + 1}`), shares.map((_, k) => k ? ink("bar") : ink("accent")), (v) => `${(100 * v).toFixed(v < 0.1 ? 1 : 0)}%`);
  const order = names.map((_, i) => i).sort((a, b) => data.figures.changes[b] - data.figures.changes[a]);
  drawBars(byId("changes"), order.map((i) => data.figures.changes[i]), order.map((i) => names[i]), order.map((i) => rgb(roleColour(i))), (v) => v.toFixed(2));
}

// ---- playback -----------------------------------------------------------------------------------------------------------------------
// Returns the index of the camera frame that is shown at a tick: the last one up to it.
function findFrame(t) {
  const at = data.frames.at;
  let low = 0, high = at.length - 1;
  while (low < high) { const middle = (low + high + 1) >> 1; if (at[middle] <= t) low = middle; else high = middle - 1; }
  return low;
}

// Shows a tick everywhere.
function show(t) {
  now = clamp(Math.round(t), 0, count - 1);
  const frame = findFrame(now), camera = byId("camera");
  if (camera.dataset.frame !== String(frame)) {
    camera.src = `data:image/jpeg;base64,${data.frames.jpeg[frame]}`;
    camera.dataset.frame = String(frame);
  }
  byId("scrub").value = String(now);
  byId("clock").textContent = `${time[now].toFixed(1)} s · tick ${data.ticks[now]}`;
  const numbers = { [steerNames.steer]: formatSigned(value("steer", now), 3) };
  if (series.label_steer) numbers[steerNames.label] = formatSigned(value("label_steer", now), 3);
  if (series.speed_mps) numbers["speed (m/s)"] = value("speed_mps", now).toFixed(1);
  if (series.lateral_m) numbers["off centre (m)"] = formatSigned(value("lateral_m", now), 2);
  byId("numbers").replaceChildren(...Object.entries(numbers).map(([name, words]) => {
    const item = document.createElement("div"), term = item.appendChild(document.createElement("dt"));
    term.textContent = name;
    item.appendChild(document.createElement("dd")).textContent = words;
    return item;
  }));
  drawWiring();
  drawStrips();
  drawCar();
}

// Jumps to a tick, and goes on playing from there.
function go(t) { show(t); shownTime = time[now]; }

// Shows the tick for the simulation time that has passed since the last frame of the screen.
function step(stamp) {
  if (!playing) return;
  shownTime += Math.min((stamp - lastFrame) / 1000, 0.25) * Number(byId("rate").value);
  lastFrame = stamp;
  let t = now;
  while (t + 1 < count && time[t + 1] <= shownTime) t++;
  if (t !== now) show(t);
  if (t === count - 1) setPlaying(false); else requestAnimationFrame(step);
}

function setPlaying(on) {
  playing = on;
  byId("play").textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (now === count - 1) go(0);
  lastFrame = performance.now();
  requestAnimationFrame(step);
}

// Returns the first tick at a time (s) or later, or `otherwise` when the drive is shorter.
function findTick(wanted, otherwise) {
  const first = time.findIndex((moment) => moment >= wanted);
  return first < 0 ? otherwise : first;
}

function start() {
  byId("title").textContent = data.title;
  byId("facts").textContent = data.facts;
  byId("scrub").max = String(count - 1);
  byId("above").hidden = !hasPose;
  prepareWiring();
  prepareTrack();
  prepareStrips();
  prepareMaps();
  prepareFigures();
  byId("play").addEventListener("click", () => setPlaying(!playing));
  byId("scrub").addEventListener("input", (event) => go(Number(event.target.value)));
  byId("strips").addEventListener("click", (event) => {
    const across = (event.clientX - byId("strips").getBoundingClientRect().left - strips.left) / strips.span;
    go(findTick(time[0] + across * (time[count - 1] - time[0]), count - 1));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, button")) return;
    if (event.key === " ") { event.preventDefault(); setPlaying(!playing); }
    if (event.key === "ArrowRight") go(now + 1);
    if (event.key === "ArrowLeft") go(now - 1);
  });
  window.addEventListener("resize", () => { prepareTrack(); prepareStrips(); show(now); });
  const [, wanted] = location.hash.match(/t=([\d.]+)/) || ["", "0"];
  go(findTick(Number(wanted), 0));
}

start();
