// The backward pass of a whole sequence, tile by tile. Included once per lane width.
//
// The synapses are evaluated again, because that is cheaper than reading their activities s from memory. g and d are the gradients of a neuron's
// sums, and h = (g w E + d w) s (1 - s). For each synapse this file sums g s, d s, h v and h: in float lanes within a tile, in double over tiles.

// The gradients of the inputs of a neuron's sub-step, from the gradient g of its result.
struct Gradients {
    vf v, G, D, cm, d;
};

template <int SOLVER>
INLINE Gradients relax_backward(vf g, vf v, vf G, vf D, float cm, vf d, vf r) {
    if (SOLVER == SEMI_IMPLICIT) {
        const vf rate = (G - D * v) * r, g_v = g * (cm * r), g_G = g * (d * r);
        return {g_v, g_G, -g_G * (v + d * rate), -g_G * rate, g_v * rate};
    }
    const Decay one = decay(D, cm, d);
    const vf A = G / D, ue = (v - A) * one.e * (1.0f / cm);
    return {g * one.e, g * one.q, -g * (A * one.q + d * ue), g * (ue * one.x), -g * (ue * D)};
}

// The share of a resting neuron's gradient after a sub-step that reaches its potential before the sub-step.
template <int SOLVER>
INLINE vf carried(vf D, float cm, vf d) {
    return SOLVER == SEMI_IMPLICIT ? cm * reciprocal(cm + d * D) : decay(D, cm, d).e;
}

// The memory of a backward pass. raw to gD hold one part per step of a chunk. g holds one part for the start of a step and one per evaluation
// of the step. now_G and now_D are the gradients of one evaluation's sums.
struct Scratch {
    Rows raw, x, g_x, gG, gD, g, out, now_G, now_D, carry, sums;

    Scratch(const LtcJob& job, const Sums& sums)
        : raw(CHUNK * job.inputs * LANES), x(CHUNK * job.inputs * LANES), g_x(CHUNK * job.inputs * LANES), gG(CHUNK * job.units * LANES),
          gD(CHUNK * job.units * LANES), g((evaluations(job) + 1) * job.units * LANES), out(std::max(job.motors, job.units) * LANES),
          now_G(job.units * LANES), now_D(job.units * LANES), carry(2 * job.units * LANES), sums(sums.count * REGISTER) {}
};

// Write with single stores: memory that `memset` has just written cannot be read again at once.
INLINE void clear(float* rows, int64_t count) {
    for (int64_t i = 0; i < count; i++) store(rows + i * LANES, splat(0.0f));
}

// One step on the way back: the length d of its sub-steps, and the gradients gG and gD of its sums.
struct StepBack {
    const Step& forward;
    vf d;
    float *gG, *gD;
};

// Go back through evaluation n and its `advance`. The gradient of the result becomes the gradients of the start, of the point of evaluation, of
// the step's sums and of cm, for the neurons that synapses drive. Return the gradient of d.
template <int SOLVER, bool ADD>
INLINE vf advance_backward(const Prepared& prepared, const StepBack& step, int64_t n, int64_t start, vf d, const float* carry, const Sums& where,
                           Scratch& s) {
    const int64_t line = step.forward.units * LANES;
    const float *g = s.g.data + (n + 1) * line, *v = step.forward.v(start), *G = step.forward.G(n), *D = step.forward.D(n);
    float *g_start = s.g.data + start * line, *g_at = s.g.data + n * line;
    vf g_d = splat(0.0f);
    if (start != n) clear(g_at, step.forward.units);
    for (const int32_t i : prepared.resting) {
        const vf carried = load(g + i * LANES) * load(carry);
        store(g_start + i * LANES, ADD ? load(g_start + i * LANES) + carried : carried);
        carry += LANES;
    }
    for (const int32_t i : prepared.driven) {
        const float cm = prepared.cm[i];
        const vf r = reciprocal(cm + d * load(D));
        const Gradients to = relax_backward<SOLVER>(load(g + i * LANES), load(v + i * LANES), load(G), load(D), cm, d, r);
        store(g_start + i * LANES, ADD ? load(g_start + i * LANES) + to.v : to.v);
        store(s.now_G.data + i * LANES, to.G);
        store(s.now_D.data + i * LANES, to.D);
        add_to(step.gG + i * LANES, to.G);
        add_to(step.gD + i * LANES, to.D);
        sum_to(s.sums.data + (where.cm + i) * REGISTER, fold(to.cm));
        g_d += to.d;
        G += LANES, D += LANES;
    }
    evaluate_backward(prepared.inner, step.forward.v(n), s.now_G.data, s.now_D.data, g_at, s.sums.data + where.inner * REGISTER);
    return g_d;
}

// Add the gradients of the step's sums and of cm for the resting neurons, over all sub-steps at once. Return the gradient of d.
template <int SOLVER>
INLINE vf rest_backward(const Prepared& prepared, const StepBack& step, const Sums& where, Scratch& s) {
    const float *G = step.forward.resting_G(), *D = step.forward.resting_D();
    const int64_t H = step.forward.units, line = H * LANES, N = step.forward.evaluations;
    vf g_d = splat(0.0f);
    for (const int32_t i : prepared.resting) {
        vf gG = splat(0.0f), gD = gG, g_cm = gG;
        const auto add = [&](int64_t n, int64_t start, vf d, float weight) __attribute__((always_inline)) {
            const vf r = reciprocal(prepared.cm[i] + d * load(D));
            const Gradients to = relax_backward<SOLVER>(load(s.g.data + (n + 1) * line + i * LANES), load(step.forward.v(start) + i * LANES), load(G),
                                                        load(D), prepared.cm[i], d, r);
            gG += to.G;
            gD += to.D;
            g_cm += to.cm;
            g_d += weight * to.d;
        };
        if (SOLVER == EXPONENTIAL_MIDPOINT) {
            for (int64_t n = 0; n < N; n += 2) add(n, n, step.d * 0.5f, 0.5f);
            for (int64_t n = 1; n < N; n += 2) add(n, n - 1, step.d, 1.0f);
        } else {
            for (int64_t n = 0; n < N; n++) add(n, n, step.d, 1.0f);
        }
        store(step.gG + i * LANES, gG);
        store(step.gD + i * LANES, gD);
        sum_to(s.sums.data + (where.cm + i) * REGISTER, fold(g_cm));
        G += LANES, D += LANES;
    }
    return g_d;
}

// Add the loss's gradients of the potentials v after step t to g_v, and to the sums of the output mapping.
static void read_out_backward(const LtcJob& job, const Tile& tile, const Sums& where, Scratch& s, int64_t t, const float* v, float* g_v) {
    const int64_t H = job.units, M = job.motors;
    if (job.g_states) {
        tile.gather_gradient(job.g_states + t * H, job.time * H, H, s.out.data);
        for (int64_t i = 0; i < H; i++) add_to(g_v + i * LANES, load(s.out.data + i * LANES));
    }
    if (!job.g_motor) return;
    tile.gather_gradient(job.g_motor + t * M, job.time * M, M, s.out.data);
    for (int64_t m = 0; m < M; m++) {
        const vf g = load(s.out.data + m * LANES);
        add_to(g_v + m * LANES, g * job.parameters[OUTPUT_W][m]);
        sum_to(s.sums.data + (where.output_w + m) * REGISTER, fold_product(g, load(v + m * LANES)));
        sum_to(s.sums.data + (where.output_b + m) * REGISTER, fold(g));
    }
}

// Go back through the sensory synapses and the input mapping of at most CHUNK steps, from step `first` on, given the gradients of their sums.
static void sense_backward(const LtcJob& job, const Prepared& prepared, const Tile& tile, const Sums& where, Scratch& s, int64_t first) {
    const int64_t I = job.inputs, H = job.units;
    clear(s.g_x.data, CHUNK * I);
    evaluate_backward_over_time(prepared.sensory, I, H, s.x.data, s.gG.data, s.gD.data, s.g_x.data, s.sums.data + where.sensory * REGISTER);
    for (int64_t step = 0; step < std::min<int64_t>(CHUNK, job.time - first); step++) {
        for (int64_t i = 0; i < H; i++) {
            sum_to(s.sums.data + (where.drive_g + i) * REGISTER, fold(load(s.gG.data + (step * H + i) * LANES)));
            sum_to(s.sums.data + (where.drive_d + i) * REGISTER, fold(load(s.gD.data + (step * H + i) * LANES)));
        }
        float* g_x = s.g_x.data + step * I * LANES;
        for (int64_t i = 0; i < I; i++) {
            const vf g = load(g_x + i * LANES);
            sum_to(s.sums.data + (where.input_w + i) * REGISTER, fold_product(g, load(s.raw.data + (step * I + i) * LANES)));
            sum_to(s.sums.data + (where.input_b + i) * REGISTER, fold(g));
            store(g_x + i * LANES, g * job.parameters[INPUT_W][i]);
        }
        if (job.g_features) tile.scatter(g_x, job.time * I, I, job.g_features + (first + step) * I);
    }
}

// Go back through all sub-steps of a step, from the last part of s.g to the first. Return the gradient of the sub-step's length.
template <int SOLVER>
static vf unfolds_backward(const Prepared& prepared, const StepBack& step, const Sums& where, Scratch& s) {
    const vf half = step.d * 0.5f;
    float* half_carry = s.carry.data + step.forward.units * LANES;
    vf g_d = splat(0.0f);
    for (size_t k = 0; k < prepared.resting.size(); k++) {
        const vf D = load(step.forward.resting_D() + k * LANES);
        store(s.carry.data + k * LANES, carried<SOLVER>(D, prepared.cm[prepared.resting[k]], step.d));
        if (SOLVER == EXPONENTIAL_MIDPOINT) store(half_carry + k * LANES, carried<SOLVER>(D, prepared.cm[prepared.resting[k]], half));
    }
    for (const int32_t i : prepared.driven) {
        store(step.gG + i * LANES, splat(0.0f));
        store(step.gD + i * LANES, splat(0.0f));
    }
    for (int64_t n = step.forward.evaluations - 1; n >= 0; n--) {
        if (SOLVER != EXPONENTIAL_MIDPOINT) {
            g_d += advance_backward<SOLVER, false>(prepared, step, n, n, step.d, s.carry.data, where, s);
        } else if (n % 2 == 1) {
            g_d += advance_backward<SOLVER, false>(prepared, step, n, n - 1, step.d, s.carry.data, where, s);
        } else {
            g_d += 0.5f * advance_backward<SOLVER, true>(prepared, step, n, n, half, half_carry, where, s);
        }
    }
    return g_d + rest_backward<SOLVER>(prepared, step, where, s);
}

template <int SOLVER>
static void backward_tile(const LtcJob& job, const Prepared& prepared, const Sums& where, Scratch& s, int64_t index, double* total) {
    const Tile tile(job, index);
    const Tape tape(job);
    const int64_t H = job.units;
    Step step{job.tape + (index * tape.count + job.time * tape.step) * LANES, tape, H, evaluations(job)};
    std::memset(s.sums.data, 0, sizeof(float) * (size_t)(where.count * REGISTER));
    float* g_end = s.g.data + step.evaluations * H * LANES;
    tile.gather_gradient(job.g_last, H, H, g_end);
    clear(s.x.data, CHUNK * job.inputs);
    clear(s.gG.data, CHUNK * H);
    clear(s.gD.data, CHUNK * H);
    for (int64_t t = job.time - 1; t >= 0; t--) {
        const int64_t slot = t % CHUNK, slot_x = slot * job.inputs * LANES, slot_g = slot * H * LANES;
        step.data -= tape.step * LANES;
        read_out_backward(job, tile, where, s, t, step.v(step.evaluations), g_end);
        const vf g_d = unfolds_backward<SOLVER>(prepared, {step, tile.substep(t), s.gG.data + slot_g, s.gD.data + slot_g}, where, s);
        map_inputs(job, tile, t, s.raw.data + slot_x, s.x.data + slot_x);
        if (slot == 0) sense_backward(job, prepared, tile, where, s, t);
        std::copy(s.g.data, s.g.data + H * LANES, g_end);
        if (job.g_dt) {
            store(s.out.data, g_d * (1.0f / (float)job.unfolds));
            tile.scatter(s.out.data, job.time, 1, job.g_dt + t);
        }
    }
    if (job.g_state) tile.scatter(g_end, H, H, job.g_state);
    for (int64_t i = 0; i < where.count; i++)
        for (int64_t lane = 0; lane < REGISTER; lane++) total[4 * i + lane % 4] += s.sums.data[i * REGISTER + lane];
}

static void backward(const LtcJob& job) {
    const Prepared prepared(job);
    const Sums where(job);
    const auto tile = job.solver == SEMI_IMPLICIT ? backward_tile<SEMI_IMPLICIT>
                      : job.solver == EXPONENTIAL_EULER ? backward_tile<EXPONENTIAL_EULER> : backward_tile<EXPONENTIAL_MIDPOINT>;
    const int64_t chunks = std::min<int64_t>(tiles(job), CHUNKS), sums = 4 * where.count;
    std::vector<double> totals((size_t)(std::max<int64_t>(chunks, 1) * sums));
    share(chunks, job.threads, [&](int64_t chunk) {
        Scratch scratch(job, where);
        for (int64_t index = chunk; index < tiles(job); index += chunks) tile(job, prepared, where, scratch, index, totals.data() + chunk * sums);
    });
    for (int64_t chunk = 1; chunk < chunks; chunk++)
        for (int64_t i = 0; i < sums; i++) totals[i] += totals[chunk * sums + i];
    finish(job, prepared, where, totals.data());
}
