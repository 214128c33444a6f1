// The playback. Every part of the page shows the same tick, `now`, an index into the ticks that the page holds, and the same selection.
// A part is {prepare, draw}: `prepare` draws what is still, after a change of size, theme or selection; `draw` what moves, at each tick.
let now = 0, playing = false, shownTime = 0, lastFrame = 0;
let pointed = -1, chosen = -1;  // the neuron that the user points at, and the one of the card, or -1
let selection = null;  // [first, last] tick, or null for the whole drive
const parts = [];
const addPart = (name, prepare, draw) => parts.push({ name, prepare, draw, tick: -1 });
const focus = () => (pointed >= 0 ? pointed : chosen);
const isSelected = (t) => !selection || (t >= selection[0] && t <= selection[1]);
const selectedTicks = () => (selection ? range(selection[1] - selection[0] + 1, (k) => selection[0] + k) : range(count));

// Returns the index of the camera frame that is shown at a tick: the last one up to it.
function findFrame(t, at = data.frames.at) {
  let low = 0, high = at.length - 1;
  while (low < high) { const middle = (low + high + 1) >> 1; if (at[middle] <= t) low = middle; else high = middle - 1; }
  return low;
}
const frameUrl = (pictures, frame) => `data:image/webp;base64,${pictures[frame]}`;

// Shows a tick everywhere.
function show(t) {
  now = clamp(Math.round(t), 0, count - 1);
  for (const part of parts) { part.draw(); part.tick = now; }
}

// Draws everything again, or only the parts of these names and what moves, and keeps what the address says up to date.
function refresh(only = null) {
  for (const part of parts) if (!only || only.includes(part.name)) part.prepare();
  show(now);
  tellAddress();
}

// Jumps to a tick, and goes on playing from there.
function go(t) { show(t); shownTime = time[now]; tellAddress(); }
function setPointed(i) { if (pointed !== i) { pointed = i; show(now); } }
function choose(i) { chosen = i; refresh(); }
function select(first, last, isDone = true) {
  selection = first === null ? null : [clamp(Math.round(first), 0, count - 1), clamp(Math.round(last), 0, count - 1)];
  if (selection && selection[1] <= selection[0]) selection = null;
  if (selection && !isSelected(now)) now = selection[0];
  shownTime = time[now];
  refresh(isDone ? null : ["strips", "track", "beside"]);
}

// Shows the tick for the simulation time that has passed since the last frame of the screen. A selection is played again and again.
function step(stamp) {
  if (!playing) return;
  shownTime += Math.min((stamp - lastFrame) / 1000, 0.25) * Number(byId("rate").value);
  lastFrame = stamp;
  let t = now;
  while (t + 1 < count && time[t + 1] <= shownTime) t++;
  if (selection && t > selection[1]) { t = selection[0]; shownTime = time[t]; }
  if (t !== now) show(t);
  if (t === count - 1) setPlaying(false); else requestAnimationFrame(step);
}

function setPlaying(on) {
  playing = on;
  byId("play").textContent = on ? "Pause" : "Play";
  if (!on) { tellAddress(); return; }
  if (now === count - 1) go(selection ? selection[0] : 0);
  lastFrame = performance.now();
  requestAnimationFrame(step);
}

addPart("see", () => {
  byId("title").textContent = data.title;
  byId("facts").textContent = data.facts;
  byId("scrub").max = String(count - 1);
  byId("selection").hidden = !selection;
  if (selection) byId("selection").textContent = `${time[selection[0]].toFixed(1)} to ${time[selection[1]].toFixed(1)} s selected  ✕`;
  byId("above").hidden = !hasPose;
  byId("heat-choice").hidden = !data.frames.heats.length;
  if (data.frames.band) Object.assign(byId("heat").style, { top: `${100 * data.frames.band[0]}%`,
    height: `${100 * (data.frames.band[1] - data.frames.band[0])}%` });
}, () => {
  const frame = findFrame(now), camera = byId("camera"), heat = byId("heat");
  if (camera.dataset.frame !== String(frame) && data.frames.at.length) {
    camera.src = frameUrl(data.frames.pictures, frame);
    camera.dataset.frame = String(frame);
  }
  heat.hidden = !byId("saliency").checked || !data.frames.heats.length;
  if (!heat.hidden && heat.dataset.frame !== String(frame)) { heat.src = frameUrl(data.frames.heats, frame); heat.dataset.frame = String(frame); }
  byId("scrub").value = String(now);
  byId("clock").textContent = `${time[now].toFixed(1)} s · tick ${data.ticks[now]}`;
  const numbers = { [steerNames.steer]: formatSigned(value("steer", now), 3) };
  if (series.label_steer) numbers[steerNames.label] = formatSigned(value("label_steer", now), 3);
  if (series.command) numbers.route = data.commandNames[Math.round(value("command", now))];
  if (series.speed_mps) numbers["speed (m/s)"] = value("speed_mps", now).toFixed(1);
  if (series.lateral_m) numbers["off centre (m)"] = formatSigned(value("lateral_m", now), 2);
  if (byId("numbers").childElementCount !== Object.keys(numbers).length) {
    byId("numbers").replaceChildren(...Object.keys(numbers).map((name) => make("div", {}, make("dt", {}, name), make("dd"))));
  }
  Object.values(numbers).forEach((words, k) => { byId("numbers").children[k].lastChild.textContent = words; });
});
