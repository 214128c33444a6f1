// Why this steer? What each synapse and the leak added to the motor neuron in this tick and, one step back, to the neuron behind a bar.
// The bars of a list add up to the whole change of its neuron, because each sub-step of the equations is a sum over them.
const MOST_BARS = 8;
let asked = -1;  // the neuron that is asked about one step back, or -1 for the one with the longest bar

// The contributions to neuron i in tick t, longest first: {source, words, amount}; the sum is the change of its state.
function listReasons(t, i, run = changed || asDriven) {
  const { parts, leaks, before } = splitChange(run, t), items = [{ source: i, words: "its leak", amount: leaks[i], isLeak: true }];
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

function drawReasons(holder, title, t, i, sign, ends, onChoose) {
  const { items, sum, before } = listReasons(t, i), top = Math.max(...items.map((item) => Math.abs(item.amount)), 1e-9);
  const shown = items.slice(0, MOST_BARS), rest = items.slice(MOST_BARS);
  if (rest.length) shown.push({ words: `${rest.length} others`, amount: rest.reduce((total, item) => total + item.amount, 0) });
  const list = shown.map((item) => {
    const amount = sign * item.amount, wide = `${(50 * Math.min(Math.abs(amount) / top, 1)).toFixed(1)}%`;
    const bar = make("i", { className: amount < 0 ? "minus" : "plus", style: { width: wide, [amount < 0 ? "right" : "left"]: "50%" } });
    const label = item.source >= 0 && !item.isLeak && onChoose ? make("button",
      { type: "button", className: "plain", onclick: () => onChoose(item.source) }, item.words) : item.words;
    return make("li", {}, make("span", {}, label), make("b", {}, bar), make("span", {}, formatSigned(amount, 4)));
  });
  const words = `together ${formatSigned(sign * sum, 4)}: the state of ${names[i]} goes from ${format(before, 4)} to ${format(before + sum, 4)}`;
  holder.replaceChildren(make("h3", {}, title), make("p", { className: "ends" }, make("span", {}, `◀ ${ends[0]}`),
    make("span", {}, `${ends[1]} ▶`)), make("ul", { className: "bars" }, ...list), make("p", { className: "sum" }, words));
  holder.dataset.sum = String(sum);
  return items;
}

addPart("reasons", () => {
  byId("why").disabled = !circuit || motor < 0;
  byId("why").title = byId("why").disabled ? whyNotAgain() : "what pushed the wheel at this moment (w)";
  byId("reasons").hidden = byId("why").getAttribute("aria-expanded") !== "true" || byId("why").disabled;
}, () => {
  if (byId("reasons").hidden) return;
  const items = drawReasons(byId("reasons-motor"), `What moved ${names[motor]} in this tick`, now, motor, towardsRight(),
    ["to the left", "to the right"], (i) => { asked = i; show(now); });
  const first = items.find((item) => item.source >= 0 && !item.isLeak && item.source !== motor),
    back = asked >= 0 ? asked : first ? first.source : motor;
  drawReasons(byId("reasons-back"), `One step back: what moved ${names[back]}`, now, back, 1, ["lowers it", "raises it"], null);
});

// Says why the page cannot run the neurons again.
function whyNotAgain() {
  if (!data.circuit) return "Only an LTC's equations are in this page. Other cells show states and weighted signals.";
  if (data.ticks[count - 1] + 1 > count) return "This drive is so long that the page does not hold every tick.";
  return "This drive was saved without the front-end's features: drive again to have them.";
}
