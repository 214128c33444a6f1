// LANES floats at once in one or more SIMD registers, synapses on them, and the tile of a batch that lies across the lanes.
// Included once per width. Several registers hide one another's latency. They share the parameters and the sums over the lanes.

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

// Sum the registers of a value.
INLINE reg fold(vf value) {
    reg sum = value.part[0];
    for (int part = 1; part < LANES / REGISTER; part++) sum += value.part[part];
    return sum;
}
// Sum the registers of a product.
INLINE reg fold_product(vf a, vf b) {
    reg sum = a.part[0] * b.part[0];
    for (int part = 1; part < LANES / REGISTER; part++) sum += a.part[part] * b.part[part];
    return sum;
}
INLINE void sum_to(float* to, reg value) { store_register(to, load_register(to) + value); }

INLINE vf reciprocal(vf x) {
    inverse(x.part);
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

static const int PARTS = LANES / REGISTER, GROUP = (REGISTER == 16 ? 8 : 4) / PARTS;  // synapses at once, as many as registers hold

// The activities of a group of synapses, or of one synapse at a group of steps.
struct Activities {
    reg of[GROUP * PARTS];

    INLINE_MEMBER Activities(const Synapse* synapses, const float* v) {
        for (int e = 0; e < GROUP; e++)
            EACH_PART of[e * PARTS + part] =
                load_register(v + synapses[e].source * LANES + part * REGISTER) * synapses[e].slope + synapses[e].offset;
        sigmoids(of);
    }
    INLINE_MEMBER Activities(const Synapse& synapse, const float* v, int64_t step) {
        for (int t = 0; t < GROUP; t++)
            EACH_PART of[t * PARTS + part] = load_register(v + t * step + part * REGISTER) * synapse.slope + synapse.offset;
        sigmoids(of);
    }
    INLINE_MEMBER vf operator[](int e) const {
        vf r;
        EACH_PART r.part[part] = of[e * PARTS + part];
        return r;
    }
};

// 1 / activity of a synapse.
INLINE vf inverse_activity(const Synapse& synapse, const float* v) {
    vf y = load(v + synapse.source * LANES) * synapse.slope + synapse.offset;
    one_plus_exp2(y.part);
    return y;
}

// Add synapses `first` to `last`, which are all synapses of one target, to its sums G and D. Two synapses share a reciprocal as in `sigmoids`.
INLINE void evaluate(const std::vector<Synapse>& synapses, int32_t first, int32_t last, const float* v, vf& G, vf& D) {
    int32_t e = first;
    for (; e + 1 < last; e += 2) {
        const Synapse &one = synapses[e], &other = synapses[e + 1];
        const vf a = inverse_activity(one, v), b = inverse_activity(other, v), r = reciprocal(a * b);
        G += (b * one.w_erev + a * other.w_erev) * r;
        D += (b * one.w + a * other.w) * r;
    }
    if (e < last) {
        const vf s = reciprocal(inverse_activity(synapses[e], v));
        G += s * synapses[e].w_erev;
        D += s * synapses[e].w;
    }
}

#define EACH_ONE for (int one = 0; one < GROUP; one++)

// From the gradients g and d of the neurons' sums, make the four sums of each synapse, and add the gradients of the source potentials to g_v.
INLINE void evaluate_backward(const std::vector<Synapse>& synapses, const float* v, const float* g, const float* d, float* g_v, float* sums) {
    for (size_t e = 0; e < synapses.size(); e += GROUP) {
        const Synapse* synapse = &synapses[e];
        const Activities s(synapse, v);
        vf h[GROUP];
        EACH_ONE h[one] = load(g + synapse[one].target * LANES) * synapse[one].w_erev + load(d + synapse[one].target * LANES) * synapse[one].w;
        EACH_ONE h[one] = h[one] * (s[one] - s[one] * s[one]);
        EACH_ONE {
            const reg gs = fold_product(load(g + synapse[one].target * LANES), s[one]);
            const reg ds = fold_product(load(d + synapse[one].target * LANES), s[one]);
            sum_to(sums + (e + one) * REGISTER, sum_lanes(gs, ds, fold_product(h[one], load(v + synapse[one].source * LANES)), fold(h[one])));
        }
        EACH_ONE add_to(g_v + synapse[one].source * LANES, h[one] * synapse[one].sigma);
    }
}

// Do the same through the sensory synapses over CHUNK steps, one synapse at a time: this needs fewer sums over the lanes, and the synapse's
// parameters stay in registers. x and g_x have `inputs` rows per step; g and d have `units` rows per step.
static const int CHUNK = GROUP < 4 ? 4 : GROUP;

INLINE void evaluate_backward_over_time(const std::vector<Synapse>& synapses, int64_t inputs, int64_t units, const float* x, const float* g,
                                        const float* d, float* g_x, float* sums) {
    const int64_t x_step = inputs * LANES, step = units * LANES;
    for (size_t e = 0; e < synapses.size(); e++) {
        const Synapse& synapse = synapses[e];
        const float *x_e = x + synapse.source * LANES, *g_e = g + synapse.target * LANES, *d_e = d + synapse.target * LANES;
        float* g_x_e = g_x + synapse.source * LANES;
        reg gs = splat_register(0.0f), ds = gs, hx = gs, h_sum = gs;
        for (int t = 0; t < CHUNK; t += GROUP) {
            const Activities s(synapse, x_e, x_step);
            EACH_ONE {
                const vf g_ = load(g_e + one * step), d_ = load(d_e + one * step);
                const vf h = (g_ * synapse.w_erev + d_ * synapse.w) * (s[one] - s[one] * s[one]);
                gs += fold_product(g_, s[one]);
                ds += fold_product(d_, s[one]);
                hx += fold_product(h, load(x_e + one * x_step));
                h_sum += fold(h);
                add_to(g_x_e + one * x_step, h * synapse.sigma);
            }
            x_e += GROUP * x_step, g_x_e += GROUP * x_step, g_e += GROUP * step, d_e += GROUP * step;
        }
        sum_to(sums + e * REGISTER, sum_lanes(gs, ds, hx, h_sum));
    }
}

// The rows of the batch that a tile holds. Lanes beyond the batch repeat its last row, and their results are dropped.
struct Tile {
    const LtcJob& job;
    int64_t first, valid;

    Tile(const LtcJob& job, int64_t index) : job(job), first(index * LANES), valid(std::min<int64_t>(LANES, job.batch - first)) {}
    int64_t row(int64_t lane) const { return first + std::min(lane, valid - 1); }

    void gather(const float* from, int64_t stride, int64_t count, float* to) const {
        for (int64_t first_lane = 0; first_lane < LANES; first_lane += REGISTER) {
            const float* line[REGISTER];
            for (int64_t lane = 0; lane < REGISTER; lane++) line[lane] = from + row(first_lane + lane) * stride;
            int64_t i = 0;
            for (; i + 4 <= count; i += 4) {
                columns(line, to + i * LANES + first_lane, LANES);
                for (auto& one : line) one += 4;
            }
            for (; i < count; i++)
                for (int64_t lane = 0; lane < REGISTER; lane++) to[i * LANES + first_lane + lane] = *line[lane]++;
        }
    }
    // Gather as above, with zeros for lanes beyond the batch and for a gradient that is not given.
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
