// A moment that can be sent: all that is chosen stands in the address. Files out, keys, and the start of the page.
const download = (name, blob) => { const link = make("a", { href: URL.createObjectURL(blob), download: name }); link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000); };
const same = (name) => names.findIndex((own) => own.replaceAll(" ", "") === (name || "").replaceAll(" ", ""));

// The changes as text: a neuron's name or a synapse's number, with how much: command2:x0, inter7:at0.25, 12:x0.5.
const writeChanges = () => [
  ...Object.entries(changes.neurons).map(([i,
    change]) => `${names[i].replaceAll(" ", "")}:${change.clamp !== undefined ? `at${change.clamp}` : `x${change.scale}`}`),
  ...Object.entries(changes.synapses).map(([e, factor]) => `${e}:x${factor}`),
].join(",");
function readChanges(text) {
  changes = noChanges();
  for (const [, place, way, amount] of (text || "").matchAll(/(\w+):(x|at)(-?[\d.]+)/g)) {
    if (/^\d+$/.test(place)) { if (Number(place) < edges.source.length) changes.synapses[place] = Number(amount); }
    else if (same(place) >= 0) changes.neurons[same(place)] = way === "at" ? { clamp: Number(amount) } : { scale: Number(amount) };
  }
  changed = circuit && isChanged(changes) ? runCircuit(changes) : null;
}

// Writes what is shown into the address, except while it plays.
function tellAddress() {
  if (playing) return;
  const said = { t: time[now].toFixed(2) };
  if (chosen >= 0) said.neuron = names[chosen].replaceAll(" ", "");
  if (selection) Object.assign(said, { from: time[selection[0]].toFixed(2), to: time[selection[1]].toFixed(2) });
  if (byId("paint").value !== "centre") said.paint = byId("paint").value.replaceAll(" ", "");
  if (byId("sort").selectedIndex) said.sort = byId("sort").selectedIndex;
  if (byId("saliency").checked) said.saliency = 1;
  if (byId("why").getAttribute("aria-expanded") === "true") said.why = 1;
  if (byId("find").value) said.find = byId("find").value;
  if (isChanged(changes)) said.change = writeChanges();
  history.replaceState(null, "", `#${new URLSearchParams(said)}`);
}

function followAddress() {
  const said = new URLSearchParams(location.hash.slice(1)), number = (name) => Number(said.get(name) || 0);
  now = findTick(time[0] + number("t"), 0);
  chosen = same(said.get("neuron"));
  selection = said.get("to") ? [findTick(time[0] + number("from"), 0), findTick(time[0] + number("to"), count - 1)] : null;
  byId("paint").value = Object.keys(paints).find((key) => key.replaceAll(" ", "") === said.get("paint")) || "centre";
  byId("sort").selectedIndex = clamp(number("sort"), 0, 2);
  byId("saliency").checked = said.get("saliency") === "1";
  byId("why").setAttribute("aria-expanded", String(said.get("why") === "1"));
  byId("find").value = said.get("find") || "";
  shownTime = time[now];
  readChanges(said.get("change"));
  if (byId("find").value) search(); else refresh();
}

// The selected ticks with every series, state and time constant, and the changed states where there are some.
function makeCsv() {
  const heads = ["tick", ...Object.keys(series), ...names, ...(tau ? names.map((name) => `tau_s ${name}`) : []),
    ...(changed ? names.map((name) => `changed ${name}`) : [])];
  const lines = selectedTicks().map((t) => [data.ticks[t], ...Object.values(series).map((one) => one.at(t, 0)),
    ...names.map((_, i) => state.at(t, i)), ...(tau ? names.map((_, i) => tau.at(t, i)) : []),
    ...(changed ? names.map((_, i) => changed.states[t * H + i]) : [])].map((v) => Number(v.toPrecision(7))).join(","));
  return [heads.join(","), ...lines].join("\n") + "\n";
}

// One picture of the moment: camera, track, wiring and strips.
async function makePng() {
  const svg = byId("wiring").cloneNode(true), strip = byId("strips"), trackCanvas = byId("track"),
    canvas = make("canvas", { width: 1600, height: 60 + Math.max(900, Math.round(760 * strip.height / strip.width)) });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("font-family", "system-ui, sans-serif");
  const wiring = new Image(), pen = canvas.getContext("2d"), heat = byId("heat"), band = data.frames.band;
  svg.setAttribute("width", 1240);
  svg.setAttribute("height", 880);
  wiring.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
  await wiring.decode();
  pen.fillStyle = ink("ground");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = ink("text");
  pen.font = "20px system-ui, sans-serif";
  pen.fillText(`${data.title}  ·  ${data.facts}  ·  ${byId("clock").textContent}`, 20, 38);
  if (byId("camera").naturalWidth) pen.drawImage(byId("camera"), 20, 60, 370, 208);
  if (!heat.hidden && heat.naturalWidth) pen.drawImage(heat, 20, 60 + 208 * band[0], 370, 208 * (band[1] - band[0]));
  if (track) pen.drawImage(trackCanvas, 410, 60, 390, 390 * trackCanvas.height / trackCanvas.width);
  pen.drawImage(wiring, 20, 320, 780, 554);
  pen.drawImage(strip, 820, 60, 760, 760 * strip.height / strip.width);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

const toggle = (id) => { byId(id).checked = !byId(id).checked; go(now); };
function toggleWhy() {
  byId("why").setAttribute("aria-expanded", String(byId("why").getAttribute("aria-expanded") !== "true"));
  refresh();
}
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  inks = {};
  refresh();
}
const otherTheme = () => setTheme(getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "light" : "dark");
const mark = (end) => { const [first, last] = selection || [0, count - 1]; if (end) select(Math.min(first, now - 1), now);
  else select(now, Math.max(last, now + 1)); };

const keys = {
  " ": () => setPlaying(!playing), ArrowRight: (event) => go(now + (event.shiftKey ? 10 : 1)),
    ArrowLeft: (event) => go(now - (event.shiftKey ? 10 : 1)),
  Home: () => go(selection ? selection[0] : 0), End: () => go(selection ? selection[1] : count - 1), n: () => jump(1), p: () => jump(-1),
  j: () => choose((chosen + 1) % H), k: () => choose((chosen + H - (chosen < 0 ? 0 : 1)) % H), "[": () => mark(false), "]": () => mark(true),
  s: () => toggle("saliency"), w: () => { if (!byId("why").disabled) toggleWhy(); }, "/": () => byId("find").focus(), t: otherTheme,
  Escape: () => { if (selection) select(null); else choose(-1); }, "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  if (event.target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, dialog *") ||
    (event.key === " " && event.target.matches("button"))) return;
  if (event.target.matches("#card input") && /^(Arrow|Home|End)/.test(event.key)) return;  // a slider or a choice moves by them
  event.preventDefault();
  keys[event.key](event);
});
byId("play").addEventListener("click", () => setPlaying(!playing));
byId("scrub").addEventListener("input", (event) => go(Number(event.target.value)));
byId("selection").addEventListener("click", () => select(null));
byId("why").addEventListener("click", toggleWhy);
byId("theme").addEventListener("click", otherTheme);
byId("keys").addEventListener("click", keys["?"]);
byId("saliency").addEventListener("change", () => go(now));
byId("paint").addEventListener("change", () => refresh());
byId("sort").addEventListener("change", () => refresh());
byId("find").addEventListener("change", search);
byId("undo").addEventListener("click", () => { changes = noChanges(); applyChanges(); });
byId("close").addEventListener("click", () => choose(-1));
byId("csv").addEventListener("click", () => download("neurons.csv", new Blob([makeCsv()], { type: "text/csv" })));
byId("png").addEventListener("click", async () => download(`neurons-${time[now].toFixed(1)}s.png`, await makePng()));
for (const choice of document.querySelectorAll("[name=change]")) choice.addEventListener("change", readChange);
byId("amount").addEventListener("input", readChange);
watchDrags(byId("strips"), tickAcross, select, go);
watchDrags(byId("track"), findNearest, select, go);
if (beside) watchDrags(byId("beside-chart"), tickAlong, select, go);
window.addEventListener("hashchange", followAddress);
window.addEventListener("resize", () => refresh());
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => { inks = {}; refresh(); });
followAddress();
