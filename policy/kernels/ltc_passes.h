// The whole sequence forwards and backwards, a tile at a time. Included once a lane width.
//
// The forward pass keeps the potentials before each evaluation of the synapses ("tape"). The backward pass evaluates the synapses again,
// a neuron at a time: its sums G = gleak vleak + sum w s E and D = gleak + sum w s, then, from their gradients g and d and with
// h = (g w E + d w) s (1 - s), the sums of g s, d s, h v and h a synapse. They are kept in float lanes over a tile, in double over tiles.

INLINE void map_inputs(const LtcJob& job, const Tile& tile, int64_t t, float* raw, float* x) {
    tile.gather(job.features + t * job.inputs, job.time * job.inputs, job.inputs, raw);
    for (int64_t i = 0; i < job.inputs; i++) store(x + i * LANES, load(raw + i * LANES) * job.parameters[INPUT_W][i] + job.parameters[INPUT_B][i]);
}

// The parts of G and D that stay the same over a step; keeps the sensory activities in `kept` where given.
template <bool KEEP>
INLINE void sense(const LtcJob& job, const Prepared& prepared, const float* x, float* G, float* D, float* kept) {
    for (int64_t i = 0; i < job.units; i++) {
        const int32_t first = job.sensory_row[i], last = job.sensory_row[i + 1];
        vf g = splat(prepared.leak[i]), d = splat(prepared.gleak[i]);
        evaluate<KEEP>(prepared.sensory.data(), first, last, x, g, d, KEEP ? kept + first * LANES : nullptr);
        store(G + i * LANES, g);
        store(D + i * LANES, d);
    }
}

// A sub-step of length d from `start`, with the synapses evaluated at `at`; the whole one, or the midpoint's first half.
template <int SOLVER>
INLINE void advance(const LtcJob& job, const Prepared& prepared, const float* start, const float* at, const float* G0, const float* D0, vf d, float* out) {
    for (int64_t i = 0; i < job.units; i++) {
        const vf v = load(start + i * LANES);
        vf G = load(G0 + i * LANES), D = load(D0 + i * LANES);
        evaluate<false>(prepared.inner.data(), job.row[i], job.row[i + 1], at, G, D, nullptr);
        const vf factor = SOLVER == SEMI_IMPLICIT ? d * reciprocal(prepared.cm[i] + d * D) : decay(D, prepared.cm[i], d).q;
        store(out + i * LANES, v + (G - D * v) * factor);
    }
}

template <int SOLVER>
static void forward_tile(const LtcJob& job, const Prepared& prepared, int64_t index) {
    const Tile tile(job, index);
    const int64_t H = job.units, I = job.inputs, M = job.motors, line = H * LANES;
    Rows raw(I * LANES), x(I * LANES), G0(line), D0(line), out(M * LANES), spare(3 * line);
    float* tape = job.tape ? job.tape + index * tape_floats(job) : nullptr;
    float* v = tape ? tape : spare.data;
    tile.gather(job.state, H, H, v);
    for (int64_t t = 0; t < job.time; t++) {
        map_inputs(job, tile, t, raw.data, x.data);
        sense<false>(job, prepared, x.data, G0.data, D0.data, nullptr);
        const vf d = tile.substep(t);
        for (int64_t k = 0; k < job.unfolds; k++) {
            // With a tape all potentials stay; without, three rows take turns.
            const auto next = [&](float* from) { return tape ? from + line : spare.data + ((from - spare.data) / line + 1) % 3 * line; };
            float *start = v, *at = v;
            if (SOLVER == EXPONENTIAL_MIDPOINT) {
                at = next(v);
                advance<SOLVER>(job, prepared, start, start, G0.data, D0.data, d * 0.5f, at);
            }
            v = next(at);
            advance<SOLVER>(job, prepared, start, at, G0.data, D0.data, d, v);
        }
        for (int64_t m = 0; m < M; m++) store(out.data + m * LANES, load(v + m * LANES) * job.parameters[OUTPUT_W][m] + job.parameters[OUTPUT_B][m]);
        tile.scatter(out.data, job.time * M, M, job.motor + t * M);
        if (job.states) tile.scatter(v, job.time * H, H, job.states + t * H);
    }
    tile.scatter(v, H, H, job.last);
}

// The derivatives of a neuron's potential after a sub-step.
struct Slopes {
    vf v, G, D, cm, d;
};

template <int SOLVER>
INLINE Slopes slopes(vf v, vf G, vf D, float cm, vf d) {
    if (SOLVER == SEMI_IMPLICIT) {
        const vf r = reciprocal(cm + d * D), rate = (G - D * v) * r, by_G = d * r;
        return {cm * r, by_G, -(v + d * rate) * by_G, -by_G * rate, cm * r * rate};
    }
    const Decay one = decay(D, cm, d);
    const vf A = G / D, ue = (v - A) * one.e * (1.0f / cm);
    return {one.e, one.q, -(A * one.q + d * ue), ue * one.x, -ue * D};
}

static const int NEURONS = 8;

struct Scratch {
    Rows raw, x, g_x, out, g, g_next, g_middle, G0, D0, gG, gD, sums, kept, kept_sensory;

    Scratch(const LtcJob& job, const Sums& sums)
        : raw(job.inputs * LANES), x(job.inputs * LANES), g_x(job.inputs * LANES), out(std::max(job.motors, job.units) * LANES), g(job.units * LANES),
          g_next(job.units * LANES), g_middle(job.units * LANES), G0(job.units * LANES), D0(job.units * LANES), gG(job.units * LANES),
          gD(job.units * LANES), sums(sums.count * REGISTER), kept(job.synapses * LANES),
          kept_sensory(job.sensory_synapses * LANES) {}
};

INLINE void clear(Rows& rows, int64_t count) { std::memset(rows.data, 0, sizeof(float) * (size_t)(count * LANES)); }

// Through one `advance` backwards: from g (of its result) to the gradients of start and at (added), of the step's sums, of cm; gives that of d.
// A few neurons at a time are evaluated first, then gone back through: one at a time would wait for itself, all would leave the nearest cache.
template <int SOLVER>
INLINE vf advance_backward(const LtcJob& job, const Prepared& prepared, const float* start, const float* at, vf d, const float* g, float* g_start,
                           float* g_at, const Sums& where, Scratch& s) {
    const Synapse* synapses = prepared.inner.data();
    vf g_d = splat(0.0f);
    for (int64_t block = 0; block < job.units; block += NEURONS) {
        const int64_t end = std::min<int64_t>(block + NEURONS, job.units);
        float* kept = s.kept.data - job.row[block] * LANES;
        vf gG[NEURONS], gD[NEURONS];
        for (int64_t i = block; i < end; i++) {
            vf G = load(s.G0.data + i * LANES), D = load(s.D0.data + i * LANES);
            evaluate<true>(synapses, job.row[i], job.row[i + 1], at, G, D, kept + job.row[i] * LANES);
            const Slopes to = slopes<SOLVER>(load(start + i * LANES), G, D, prepared.cm[i], d);
            const vf g_ = load(g + i * LANES);
            gG[i - block] = g_ * to.G;
            gD[i - block] = g_ * to.D;
            g_d += g_ * to.d;
            add_to(g_start + i * LANES, g_ * to.v);
            add_to(s.gG.data + i * LANES, g_ * to.G);
            add_to(s.gD.data + i * LANES, g_ * to.D);
            sum_to(s.sums.data + (where.cm + i) * REGISTER, fold_product(g_, to.cm));
        }
        for (int64_t i = block; i < end; i++)
            evaluate_backward(synapses, job.row[i], job.row[i + 1], at, kept + job.row[i] * LANES, gG[i - block], gD[i - block], g_at, s.sums.data);
    }
    return g_d;
}

// Adds what the loss says about the potentials v after step t to s.g, and to the output mapping's sums.
static void read_out_backward(const LtcJob& job, const Tile& tile, const Sums& where, Scratch& s, int64_t t, const float* v) {
    const int64_t H = job.units, M = job.motors;
    if (job.g_states) {
        tile.gather_gradient(job.g_states + t * H, job.time * H, H, s.out.data);
        for (int64_t i = 0; i < H; i++) add_to(s.g.data + i * LANES, load(s.out.data + i * LANES));
    }
    if (!job.g_motor) return;
    tile.gather_gradient(job.g_motor + t * M, job.time * M, M, s.out.data);
    for (int64_t m = 0; m < M; m++) {
        const vf g = load(s.out.data + m * LANES);
        add_to(s.g.data + m * LANES, g * job.parameters[OUTPUT_W][m]);
        sum_to(s.sums.data + (where.output_w + m) * REGISTER, fold_product(g, load(v + m * LANES)));
        sum_to(s.sums.data + (where.output_b + m) * REGISTER, fold(g));
    }
}

// Through the sensory synapses and the input mapping of step t, from the gradients of the step's sums.
static void sense_backward(const LtcJob& job, const Prepared& prepared, const Tile& tile, const Sums& where, Scratch& s, int64_t t) {
    const int64_t I = job.inputs;
    clear(s.g_x, I);
    for (int64_t i = 0; i < job.units; i++) {
        const int32_t first = job.sensory_row[i], last = job.sensory_row[i + 1];
        const vf g = load(s.gG.data + i * LANES), d = load(s.gD.data + i * LANES);
        sum_to(s.sums.data + (where.drive_g + i) * REGISTER, fold(g));
        sum_to(s.sums.data + (where.drive_d + i) * REGISTER, fold(d));
        evaluate_backward(prepared.sensory.data(), first, last, s.x.data, s.kept_sensory.data + first * LANES, g, d, s.g_x.data,
                          s.sums.data + where.sensory * REGISTER);
    }
    for (int64_t i = 0; i < I; i++) {
        const vf g = load(s.g_x.data + i * LANES);
        sum_to(s.sums.data + (where.input_w + i) * REGISTER, fold_product(g, load(s.raw.data + i * LANES)));
        sum_to(s.sums.data + (where.input_b + i) * REGISTER, fold(g));
        store(s.g_x.data + i * LANES, g * job.parameters[INPUT_W][i]);
    }
    if (job.g_features) tile.scatter(s.g_x.data, job.time * I, I, job.g_features + t * I);
}

template <int SOLVER>
static void backward_tile(const LtcJob& job, const Prepared& prepared, const Sums& where, Scratch& s, int64_t index, double* total) {
    const Tile tile(job, index);
    const int64_t H = job.units, line = H * LANES, stride = (SOLVER == EXPONENTIAL_MIDPOINT ? 2 : 1) * line;
    const float* tape = job.tape + index * tape_floats(job);
    std::memset(s.sums.data, 0, sizeof(float) * (size_t)(where.count * REGISTER));
    tile.gather_gradient(job.g_last, H, H, s.g.data);
    for (int64_t t = job.time - 1; t >= 0; t--) {
        const float* step = tape + t * job.unfolds * stride;
        read_out_backward(job, tile, where, s, t, step + job.unfolds * stride);
        map_inputs(job, tile, t, s.raw.data, s.x.data);
        sense<true>(job, prepared, s.x.data, s.G0.data, s.D0.data, s.kept_sensory.data);
        clear(s.gG, H);
        clear(s.gD, H);
        const vf d = tile.substep(t);
        vf g_d = splat(0.0f);
        for (int64_t k = job.unfolds - 1; k >= 0; k--) {
            const float *start = step + k * stride, *middle = start + line;
            clear(s.g_next, H);
            if (SOLVER == EXPONENTIAL_MIDPOINT) {
                clear(s.g_middle, H);
                g_d += advance_backward<SOLVER>(job, prepared, start, middle, d, s.g.data, s.g_next.data, s.g_middle.data, where, s);
                g_d += 0.5f * advance_backward<SOLVER>(job, prepared, start, start, d * 0.5f, s.g_middle.data, s.g_next.data, s.g_next.data, where, s);
            } else {
                g_d += advance_backward<SOLVER>(job, prepared, start, start, d, s.g.data, s.g_next.data, s.g_next.data, where, s);
            }
            std::swap(s.g.data, s.g_next.data);
        }
        sense_backward(job, prepared, tile, where, s, t);
        if (job.g_dt) {
            store(s.out.data, g_d * (1.0f / (float)job.unfolds));
            tile.scatter(s.out.data, job.time, 1, job.g_dt + t);
        }
    }
    if (job.g_state) tile.scatter(s.g.data, H, H, job.g_state);
    for (int64_t i = 0; i < where.count; i++)
        for (int64_t lane = 0; lane < REGISTER; lane++) total[4 * i + lane % 4] += s.sums.data[i * REGISTER + lane];
}

static void forward(const LtcJob& job) {
    const Prepared prepared(job);
    const auto tile = job.solver == SEMI_IMPLICIT ? forward_tile<SEMI_IMPLICIT>
                      : job.solver == EXPONENTIAL_EULER ? forward_tile<EXPONENTIAL_EULER> : forward_tile<EXPONENTIAL_MIDPOINT>;
    share(tiles(job), job.threads, [&](int64_t index) { tile(job, prepared, index); });
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
