// Why this steer? What each synapse and the leak added to the motor neuron in this tick and, one step back, to the neuron behind a bar.
// The bars of a list add up to the whole change of its neuron, because each sub-step of the equations is a sum over them.
const MOST_BARS = 8;
let asked = -1;  // the neuron that is asked about one step back, or -1 for the one with the longest bar

// The contributions to neuron i in tick t, longest first: {source, words, amount}; the sum is the change of its state.
function listReasons(t, i, { parts, leaks, before } = splitChange(changed || asDriven, t)) {
  const items = [{ source: i, words: "its leak", amount: leaks[i], isLeak: true }];
  edges.target.forEach((target, e) => {
    if (target !== i) return;
    const source = edges.source[e];
    items.push({ source, words: source < 0 ? `feature ${edges.features[-1 - source].split(" ")[1]}` : names[source], amount: parts[e] });
  });
  items.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  return { items, sum: items.reduce((total, item) => total + item.amount, 0), before: before[i] };
}

// The sign that turns a rise of the motor neuron into a steer to the right.
const towardsRight = () => (circuit.output_w[0] * circuit.prediction.scale < 0 ? -1 : 1);

// Makes an empty list once. Each tick fills it again, which is much faster than to make it again.
function makeReasons(holder, onChoose) {
  const title = make("h3"), ends = [make("span"), make("span")], sum = make("p", { className: "sum" });
  const rows = range(MOST_BARS + 1, () => {
    const row = { name: make("span"), bar: make("i"), amount: make("span"), source: -1 };
    row.button = make("button", { type: "button", className: "plain", onclick: () => onChoose(row.source) });
    return Object.assign(row, { item: make("li", {}, make("span", {}, row.button, row.name), make("b", {}, row.bar), row.amount) });
  });
  holder.replaceChildren(title, make("p", { className: "ends" }, ...ends), make("ul", { className: "bars" }, ...rows.map((row) => row.item)), sum);
  return { holder, title, ends, rows, sum, onChoose };
}

function fillReasons(list, title, { items, sum, before }, i, sign, ends) {
  const top = Math.max(Math.abs(items[0].amount), 1e-9), shown = items.slice(0, MOST_BARS), rest = items.slice(MOST_BARS);
  if (rest.length) shown.push({ source: -1, words: `${rest.length} others`, amount: rest.reduce((total, item) => total + item.amount, 0) });
  list.title.textContent = title;
  list.ends[0].textContent = `◀ ${ends[0]}`;
  list.ends[1].textContent = `${ends[1]} ▶`;
  list.rows.forEach((row, k) => {
    row.item.hidden = k >= shown.length;
    if (row.item.hidden) return;
    const item = shown[k], amount = sign * item.amount, canChoose = item.source >= 0 && !item.isLeak && Boolean(list.onChoose);
    row.source = item.source;
    row.button.hidden = !canChoose;
    row.button.textContent = canChoose ? item.words : "";
    row.name.textContent = canChoose ? "" : item.words;
    row.bar.className = amount < 0 ? "minus" : "plus";
    row.bar.style.width = `${(50 * Math.min(Math.abs(amount) / top, 1)).toFixed(1)}%`;
    row.amount.textContent = formatSigned(amount, 4);
  });
  list.sum.textContent = `together ${formatSigned(sign * sum, 4)}: the state of ${names[i]} goes from ${format(before, 4)} to ${
    format(before + sum, 4)}`;
  list.holder.dataset.sum = String(sum);
}

const motorReasons = makeReasons(byId("reasons-motor"), (i) => { asked = i; show(now); }), backReasons = makeReasons(byId("reasons-back"), null);

addPart("reasons", () => {
  byId("why").disabled = !circuit || motor < 0;
  byId("why").title = byId("why").disabled ? whyNotAgain() : "what pushed the wheel at this moment (w)";
  byId("reasons").hidden = byId("why").getAttribute("aria-expanded") !== "true" || byId("why").disabled;
}, () => {
  if (byId("reasons").hidden) return;
  const change = splitChange(changed || asDriven, now), reasons = listReasons(now, motor, change);
  fillReasons(motorReasons, `What moved ${names[motor]} in this tick`, reasons, motor, towardsRight(), ["to the left", "to the right"]);
  const first = reasons.items.find((item) => item.source >= 0 && !item.isLeak && item.source !== motor),
    back = asked >= 0 ? asked : first ? first.source : motor;
  fillReasons(backReasons, `One step back: what moved ${names[back]}`, listReasons(now, back, change), back, 1, ["lowers it", "raises it"]);
});

// Says why the page cannot run the neurons again.
function whyNotAgain() {
  if (!data.circuit) return "Only an LTC's equations are in this page. Other cells show states and weighted signals.";
  if (data.ticks[count - 1] + 1 > count) return "This drive is so long that the page does not hold every tick.";
  return "This drive was saved without the front-end's features: drive again to have them.";
}
