// The card of a neuron: what it is, what it reacts to, its synapses, and the frames in which it was most active.
const BINS = 12, FRAMES = 9;

// The mean state in bins of a cause over the selected ticks, between the cause's 1st and 99th percentile.
function tune(i, cause) {
  const ticks = selectedTicks(), values = ticks.map((t) => value(cause.name, t)), sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))], high = sorted[Math.ceil(0.99 * (sorted.length - 1))], width = (high - low) / BINS || 1;
  const sums = new Float64Array(BINS), counts = new Float64Array(BINS);
  ticks.forEach((t, k) => { if (values[k] >= low && values[k] <= high) { const b = Math.min(Math.floor((values[k] - low) / width), BINS - 1);
    sums[b] += state.at(t, i); counts[b] += 1; } });
  return { low, high, means: range(BINS, (b) => (counts[b] >= 3 ? sums[b] / counts[b] : NaN)) };
}

function drawTuning(canvas, i, cause) {
  const { low, high, means } = tune(i, cause), { pen, width, height } = preparePen(canvas), span = state.high[i] - state.low[i] || 1;
  const y = (v) => height - 18 - (height - 26) * (v - state.low[i]) / span, x = (b) => 6 + (b + 0.5) / BINS * (width - 12);
  pen.fillStyle = ink("muted");
  pen.font = "10px system-ui, sans-serif";
  pen.fillText(format(low * cause.factor, cause.digits), 4, height - 4);
  pen.textAlign = "right";
  pen.fillText(`${format(high * cause.factor, cause.digits)} ${cause.unit}`, width - 4, height - 4);
  pen.strokeStyle = ink("line");
  const zero = 6 + (0 - low) / (high - low || 1) * (width - 12);
  if (zero > 6 && zero < width - 6) { pen.beginPath(); pen.moveTo(zero, 4); pen.lineTo(zero, height - 16); pen.stroke(); }
  pen.strokeStyle = pen.fillStyle = roleInk(i);
  pen.lineWidth = 1.6;
  pen.beginPath();
  let down = false;
  means.forEach((v, b) => { if (Number.isNaN(v)) return; pen[down ? "lineTo" : "moveTo"](x(b), y(v)); down = true; });
  pen.stroke();
  means.forEach((v, b) => { if (!Number.isNaN(v)) { pen.beginPath(); pen.arc(x(b), y(v), 2, 0, 7); pen.fill(); } });
}

// What a neuron goes with most, in words.
function describeNeuron(i) {
  const found = sortBy(causes.map((cause) => ({ cause, r: correlate((t) => state.at(t, i), (t) => value(cause.name, t)) })),
    ({ r }) => -Math.abs(r))[0];
  if (!found || Math.abs(found.r) < 0.25) return "Its state goes with none of the measured quantities here.";
  return `Its state is high ${found.r > 0 ? found.cause.high : found.cause.low} (correlation with ${found.cause.words} ${formatSigned(found.r, 2)}).`;
}

// The ticks in which the neuron was most active, at least a second apart.
function findMostActive(i) {
  const best = sortBy(selectedTicks(), (t) => -state.at(t, i)), kept = [];
  for (const t of best) {
    if (kept.length === FRAMES) break;
    if (kept.every((other) => Math.abs(time[other] - time[t]) >= 1)) kept.push(t);
  }
  return kept;
}

function listSynapses(i, flows) {
  const rows = range(edges.source.length).filter((e) => edges.target[e] === i || edges.source[e] === i);
  const nameOf = (k) => (k < 0 ? `feature ${edges.features[-1 - k].split(" ")[1]}` : names[k]);
  const line = (e) => {
    const strength = make("input", { type: "range", min: 0, max: MOST_SCALE, step: 0.05, data: { synapse: e },
      oninput: (event) => changeSynapse(e, Number(event.target.value)),
      ariaLabel: `conductance of the synapse from ${nameOf(edges.source[e])} to ${nameOf(edges.target[e])}` });
    const other = edges.target[e] === i ? `from ${nameOf(edges.source[e])}` : `to ${nameOf(edges.target[e])}`;
    const polarity = make("td", { className: edges.weight[e] < 0 ? "inhibits" : "excites" }, formatSigned(edges.weight[e], 3));
    return make("tr", {}, make("td", {}, other), polarity, make("td", { data: { flow: e } }, formatSigned(flows[e], 4)),
      ...(circuit ? [make("td", { className: "strength" }, strength, make("output"))] : []));
  };
  const head = make("tr", {}, ...["synapse", "weight", "now", ...(circuit ? ["what if"] : [])].map((words) => make("th", {}, words)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...sortBy(rows,
    (e) => (edges.target[e] === i ? 0 : 1) - Math.abs(edges.weight[e]) / 1e3).map(line)));
}

// The range that the equations cannot leave, where it is known.
function describeBounds(i) {
  if (!data.bounds) return [];
  const { low, high, tauLow, tauHigh, why } = data.bounds, rows = [["never leaves", `${format(low[i], 2)} … ${format(high[i], 2)}`]];
  if (tauLow) rows.push(["its τ never leaves", `${(1000 * tauLow[i]).toFixed(0)} … ${(1000 * tauHigh[i]).toFixed(0)} ms`]);
  return rows.map(([term, words]) => make("div", { title: why }, make("dt", {}, term), make("dd", {}, words)));
}

addPart("card", () => {
  const i = chosen, card = byId("card");
  byId("card-hint").hidden = i >= 0;
  card.hidden = i < 0;
  if (i < 0) return;
  byId("card-name").textContent = names[i];
  byId("card-name").style.color = roleInk(i);
  byId("card-role").textContent = `${roles[i]} neuron`;
  const rule = data.explained && data.explained.rules[names[i]];
  byId("card-rule").textContent = describeNeuron(i) + (rule ? ` Its rule over all explained drives: ${rule}.` : "");
  const seen = selectedTicks().map((t) => state.at(t, i)), spread = seen.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)],
    [Infinity, -Infinity]);
  const fact = (term, words, id = "") => make("div", {}, make("dt", {}, term), make("dd", { id }, words));
  const facts = [fact("state now", "", "card-state"), fact(selection ? "in the selection" : "in this drive",
    spread.map((v) => format(v, 2)).join(" … "))];
  if (tau) facts.push(fact("time constant now", "", "card-tau"));
  byId("card-facts").replaceChildren(...facts, ...describeBounds(i));
  byId("tuning").replaceChildren(...causes.map((cause) => make("figure", {}, make("canvas"), make("figcaption", {}, cause.words))));
  causes.forEach((cause, k) => drawTuning(byId("tuning").children[k].firstChild, i, cause));
  byId("active").replaceChildren(...findMostActive(i).map((t) => {
    const picture = make("img", { src: frameUrl(data.frames.pictures, findFrame(t)), alt: "" });
    return make("button", { type: "button", className: "frame", onclick: () => go(t), ariaLabel: `go to ${time[t].toFixed(1)} s` }, picture,
      `${time[t].toFixed(1)} s`);
  }));
  byId("synapses").replaceChildren(listSynapses(i, findFlows(now)));
  showChangesOf(i);
}, () => {
  if (chosen < 0) return;
  byId("card-state").textContent = format(state.at(now, chosen), 3);
  if (tau) byId("card-tau").textContent = `${(1000 * tau.at(now, chosen)).toFixed(0)} ms`;
  for (const cell of byId("synapses").querySelectorAll("[data-flow]")) cell.textContent = formatSigned(flowNow[cell.dataset.flow], 4);
});
