// The forward pass of a whole sequence, tile by tile. Included once per lane width.
//
// For each evaluation of the synapses, the tape (`Tape`) keeps the potentials and the neurons' sums G = gleak vleak + sum w s E and
// D = gleak + sum w s. A resting neuron, which no synapse drives, has one G and one D per step.

INLINE void map_inputs(const LtcJob& job, const Tile& tile, int64_t t, float* raw, float* x) {
    tile.gather(job.features + t * job.inputs, job.time * job.inputs, job.inputs, raw);
    for (int64_t i = 0; i < job.inputs; i++) store(x + i * LANES, load(raw + i * LANES) * job.parameters[INPUT_W][i] + job.parameters[INPUT_B][i]);
}

// The parts of G and D that do not change within a step.
INLINE void sense(const LtcJob& job, const Prepared& prepared, const float* x, float* G, float* D) {
    for (int64_t i = 0; i < job.units; i++) {
        vf g = splat(prepared.leak[i]), d = splat(prepared.gleak[i]);
        evaluate(prepared.sensory, job.sensory_row[i], job.sensory_row[i + 1], x, g, d);
        store(G + i * LANES, g);
        store(D + i * LANES, d);
    }
}

// The factor by which D enters a sub-step of length d: 1 / (cm + d D), or q of the exponential step.
template <int SOLVER>
INLINE vf pace(vf D, float cm, vf d) {
    return SOLVER == SEMI_IMPLICIT ? reciprocal(cm + d * D) : decay(D, cm, d).q;
}

template <int SOLVER>
INLINE vf relax(vf v, vf G, vf D, vf pace, vf d) {
    return v + (G - D * v) * (SOLVER == SEMI_IMPLICIT ? d * pace : pace);
}

// The sums and the factors of the resting neurons in a step. All its sub-steps have the length d.
template <int SOLVER>
INLINE void settle(const Prepared& prepared, const float* G0, const float* D0, vf d, float* G, float* D, float* paces) {
    for (const int32_t i : prepared.resting) {
        const vf D_ = load(D0 + i * LANES);
        store(G, load(G0 + i * LANES));
        store(D, D_);
        store(paces, pace<SOLVER>(D_, prepared.cm[i], d));
        G += LANES, D += LANES, paces += LANES;
    }
}

// Make a sub-step of length d from `start`, with the synapses evaluated at `at`: the whole one, or the first half of the midpoint form.
template <int SOLVER>
INLINE void advance(const LtcJob& job, const Prepared& prepared, const float* start, const float* at, const float* G0, const float* D0,
                    const float* paces, vf d, float* G_kept, float* D_kept, float* out) {
    for (const int32_t i : prepared.resting) {
        store(out + i * LANES, relax<SOLVER>(load(start + i * LANES), load(G0 + i * LANES), load(D0 + i * LANES), load(paces), d));
        paces += LANES;
    }
    for (const int32_t i : prepared.driven) {
        vf G = load(G0 + i * LANES), D = load(D0 + i * LANES);
        evaluate(prepared.inner, job.row[i], job.row[i + 1], at, G, D);
        store(G_kept, G);
        store(D_kept, D);
        G_kept += LANES, D_kept += LANES;
        store(out + i * LANES, relax<SOLVER>(load(start + i * LANES), G, D, pace<SOLVER>(D, prepared.cm[i], d), d));
    }
}

// The places of the parts of a step on the tape.
struct Step {
    float* data;
    const Tape& tape;
    int64_t units, evaluations;

    float* v(int64_t n) const { return data + (n < evaluations ? n * tape.evaluation : tape.step) * LANES; }  // before evaluation n
    float* G(int64_t n) const { return v(n) + units * LANES; }
    float* D(int64_t n) const { return G(n) + tape.driven * LANES; }
    float* resting_G() const { return data + evaluations * tape.evaluation * LANES; }
    float* resting_D() const { return resting_G() + tape.resting * LANES; }
};

template <int SOLVER>
static void forward_tile(const LtcJob& job, const Prepared& prepared, int64_t index) {
    const Tile tile(job, index);
    const Tape tape(job);
    const int64_t H = job.units, I = job.inputs, M = job.motors, line = H * LANES, N = evaluations(job);
    Rows raw(I * LANES), x(I * LANES), G0(line), D0(line), paces(2 * line), out(M * LANES), spare(job.tape ? 0 : (tape.step + H) * LANES);
    Step step{job.tape ? job.tape + index * tape.count * LANES : spare.data, tape, H, N};
    tile.gather(job.state, H, H, step.v(0));
    for (int64_t t = 0; t < job.time; t++) {
        map_inputs(job, tile, t, raw.data, x.data);
        sense(job, prepared, x.data, G0.data, D0.data);
        const vf d = tile.substep(t), half = d * 0.5f;
        settle<SOLVER>(prepared, G0.data, D0.data, d, step.resting_G(), step.resting_D(), paces.data);
        if (SOLVER == EXPONENTIAL_MIDPOINT) settle<SOLVER>(prepared, G0.data, D0.data, half, step.resting_G(), step.resting_D(), paces.data + line);
        for (int64_t n = 0; n < N; n++) {
            const bool first_half = SOLVER == EXPONENTIAL_MIDPOINT && n % 2 == 0, second = SOLVER == EXPONENTIAL_MIDPOINT && n % 2 == 1;
            advance<SOLVER>(job, prepared, step.v(second ? n - 1 : n), step.v(n), G0.data, D0.data, paces.data + (first_half ? line : 0),
                            first_half ? half : d, step.G(n), step.D(n), step.v(n + 1));
        }
        const float* v = step.v(N);
        for (int64_t m = 0; m < M; m++) store(out.data + m * LANES, load(v + m * LANES) * job.parameters[OUTPUT_W][m] + job.parameters[OUTPUT_B][m]);
        tile.scatter(out.data, job.time * M, M, job.motor + t * M);
        if (job.states) tile.scatter(v, job.time * H, H, job.states + t * H);
        if (job.tape) step.data += tape.step * LANES;
        else std::copy(v, v + line, step.data);
    }
    tile.scatter(step.v(0), H, H, job.last);
}

static void forward(const LtcJob& job) {
    const Prepared prepared(job);
    const auto tile = job.solver == SEMI_IMPLICIT ? forward_tile<SEMI_IMPLICIT>
                      : job.solver == EXPONENTIAL_EULER ? forward_tile<EXPONENTIAL_EULER> : forward_tile<EXPONENTIAL_MIDPOINT>;
    share(tiles(job), job.threads, [&](int64_t index) { tile(job, prepared, index); });
}
