// The equations of an LTC, as policy/kernels/reference.py states them: the neurons run again in the page, also with changes.
// Other cells have no circuit here. Then edges carry the weight times the source's activity, and nothing can be changed.
const circuit = data.circuit && features ? data.circuit : null, H = names.length;
const sensoryCount = circuit ? circuit.sensory.source.length : 0;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// What is changed: a neuron's outgoing synapses times `scale`, a neuron's state held at `clamp`, a synapse's conductance times a factor.
const noChanges = () => ({ neurons: {}, synapses: {} });
const isChanged = (changes) => Object.keys(changes.neurons).length + Object.keys(changes.synapses).length > 0;

// The factors of all synapses' conductances, and those of the motor outputs.
function findFactors(changes) {
  const scaleOf = (i) => (changes.neurons[i] && changes.neurons[i].scale !== undefined ? changes.neurons[i].scale : 1);
  const factors = Float64Array.from(edges.source, (source, e) => (source < 0 ? 1 : scaleOf(source)) * (changes.synapses[e] ?? 1));
  return { factors, outputs: range(circuit.output_w.length, scaleOf) };
}

// Conductances w sigma of all synapses at tick t while the neurons are at v.
function findConductances(t, v, factors, into, sensoryToo) {
  const c = circuit, I = c.input_w.length;
  if (sensoryToo) for (let e = 0; e < sensoryCount; e++) {
    const j = c.sensory.source[e], x = features[t * I + j] * c.input_w[j] + c.input_b[j];
    into[e] = factors[e] * c.sensory_w[e] * sigmoid(c.sensory_sigma[e] * (x - c.sensory_mu[e]));
  }
  for (let e = 0; e < c.inner.source.length; e++) {
    into[sensoryCount + e] = factors[sensoryCount + e] * c.w[e] * sigmoid(c.sigma[e] * (v[c.inner.source[e]] - c.mu[e]));
  }
}
const reversal = (e) => (e < sensoryCount ? circuit.sensory_erev[e] : circuit.erev[e - sensoryCount]);

// One sub-step of length d from v. `add(e, i, amount)` gets what each synapse (or the leak, e = -1) adds to neuron i.
function subStep(t, v, d, changes, factors, g, first, add) {
  findConductances(t, v, factors, g, first);
  if (circuit.solver === "exponential_midpoint") {
    const half = Float64Array.from(v);
    spread(v, d / 2, g, (e, i, amount) => { half[i] += amount; });
    holdClamped(half, changes);
    findConductances(t, half, factors, g, false);
  }
  spread(v, d, g, add);
}
const hold = new Float64Array(H), share = new Float64Array(H);
function spread(v, d, g, add) {
  const c = circuit;
  for (let i = 0; i < H; i++) hold[i] = c.gleak[i];
  for (let e = 0; e < g.length; e++) hold[edges.target[e]] += g[e];
  for (let i = 0; i < H; i++) share[i] = c.solver === "semi_implicit" ? d / (c.cm[i] + d * hold[i]) : -Math.expm1(-d * hold[i] / c.cm[i]) / hold[i];
  for (let e = 0; e < g.length; e++) { const i = edges.target[e]; add(e, i, share[i] * g[e] * (reversal(e) - v[i])); }
  for (let i = 0; i < H; i++) add(-1, i, share[i] * c.gleak[i] * (c.vleak[i] - v[i]));
}

// Runs one step from v, and returns the new state. `add` is as above.
function stepOnce(t, v, changes, factors, g, add) {
  let before = Float64Array.from(v);
  for (let u = 0; u < circuit.unfolds; u++) {
    const after = Float64Array.from(before);
    const take = (e, i, amount) => { after[i] += amount; if (add) add(e, i, amount); };
    subStep(t, before, stepTimes[t] / circuit.unfolds, changes, factors, g, u === 0, take);
    holdClamped(after, changes);
    before = after;
  }
  return before;
}
function holdClamped(v, changes) {
  for (const [i, change] of Object.entries(changes.neurons)) if (change.clamp !== undefined) v[i] = change.clamp;
}

// Runs the whole drive: the states of all ticks, and the motor output of each.
function runCircuit(changes) {
  const { factors, outputs } = findFactors(changes), g = new Float64Array(edges.source.length);
  const states = new Float64Array(count * H), outs = new Float64Array(count);
  let v = new Float64Array(H);
  holdClamped(v, changes);
  for (let t = 0; t < count; t++) {
    v = stepOnce(t, v, changes, factors, g, null);
    states.set(v, t * H);
    outs[t] = v[0] * circuit.output_w[0] * outputs[0] + circuit.output_b[0];
  }
  return { states, outs, changes };
}

// What each synapse (`parts`) and each leak (`leaks`) added to its neuron in tick t of a run: together exactly the change of the state.
function splitChange(run, t) {
  const { factors } = findFactors(run.changes), g = new Float64Array(edges.source.length);
  const before = t ? run.states.slice((t - 1) * H, t * H) : new Float64Array(H);
  const parts = new Float64Array(g.length), leaks = new Float64Array(H);
  if (!t) holdClamped(before, run.changes);
  stepOnce(t, before, run.changes, factors, g, (e, i, amount) => { if (e < 0) leaks[i] += amount; else parts[e] += amount; });
  return { parts, leaks, before };
}

// What flows along each connection at tick t: synaptic currents of an LTC, weighted signals of other cells. Of a connection from a feature it is
// known only where the drive's features are.
const flowNow = new Float64Array(edges.source.length), stateNow = new Float64Array(H);
function findFlows(t) {
  for (let i = 0; i < H; i++) stateNow[i] = state.at(t, i);
  if (circuit) {
    findConductances(t, stateNow, asDriven.factors, flowNow, true);
    for (let e = 0; e < flowNow.length; e++) flowNow[e] *= reversal(e) - stateNow[edges.target[e]];
    return flowNow;
  }
  const I = edges.features.length ? features ? features.length / count : 0 : 0;
  for (let e = 0; e < flowNow.length; e++) {
    const j = edges.source[e];
    flowNow[e] = edges.weight[e] * (j >= 0 ? stateNow[j] : I ? features[t * I + Number(edges.features[-1 - j].split(" ")[1])] : 0);
  }
  return flowNow;
}

// The steer that a motor output means at a tick: the network predicts a steer or a curvature, which the bicycle model turns into a steer.
function toSteer(out, t) {
  const { target, scale, output } = circuit.prediction, predicted = (output === "sinh" ? Math.sinh(out) : out) * scale;
  if (target !== "curvature" || !series.speed_mps) return target === "curvature" ? predicted : clamp(predicted, -1, 1);
  const { wheelbase_m, max_steer_deg, steering_curve } = circuit.bicycle, kmh = 3.6 * Math.abs(value("speed_mps", t));
  const next = steering_curve.findIndex(([speed]) => speed >= kmh), [a,
    b] = next < 0 ? steering_curve.slice(-1).concat(steering_curve.slice(-1)) : [steering_curve[Math.max(next - 1, 0)], steering_curve[next]];
  const allowed = b[0] > a[0] ? a[1] + (b[1] - a[1]) * (kmh - a[0]) / (b[0] - a[0]) : b[1];
  return clamp(Math.atan(wheelbase_m * predicted) / (max_steer_deg * Math.PI / 180 * allowed), -1, 1);
}

const asDriven = circuit ? { ...runCircuit(noChanges()), ...findFactors(noChanges()) } : null;
