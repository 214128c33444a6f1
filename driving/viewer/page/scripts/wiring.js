// The wiring: nodes are filled by their state, rings show the time constant, edges carry what flows at this moment, coloured by its sign.
const MOST_LINKS = 300;
const wires = [], bodies = [], rings = [];

// The lines of the drawing: one per neuron for all its features together, and the strongest connections between neurons.
const links = (() => {
  const sensory = range(H, (i) => ({ source: -1, target: i, edges: [] })), inner = [];
  edges.target.forEach((target, e) => { if (edges.source[e] < 0) sensory[target].edges.push(e);
    else inner.push({ source: edges.source[e], target, edges: [e] }); });
  inner.sort((a, b) => Math.abs(edges.weight[a.edges[0]]) - Math.abs(edges.weight[b.edges[0]]));
  return sensory.filter((link) => link.edges.length).concat(inner.slice(-MOST_LINKS));
})();
const flowOf = (link, flows) => link.edges.reduce((sum, e) => sum + flows[e], 0);

// The flow that is drawn with full strength: nearly the greatest over the drive, for the features' lines and for the others.
const fullFlow = (() => {
  const seen = [[], []];
  for (let k = 0; k < 60; k++) {
    const flows = findFlows(Math.round(k * (count - 1) / 59));
    for (const link of links) seen[link.source < 0 ? 0 : 1].push(Math.abs(flowOf(link, flows)));
  }
  return seen.map((values) => values.sort((a, b) => a - b)[Math.floor(0.97 * (values.length - 1))] || 1);
})();

// The path of a connection: between neurons of one column it bows out to the right, from a neuron to itself it is a loop.
function makeLinkPath(from, to) {
  const across = to[0] - from[0], column = Math.abs(across) <= 20;
  if (column && from[1] === to[1]) return `M${from} c 26,-26 26,26 0,0`;
  const bow = column ? 24 + 0.22 * Math.abs(to[1] - from[1]) : across * 0.5;
  return `M${from} C${from[0] + bow},${from[1]} ${to[0] + (column ? bow : -bow)},${to[1]} ${to}`;
}

function drawNode(svg, i, [x, y], radius, named) {
  const label = `${names[i]}, ${roles[i]} neuron: open its card`;
  const group = addNode(svg, "g", { tabindex: 0, role: "button", "data-neuron": names[i], "aria-label": label });
  const size = roles[i] === "command" || roles[i] === "motor" ? radius * 1.2 : radius, left = roles[i] === "inter" || roles[i] === "hidden";
  addNode(group, "circle", { cx: x, cy: y, r: size + 6, fill: "transparent" });
  addNode(group, "circle", { cx: x, cy: y, r: size, fill: ink("well"), stroke: ink("line"), "stroke-width": 1.2 });
  bodies[i] = addNode(group, "circle", { cx: x, cy: y, r: size - 1, fill: roleInk(i) });
  const around = 2 * Math.PI * (size + 3.2);
  rings[i] = addNode(group, "circle", { cx: x, cy: y, r: size + 3.2, fill: "none", stroke: roleInk(i), "stroke-width": 2.2,
    transform: `rotate(-90 ${x} ${y})`, "data-around": around });
  const where = left ? { x: x - size - 9, y: y + 4, "text-anchor": "end" } : { x, y: y - size - 9, "text-anchor": "middle" };
  if (named) addNode(group, "text", { ...where, fill: ink("text"), stroke: ink("card"), "stroke-width": 3, "paint-order": "stroke",
    "font-size": 12 }, names[i]);
  group.addEventListener("pointermove", (event) => { setPointed(i); showTip(event.clientX, event.clientY); });
  group.addEventListener("pointerleave", () => { setPointed(-1); byId("tip").hidden = true; });
  group.addEventListener("click", () => choose(i));
  group.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(i); });
  group.addEventListener("focus", () => { const box = group.getBoundingClientRect(); setPointed(i); showTip(box.right, box.bottom); });
  group.addEventListener("blur", () => { setPointed(-1); byId("tip").hidden = true; });
}

addPart("wiring", () => {
  const svg = byId("wiring"), places = data.places.map(([x, y]) => [16 + 588 * x, 26 + 404 * y]);
  const named = Math.max(...roleNames.map((role) => roles.filter((own) => own === role).length)) <= 16, radius = named ? 10 : 5, senses = [42, 226];
  const active = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.neuron : null;
  svg.replaceChildren();
  links.forEach(({ source, target }, k) => {
    const from = source < 0 ? [senses[0] + 10, senses[1] + (places[target][1] - 226) * 0.55] : places[source];
    const to = source < 0 ? [places[target][0] - (named ? 78 : 8), places[target][1]] : places[target];
    wires[k] = addNode(svg, "path", { d: makeLinkPath(from, to), fill: "none", "stroke-linecap": "round" });
  });
  addNode(svg, "rect", { x: senses[0] - 9, y: senses[1] - 125, width: 18, height: 250, rx: 9, fill: ink("line") });
  addNode(svg, "text", { x: senses[0], y: senses[1] - 148, "text-anchor": "middle", "font-weight": 600, "font-size": 12, fill: ink("text") },
    edges.features.length);
  addNode(svg, "text", { x: senses[0] + 2, y: senses[1] - 134, "text-anchor": "middle", "font-size": 11, fill: ink("muted") }, "features");
  places.forEach((place, i) => drawNode(svg, i, place, radius, named));
  if (active) [...svg.querySelectorAll("[data-neuron]")].find((node) => node.dataset.neuron === active)?.focus({ preventScroll: true });
  byId("count").textContent = `${plural(H, "neuron")}, ${plural(edges.source.length, "connection")}; choose one`;
  byId("flow").textContent = circuit ? "lines: the synaptic current now" : "lines: the weight times the source's activity";
  byId("ring").hidden = !tau;
}, () => {
  const flows = findFlows(now), about = focus();
  bodies.forEach((body, i) => {
    body.setAttribute("fill-opacity", (0.04 + 0.96 * lit(now, i)).toFixed(3));
    const around = Number(rings[i].dataset.around), full = tau ? clamp(tau.share(now, i), 0, 1) : 0;
    rings[i].setAttribute("stroke-dasharray", `${(around * full).toFixed(1)} ${around.toFixed(1)}`);
    rings[i].setAttribute("stroke-opacity", i === about ? 1 : 0.65);
  });
  links.forEach((link, k) => {
    const flow = flowOf(link, flows), strength = Math.min(Math.abs(flow) / fullFlow[link.source < 0 ? 0 : 1], 1);
    const near = about < 0 || link.source === about || link.target === about;
    wires[k].setAttribute("stroke", flow >= 0 ? ink("excites") : ink("inhibits"));
    wires[k].setAttribute("stroke-width", (0.5 + 3.4 * strength).toFixed(2));
    wires[k].setAttribute("stroke-opacity", (near ? (about < 0 ? 0.08 + 0.8 * strength : 0.35 + 0.65 * strength)
      : 0.03 + 0.12 * strength).toFixed(3));
  });
});

function showTip(x, y) {
  const tip = byId("tip"), i = focus();
  if (i < 0) return;
  const lines = [`${names[i]}  (${roles[i]})`, `state ${format(state.at(now, i), 3)}  in ${format(state.low[i], 2)} … ${format(state.high[i], 2)}`];
  const ms = (seconds) => (1000 * seconds).toFixed(0);
  if (tau) lines.push(`τ_sys ${ms(tau.at(now, i))} ms  in ${ms(tau.low[i])} … ${ms(tau.high[i])} ms`);
  lines.push(`largest change per tick ${data.figures.changes[i].toFixed(3)}`, "click: its card");
  tip.textContent = lines.join("\n");
  tip.hidden = false;
  tip.style.left = `${clamp(x + 14, 4, window.innerWidth - tip.offsetWidth - 6)}px`;
  tip.style.top = `${clamp(y + 14, 4, window.innerHeight - tip.offsetHeight - 6)}px`;
}
