// One step of a single sample with the synapses across the lanes, for driving one car. Included once per lane width.

INLINE reg load_any(const float* from) {
    reg value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Add the synapses' parts to the sums of their target neurons.
INLINE void evaluate_one(Stepper& s, const Lanes& synapses, const int32_t* row, const float* v, float* G, float* D) {
    for (size_t e = 0; e < synapses.w.size(); e += REGISTER) {
        reg activity[1];
        for (int lane = 0; lane < REGISTER; lane++) activity[0][lane] = v[synapses.source[e + lane]];
        activity[0] = activity[0] * load_any(&synapses.slope[e]) + load_any(&synapses.offset[e]);
        one_plus_exp2(activity);
        inverse(activity);
        const reg w = activity[0] * load_any(&synapses.w[e]), w_erev = activity[0] * load_any(&synapses.w_erev[e]);
        std::memcpy(&s.weighted[e], &w, sizeof w);
        std::memcpy(&s.weighted_erev[e], &w_erev, sizeof w_erev);
    }
    for (int64_t i = 0; i < s.job.units; i++) {
        float g = 0, d = 0;
        for (int32_t e = row[i]; e < row[i + 1]; e++) {
            g += s.weighted_erev[e];
            d += s.weighted[e];
        }
        G[i] += g;
        D[i] += d;
    }
}

static void step(Stepper& s) {
    const LtcJob& job = s.job;
    const float d = job.dt[0] / (float)job.unfolds;
    float* state = job.last;
    for (int64_t i = 0; i < job.inputs; i++) s.input[i] = job.features[i] * s.input_w[i] + s.input_b[i];
    s.sensory_g = s.prepared.leak;
    s.sensory_d = s.prepared.gleak;
    evaluate_one(s, s.sensory, s.sensory_row.data(), s.input.data(), s.sensory_g.data(), s.sensory_d.data());
    const auto advance_one = [&](const float* at, float length) {
        s.g = s.sensory_g;
        s.d = s.sensory_d;
        evaluate_one(s, s.inner, s.row.data(), at, s.g.data(), s.d.data());
        for (int64_t i = 0; i < job.units; i++) {
            const float cm = s.prepared.cm[i], pull = s.g[i] - s.d[i] * state[i];
            s.v[i] = state[i] + pull * (job.solver == SEMI_IMPLICIT ? length / (cm + length * s.d[i]) : -std::expm1(-length * s.d[i] / cm) / s.d[i]);
        }
    };
    for (int64_t k = 0; k < job.unfolds; k++) {
        if (job.solver == EXPONENTIAL_MIDPOINT) advance_one(state, 0.5f * d);
        advance_one(job.solver == EXPONENTIAL_MIDPOINT ? s.v.data() : state, d);
        std::copy(s.v.begin(), s.v.end(), state);
    }
    for (int64_t m = 0; m < job.motors; m++) job.motor[m] = state[m] * s.output_w[m] + s.output_b[m];
}
