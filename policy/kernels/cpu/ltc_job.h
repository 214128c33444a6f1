// The arguments of one call of the LTC kernel, and what all lane widths share: prepared parameters, gradient sums, memory.
//
// Shapes: B batch, T time, I features, H neurons, M motors (the first neurons), E synapses, F sensory synapses; row-major float32.
// Synapses are sorted by target: those into neuron i are row[i] to row[i + 1].
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "ltc_threads.h"

#define INLINE static inline __attribute__((always_inline))
#define INLINE_MEMBER inline __attribute__((always_inline))

enum Solver { SEMI_IMPLICIT, EXPONENTIAL_EULER, EXPONENTIAL_MIDPOINT };
enum Parameter { GLEAK, VLEAK, CM, W, MU, SIGMA, EREV, SENSORY_W, SENSORY_MU, SENSORY_SIGMA, SENSORY_EREV, INPUT_W, INPUT_B, OUTPUT_W, OUTPUT_B, PARAMETERS };
static const int CHUNKS = 64;  // partial sums of the parameter gradients; fixed, so that sums do not depend on the number of threads
static const float LOG2E = 1.44269504088896341f;

// `native.py` mirrors this layout. A null tape means that no backward pass follows. Null states and g_... are not wanted or not given.
struct LtcJob {
    int64_t batch, time, inputs, units, motors, synapses, sensory_synapses, solver, unfolds, softplus, threads, lanes, registers;
    const int32_t *source, *row, *sensory_source, *sensory_row;
    const float* parameters[PARAMETERS];
    const float *features, *dt, *state;
    float *motor, *last, *states, *tape;
    const float *g_motor, *g_last, *g_states;
    float *g_features, *g_dt, *g_state;
    float* g_parameters[PARAMETERS];
};

// 2^(j / 8) and 2^(j / 32), with the bits of j / 8 and j / 32 subtracted from the exponent: see `one_plus_exp2`.
struct Powers {
    alignas(64) float of_8[8], of_32[32];
    Powers() {
        fill(of_8, 8, 20);
        fill(of_32, 32, 18);
    }
    static void fill(float* of, int32_t steps, int32_t shift) {
        for (int32_t j = 0; j < steps; j++) {
            const float power = (float)std::exp2((double)j / steps);
            int32_t bits;
            std::memcpy(&bits, &power, sizeof bits);
            bits -= j << shift;
            std::memcpy(&of[j], &bits, sizeof bits);
        }
    }
};
static const Powers POWERS;

static int64_t evaluations(const LtcJob& job) { return job.unfolds * (job.solver == EXPONENTIAL_MIDPOINT ? 2 : 1); }
static int64_t rows(const LtcJob& job) { return job.lanes * job.registers; }  // of the batch, in a tile
static int64_t tiles(const LtcJob& job) { return (job.batch + rows(job) - 1) / rows(job); }

// What a tile keeps for the backward pass, in rows of one float per lane. For each evaluation of a step: the potentials before it (`units` rows),
// and the sums G and D of the neurons with synapses into them (`driven` rows each). Then, once per step, G and D of the other neurons
// (`resting` rows each). After the last step: the potentials.
struct Tape {
    int64_t driven, resting, evaluation, step, count;

    explicit Tape(const LtcJob& job) : driven(0) {
        for (int64_t i = 0; i < job.units; i++) driven += job.row[i] < job.row[i + 1];
        resting = job.units - driven;
        evaluation = job.units + 2 * driven;
        step = evaluations(job) * evaluation + 2 * resting;
        count = job.time * step + job.units;
    }
};
static int64_t tape_floats(const LtcJob& job) { return Tape(job).count * rows(job); }

static float positive(const LtcJob& job, float raw) { return job.softplus ? (raw > 20 ? raw : std::log1p(std::exp(raw))) : raw; }
static float positive_slope(const LtcJob& job, float raw) { return job.softplus ? 1.0f / (1.0f + std::exp(-raw)) : 1.0f; }

struct Synapse {
    float slope, offset, w, w_erev, sigma;  // activity s = 1 / (1 + 2^(slope v + offset)), slope = -sigma log2(e)
    int32_t source, target;
};
static int64_t padded(int64_t synapses) { return (synapses + 7) / 8 * 8; }  // to whole groups; what is added weighs nothing

// The parameters in the form that the inner loops need, prepared once per call.
struct Prepared {
    std::vector<Synapse> inner, sensory;
    std::vector<float> gleak, cm, leak;  // leak = gleak vleak
    std::vector<int32_t> driven, resting;  // the neurons with and without synapses into them

    explicit Prepared(const LtcJob& job) : gleak(job.units), cm(job.units), leak(job.units) {
        inner = synapses(job, W, job.source, job.row, job.synapses);
        sensory = synapses(job, SENSORY_W, job.sensory_source, job.sensory_row, job.sensory_synapses);
        for (int64_t i = 0; i < job.units; i++) {
            gleak[i] = positive(job, job.parameters[GLEAK][i]);
            cm[i] = positive(job, job.parameters[CM][i]);
            leak[i] = gleak[i] * job.parameters[VLEAK][i];
            (job.row[i] < job.row[i + 1] ? driven : resting).push_back((int32_t)i);
        }
    }

    static std::vector<Synapse> synapses(const LtcJob& job, int first, const int32_t* source, const int32_t* row, int64_t count) {
        const float *raw = job.parameters[first], *mu = job.parameters[first + 1], *sigma = job.parameters[first + 2], *erev = job.parameters[first + 3];
        std::vector<Synapse> result((size_t)padded(count), Synapse{});
        int32_t target = 0;
        for (int64_t e = 0; e < count; e++) {
            const float w = positive(job, raw[e]), slope = -LOG2E * sigma[e];
            while (row[target + 1] <= e) target++;
            result[e] = {slope, -slope * mu[e], w, w * erev[e], sigma[e], source[e], target};
        }
        return result;
    }
};

// The place of each group of gradient sums, in rows of one register. The row of a synapse interleaves four sums (g s, d s, h v and h, see
// ltc_backward.h), with REGISTER / 4 parts of each. Each other row holds the parts of one sum. Totals have four numbers per row.
struct Sums {
    int64_t inner, sensory, drive_g, drive_d, cm, input_w, input_b, output_w, output_b, count;

    explicit Sums(const LtcJob& job) {
        inner = 0;
        sensory = inner + padded(job.synapses);
        drive_g = sensory + padded(job.sensory_synapses);
        drive_d = drive_g + job.units;
        cm = drive_d + job.units;
        input_w = cm + job.units;
        input_b = input_w + job.inputs;
        output_w = input_b + job.inputs;
        output_b = output_w + job.motors;
        count = output_b + job.motors;
    }
};

// Turn the totals into gradients of the stored parameters.
static void finish(const LtcJob& job, const Prepared& prepared, const Sums& where, const double* total) {
    const auto synaptic = [&](int first, const std::vector<Synapse>& synapses, int64_t count, const double* sums) {
        const float *raw = job.parameters[first], *mu = job.parameters[first + 1], *erev = job.parameters[first + 3];
        for (int64_t e = 0; e < count; e++) {
            const double gs = sums[4 * e], ds = sums[4 * e + 1], hv = sums[4 * e + 2], h = sums[4 * e + 3];
            job.g_parameters[first][e] = (float)((erev[e] * gs + ds) * positive_slope(job, raw[e]));
            job.g_parameters[first + 1][e] = (float)(-h * synapses[e].sigma);
            job.g_parameters[first + 2][e] = (float)(hv - h * mu[e]);
            job.g_parameters[first + 3][e] = (float)(synapses[e].w * gs);
        }
    };
    synaptic(W, prepared.inner, job.synapses, total + 4 * where.inner);
    synaptic(SENSORY_W, prepared.sensory, job.sensory_synapses, total + 4 * where.sensory);
    const auto whole = [&](int64_t row) { return (total[4 * row] + total[4 * row + 1]) + (total[4 * row + 2] + total[4 * row + 3]); };
    for (int64_t i = 0; i < job.units; i++) {
        const double g = whole(where.drive_g + i), d = whole(where.drive_d + i);
        job.g_parameters[GLEAK][i] = (float)((g * job.parameters[VLEAK][i] + d) * positive_slope(job, job.parameters[GLEAK][i]));
        job.g_parameters[VLEAK][i] = (float)(g * prepared.gleak[i]);
        job.g_parameters[CM][i] = (float)(whole(where.cm + i) * positive_slope(job, job.parameters[CM][i]));
    }
    const auto plain = [&](int parameter, int64_t from, int64_t count) {
        for (int64_t i = 0; i < count; i++) job.g_parameters[parameter][i] = (float)whole(from + i);
    };
    plain(INPUT_W, where.input_w, job.inputs);
    plain(INPUT_B, where.input_b, job.inputs);
    plain(OUTPUT_W, where.output_w, job.motors);
    plain(OUTPUT_B, where.output_b, job.motors);
}

// Rows of floats, aligned to a cache line.
struct Rows {
    float* data;
    explicit Rows(int64_t floats) : data(static_cast<float*>(::operator new(sizeof(float) * (size_t)std::max<int64_t>(floats, 1), std::align_val_t(64)))) {}
    ~Rows() { ::operator delete(data, std::align_val_t(64)); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
};

// A synapse's parameters as columns, for single steps of one sample with buffers that are kept (`ltc_step.h`). They are padded to whole vectors
// of the widest lanes.
struct Lanes {
    std::vector<float> slope, offset, w, w_erev;
    std::vector<int32_t> source;

    explicit Lanes(const std::vector<Synapse>& synapses) {
        const size_t count = (synapses.size() + 15) / 16 * 16;
        for (auto* column : {&slope, &offset, &w, &w_erev}) column->resize(count);
        source.resize(count);
        for (size_t e = 0; e < synapses.size(); e++) {
            slope[e] = synapses[e].slope;
            offset[e] = synapses[e].offset;
            w[e] = synapses[e].w;
            w_erev[e] = synapses[e].w_erev;
            source[e] = synapses[e].source;
        }
    }
};

struct Stepper {
    LtcJob job;
    Prepared prepared;
    Lanes inner, sensory;
    std::vector<float> input, input_w, input_b, output_w, output_b, v, g, d, sensory_g, sensory_d, weighted, weighted_erev;
    std::vector<int32_t> row, sensory_row;
    void (*run)(Stepper&) = nullptr;

    explicit Stepper(const LtcJob& from)
        : job(from), prepared(from), inner(prepared.inner), sensory(prepared.sensory), input(from.inputs), v(from.units), g(from.units), d(from.units),
          sensory_g(from.units), sensory_d(from.units) {
        const auto copy = [](auto& to, const auto* data, int64_t count) { to.assign(data, data + count); };
        copy(input_w, from.parameters[INPUT_W], from.inputs);
        copy(input_b, from.parameters[INPUT_B], from.inputs);
        copy(output_w, from.parameters[OUTPUT_W], from.motors);
        copy(output_b, from.parameters[OUTPUT_B], from.motors);
        copy(row, from.row, from.units + 1);
        copy(sensory_row, from.sensory_row, from.units + 1);
        weighted.resize(std::max(inner.w.size(), sensory.w.size()));
        weighted_erev.resize(weighted.size());
    }
};
