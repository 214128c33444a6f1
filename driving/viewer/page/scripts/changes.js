// What if? Take a neuron out, hold it, scale it, or cut a synapse, and run the neurons again from the stored features.
const MOST_SCALE = 3;  // of a neuron or synapse
let changes = noChanges(), changed = null;

function applyChanges() {
  changed = circuit && isChanged(changes) ? runCircuit(changes) : null;
  if (chosen >= 0) showChangesOf(chosen);
  refresh(["strips", "changes"]);
}
function changeNeuron(i, change) {
  if (change) changes.neurons[i] = change; else delete changes.neurons[i];
  applyChanges();
}
function changeSynapse(e, factor) {
  if (factor === 1) delete changes.synapses[e]; else changes.synapses[e] = factor;
  applyChanges();
}

// Sets the card's choices and sliders to what is changed.
function showChangesOf(i) {
  byId("change").hidden = !circuit;
  if (!circuit) return;
  for (const slider of byId("synapses").querySelectorAll("input")) {
    slider.value = changes.synapses[slider.dataset.synapse] ?? 1;
    slider.nextSibling.textContent = Number(slider.value) ? `× ${Number(slider.value)}` : "cut";
  }
  const change = changes.neurons[i], kind = !change ? "driven" : change.clamp !== undefined ? "held" : change.scale === 0 ? "out" : "scaled";
  for (const choice of document.querySelectorAll("[name=change]")) choice.checked = choice.value === kind;
  const amount = byId("amount");
  byId("amount-row").hidden = kind !== "held" && kind !== "scaled";
  if (kind === "held") Object.assign(amount, { min: Math.min(state.low[i], 0).toFixed(3), max: Math.max(state.high[i], 0).toFixed(3), step: 0.001,
    value: change.clamp });
  if (kind === "scaled") Object.assign(amount, { min: 0.05, max: MOST_SCALE, step: 0.05, value: change.scale });
  byId("amount-words").textContent = kind === "held" ? `at ${format(change.clamp, 3)}` : kind === "scaled" ? `× ${format(change.scale, 2)}` : "";
}
function readChange() {
  const kind = document.querySelector("[name=change]:checked").value, before = changes.neurons[chosen], amount = Number(byId("amount").value);
  if (kind === "driven") changeNeuron(chosen, null);
  else if (kind === "out") changeNeuron(chosen, { scale: 0 });
  else if (kind === "scaled") changeNeuron(chosen, { scale: before && before.scale ? amount : 0.5 });
  else changeNeuron(chosen, { clamp: before && before.clamp !== undefined ? amount : Number(state.at(now, chosen).toFixed(3)) });
}

function describeChange(i) {
  const change = changes.neurons[i];
  if (change.clamp !== undefined) return `${names[i]} held at ${format(change.clamp, 3)}`;
  return change.scale === 0 ? `${names[i]} taken out` : `${names[i]} × ${change.scale}`;
}
function describeSynapse(e) {
  const source = edges.source[e] < 0 ? `feature ${edges.features[-1 - edges.source[e]].split(" ")[1]}` : names[edges.source[e]];
  return `${source} → ${names[edges.target[e]]} ${changes.synapses[e] ? `× ${changes.synapses[e]}` : "cut"}`;
}

// How far the changed steering is from the driven one over the selected ticks.
function compareSteering() {
  const ticks = selectedTicks(), apart = ticks.map((t) => Math.abs(toSteer(changed.outs[t], t) - toSteer(asDriven.outs[t], t)));
  const most = ticks[apart.indexOf(Math.max(...apart))];
  return { mean: apart.reduce((sum, v) => sum + v, 0) / apart.length, most, at: Math.max(...apart) };
}

// What the same lesion did to a car that was driven with it, where that is known: neurons that are taken out, and nothing else.
function describeClosedLoop() {
  const out = Object.keys(changes.neurons).filter((i) => changes.neurons[i].scale === 0);
  const whole = isChanged({ neurons: {}, synapses: changes.synapses });
  if (!data.explained || whole || out.length !== Object.keys(changes.neurons).length) return "";
  const lesions = data.explained.lesions, own = out.map((i) => names[i]);
  const known = lesions[own.join(" and ")] || lesions[own.reverse().join(" and ")];
  if (!known) return "This lesion was not driven in closed loop.";
  const [change, low, high] = known.lateral || [];
  const end = (v) => (v === null ? "?" : formatSigned(v, 3));
  const far = known.lateral ? `, ${formatSigned(change, 3)} m off the centre (${end(low)} to ${end(high)})` : "";
  return `Closed loop, over ${plural(known.drives, "drive")}: ${known.words}${far}.`;
}

addPart("changes", () => {
  byId("cannot-change").hidden = Boolean(circuit);
  byId("cannot-change").textContent = circuit ? "" : whyNotAgain();
  byId("changes-hint").hidden = !circuit || Boolean(changed);
  byId("changed").hidden = !changed;
  const chip = (words, undo) => make("button", { type: "button", className: "chip", onclick: undo, ariaLabel: `undo: ${words}` }, `${words}  ✕`);
  byId("made").replaceChildren(
    ...Object.keys(changes.neurons).map((i) => chip(describeChange(i), () => changeNeuron(i, null))),
    ...Object.keys(changes.synapses).map((e) => chip(describeSynapse(e), () => changeSynapse(e, 1))),
  );
  if (!changed) return;
  byId("closed-loop").textContent = describeClosedLoop();
  const { mean, most, at } = compareSteering();
  byId("compared").replaceChildren(`The steer differs by ${mean.toFixed(3)} on average, and by ${at.toFixed(3)} at most, `,
    make("button", { type: "button", className: "plain", onclick: () => go(most) }, `at ${time[most].toFixed(1)} s`), ".");
}, () => {
  if (!changed) return;
  const [driven, other] = [asDriven, changed].map((run) => formatSigned(toSteer(run.outs[now], now), 3));
  byId("changed-now").textContent = `steer now: driven ${driven}, changed ${other}`;
});
