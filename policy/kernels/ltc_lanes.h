// LANES floats at once, in one SIMD register or several, synapses on them, and the tile of a batch that lies across the lanes.
// Included once a width. Several registers hide the latency of one another, and share the parameters and the sums over the lanes.

#define EACH_PART for (int part = 0; part < LANES / REGISTER; part++)
struct vf {
    reg part[LANES / REGISTER];
};

INLINE vf splat(float value) {
    vf r;
    EACH_PART r.part[part] = splat_register(value);
    return r;
}
INLINE vf load(const float* from) {
    vf r;
    EACH_PART r.part[part] = load_register(from + part * REGISTER);
    return r;
}
INLINE void store(float* to, vf value) { EACH_PART store_register(to + part * REGISTER, value.part[part]); }

#define BINARY(op)                                         \
    INLINE vf operator op(vf a, vf b) {                    \
        vf r;                                              \
        EACH_PART r.part[part] = a.part[part] op b.part[part]; \
        return r;                                          \
    }                                                      \
    INLINE vf operator op(vf a, float b) {                 \
        vf r;                                              \
        EACH_PART r.part[part] = a.part[part] op b;        \
        return r;                                          \
    }                                                      \
    INLINE vf operator op(float a, vf b) {                 \
        vf r;                                              \
        EACH_PART r.part[part] = a op b.part[part];        \
        return r;                                          \
    }
BINARY(+)
BINARY(-)
BINARY(*)
BINARY(/)
#undef BINARY
INLINE vf operator-(vf a) {
    EACH_PART a.part[part] = -a.part[part];
    return a;
}
INLINE vf& operator+=(vf& a, vf b) { return a = a + b; }
INLINE void add_to(float* to, vf value) { store(to, load(to) + value); }

// The sum of a value's registers.
INLINE reg fold(vf value) {
    reg sum = value.part[0];
    for (int part = 1; part < LANES / REGISTER; part++) sum += value.part[part];
    return sum;
}
// The sum of the registers of a product.
INLINE reg fold_product(vf a, vf b) {
    reg sum = a.part[0] * b.part[0];
    for (int part = 1; part < LANES / REGISTER; part++) sum += a.part[part] * b.part[part];
    return sum;
}
INLINE void sum_to(float* to, reg value) { store_register(to, load_register(to) + value); }

// 1 / sigmoid of a synapse.
INLINE vf inverse_activity(vf v, const Synapse& synapse) {
    vf r;
    EACH_PART r.part[part] = one_plus_exp2(v.part[part] * synapse.slope + synapse.offset);
    return r;
}
INLINE vf reciprocal(vf x) {
    EACH_PART x.part[part] = inverse(x.part[part]);
    return x;
}

// The exponential step of length d: decay e = exp(-x), x = d D / cm, and q = (1 - e) / D without cancellation for small x.
struct Decay {
    vf e, q, x;
};

INLINE Decay decay(vf D, float cm, vf d) {
    const vf d_cm = d * (1.0f / cm);
    Decay one;
    EACH_PART {
        const reg x = d_cm.part[part] * D.part[part], e = exp2_fine(x * -LOG2E), direct = (1.0f - e) / x;
        const reg series = 1.0f - x * (0.5f - x * (1.0f / 6 - x * (1.0f / 24 - x * (1.0f / 120 - x * (1.0f / 720 - x * (1.0f / 5040))))));
        one.e.part[part] = e;
        one.x.part[part] = x;
        one.q.part[part] = (x < 0.25f ? series : direct) * d_cm.part[part];
    }
    return one;
}

// Adds what synapses first to last say about their target to its sums G and D; keeps the activities in `kept` where given.
// Two synapses share a reciprocal: with a and b the inverses of their activities and r = 1 / (a b), those are b r and a r.
template <bool KEEP>
INLINE void evaluate(const Synapse* synapses, int32_t first, int32_t last, const float* v, vf& G, vf& D, float* kept) {
    int32_t e = first;
    for (; e + 1 < last; e += 2) {
        const Synapse &one = synapses[e], &other = synapses[e + 1];
        const vf a = inverse_activity(load(v + one.source * LANES), one), b = inverse_activity(load(v + other.source * LANES), other);
        const vf r = reciprocal(a * b);
        if (KEEP) {
            store(kept + (e - first) * LANES, b * r);
            store(kept + (e + 1 - first) * LANES, a * r);
        }
        G += (b * one.w_erev + a * other.w_erev) * r;
        D += (b * one.w + a * other.w) * r;
    }
    if (e < last) {
        const vf s = reciprocal(inverse_activity(load(v + synapses[e].source * LANES), synapses[e]));
        if (KEEP) store(kept + (e - first) * LANES, s);
        G += s * synapses[e].w_erev;
        D += s * synapses[e].w;
    }
}

// From the gradients g and d of a neuron's sums: the synapses' own (four sums each), and those of the source potentials, added to g_v.
INLINE void evaluate_backward(const Synapse* synapses, int32_t first, int32_t last, const float* v, const float* kept, vf g, vf d, float* g_v,
                              float* sums) {
    for (int32_t e = first; e < last; e++) {
        const Synapse& synapse = synapses[e];
        const vf s = load(kept + (e - first) * LANES), h = (g * synapse.w_erev + d * synapse.w) * (s - s * s);
        sum_to(sums + e * REGISTER, sum_lanes(fold_product(g, s), fold_product(d, s), fold_product(h, load(v + synapse.source * LANES)), fold(h)));
        add_to(g_v + synapse.source * LANES, h * synapse.sigma);
    }
}

// Which rows of the batch a tile holds; lanes beyond the batch repeat its last row, and their results are dropped.
struct Tile {
    const LtcJob& job;
    int64_t first, valid;

    Tile(const LtcJob& job, int64_t index) : job(job), first(index * LANES), valid(std::min<int64_t>(LANES, job.batch - first)) {}
    int64_t row(int64_t lane) const { return first + std::min(lane, valid - 1); }

    void gather(const float* from, int64_t stride, int64_t count, float* to) const {
        for (int64_t lane = 0; lane < LANES; lane++) {
            const float* line = from + row(lane) * stride;
            for (int64_t i = 0; i < count; i++) to[i * LANES + lane] = line[i];
        }
    }
    // As `gather`, with zeros for lanes beyond the batch and for a gradient that is not given.
    void gather_gradient(const float* from, int64_t stride, int64_t count, float* to) const {
        std::memset(to, 0, sizeof(float) * (size_t)(count * LANES));
        if (!from) return;
        for (int64_t lane = 0; lane < valid; lane++)
            for (int64_t i = 0; i < count; i++) to[i * LANES + lane] = from[(first + lane) * stride + i];
    }
    void scatter(const float* from, int64_t stride, int64_t count, float* to) const {
        for (int64_t lane = 0; lane < valid; lane++) {
            float* line = to + (first + lane) * stride;
            for (int64_t i = 0; i < count; i++) line[i] = from[i * LANES + lane];
        }
    }
    // The length of a sub-step of step t.
    vf substep(int64_t t) const {
        alignas(64) float d[LANES];
        for (int64_t lane = 0; lane < LANES; lane++) d[lane] = job.dt[row(lane) * job.time + t] / (float)job.unfolds;
        return load(d);
    }
};
