"use strict";
// The drive that the page shows, unpacked, and how numbers are written. All scripts share one scope; the order is that of writer.py.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const range = (length, make = (i) => i) => Array.from({ length }, (_, i) => make(i));

function decode(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer; }

// Unpacks a table of ticks and columns: `at` gives a value, `share` its place between the column's lowest (0) and highest value (1).
function unpack(part) {
  if (!part) return null;
  const levels = new Uint16Array(decode(part.levels)), width = part.low.length;
  const share = (t, k) => levels[t * width + k] / data.highestLevel;
  return { at: (t, k) => part.low[k] + share(t, k) * (part.high[k] - part.low[k]), share, low: part.low, high: part.high };
}

// Unpacks a drive: its series by name, and its time.
function unpackDrive(drive) {
  const series = Object.fromEntries(Object.entries(drive.series).map(([name, part]) => [name, unpack(part)]));
  const count = drive.ticks.length, value = (name, t) => series[name] ? series[name].at(t, 0) : NaN;
  return { ...drive, series, count, value, time: range(count, (t) => value("time_s", t)), state: unpack(drive.state), tau: unpack(drive.tau) };
}

const drive = unpackDrive(data), { names, roles, count, value, time, series, state, tau } = drive;
const components = unpack(data.figures.components);
const features = data.features ? new Float32Array(decode(data.features)) : null, stepTimes = new Float32Array(decode(data.dt));
const steerNames = data.steerNames, edges = data.edges, hasPose = Boolean(series.x_m && series.y_m);
const motor = roles.indexOf("motor"), roleNames = ["inter", "command", "hidden", "motor"].filter((role) => roles.includes(role));

// A neuron's state between its usual lowest (0) and highest value (1); 0 for a neuron that does not change.
function lit(t, i) {
  const [low, high] = data.usual[i];
  return high - low > 1e-6 ? clamp((state.at(t, i) - low) / (high - low), 0, 1) : 0;
}

// What one sees of the road and the car at each tick, with words for a positive and a negative value.
const causes = [
  { name: "curvature_per_m", words: "bend of the road", unit: "1/m", factor: 1, digits: 3, high: "in right bends", low: "in left bends" },
  { name: "lateral_m", words: "off centre", unit: "m", factor: 1, digits: 2, high: "when the car is right of the centre",
    low: "when the car is left of the centre" },
  { name: "heading_error_rad", words: "heading error", unit: "°", factor: 180 / Math.PI, digits: 1, high: "when the car points right of the lane",
    low: "when the car points left of the lane" },
  { name: "speed_mps", words: "speed", unit: "m/s", factor: 1, digits: 1, high: "when the car is fast", low: "when the car is slow" },
].filter((cause) => series[cause.name]);

const format = (v, digits) => (v < 0 && Number(v.toFixed(digits)) ? "−" : "") + Math.abs(v).toFixed(digits);
const formatSigned = (v, digits) => (Number(v.toFixed(digits)) === 0 ? "±" : v < 0 ? "−" : "+") + Math.abs(v).toFixed(digits);
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

// Returns the first tick at a time (s) or later, or `otherwise` when the drive is shorter.
function findTick(wanted, otherwise) {
  const first = time.findIndex((moment) => moment >= wanted - 6e-3);
  return first < 0 ? otherwise : first;
}
