// The convolutions and the units, compiled for one width of register. Included once per width.

#if WIDTH == 16
#define WIDTH_NAMESPACE avx512
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,fma")
#endif
#elif WIDTH == 8
#define WIDTH_NAMESPACE avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#else
#define WIDTH_NAMESPACE any
#endif

namespace WIDTH_NAMESPACE {
typedef float lanes __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
constexpr int PARTS = BLOCK / WIDTH;                              // registers of a block
constexpr int TOGETHER = WIDTH == 16 ? 12 : WIDTH == 8 ? 6 : 3;  // pixels whose sums fit into the registers, beside the weights

// PIXELS pixels of one row for one block of channels. `from` is the first pixel's corner in the map before, `step` the floats between two pixels.
template <int PIXELS>
static inline void convolve(const Layer& layer, int64_t block, const float* from, int64_t step, int64_t line, float (&sums)[PIXELS][BLOCK]) {
    const int64_t length = layer.kernel * layer.inputs;
    const float* weights = layer.weights + block * layer.kernel * length * BLOCK;
    lanes sum[PIXELS][PARTS];
    for (int p = 0; p < PIXELS; p++)
        for (int part = 0; part < PARTS; part++) sum[p][part] = *reinterpret_cast<const lanes*>(layer.bias + block * BLOCK + part * WIDTH);
    for (int64_t row = 0; row < layer.kernel; row++) {
        const float* values = from + row * line;
        for (int64_t n = 0; n < length; n++, weights += BLOCK) {
            lanes weight[PARTS];
            for (int part = 0; part < PARTS; part++) weight[part] = *reinterpret_cast<const lanes*>(weights + part * WIDTH);
            for (int p = 0; p < PIXELS; p++)
                for (int part = 0; part < PARTS; part++) sum[p][part] += weight[part] * values[p * step + n];
        }
    }
    std::memcpy(sums, sum, sizeof sums);
}

template <int PIXELS>
static inline void convolve_pixels(const Layer& layer, Map& before, Map& after, int64_t row, int64_t column) {
    const float* from = before.at(row * layer.stride - before.border, column * layer.stride - before.border);
    for (int64_t first = 0; first < layer.outputs; first += BLOCK) {
        float sums[PIXELS][BLOCK];
        convolve<PIXELS>(layer, first / BLOCK, from, layer.stride * layer.inputs, before.width() * before.channels, sums);
        const int64_t count = layer.outputs - first < BLOCK ? layer.outputs - first : BLOCK;
        for (int p = 0; p < PIXELS; p++) {
            float* to = after.at(row, column + p) + first;
            for (int64_t n = 0; n < count; n++) to[n] = sums[p][n] > 0.0f ? sums[p][n] : 0.0f;
        }
    }
}

static void run(Runner& runner, const uint8_t* image, float* features) {
    const Head& head = runner.head;
    whiten(head, image, runner.maps[0]);
    for (int64_t n = 0; n < head.layers; n++) {
        Map &before = runner.maps[n], &after = runner.maps[n + 1];
        for (int64_t row = 0; row < after.rows; row++) {
            int64_t column = 0;
            for (; column + TOGETHER <= after.columns; column += TOGETHER) convolve_pixels<TOGETHER>(head.layer[n], before, after, row, column);
            for (; column < after.columns; column++) convolve_pixels<1>(head.layer[n], before, after, row, column);
        }
    }
    Map& last = runner.maps[head.layers];
    const int64_t channels = last.channels, pixels = last.rows * last.columns;
    for (int64_t unit = 0; unit < head.units; unit++) {
        for (int64_t channel = 0; channel < channels; channel++) {
            const float *weights = head.unit_weights + (unit * channels + channel) * pixels;
            float sum = 0.0f;
            // The map without a border is (pixels, channels).
            for (int64_t pixel = 0; pixel < pixels; pixel++) sum += weights[pixel] * last.values[pixel * channels + channel];
            features[channel * head.units + unit] = sum + head.unit_bias[channel * head.units + unit];
        }
    }
}
}  // namespace WIDTH_NAMESPACE

#if WIDTH > 4 && defined(__clang__)
#pragma clang attribute pop
#elif WIDTH > 4
#pragma GCC pop_options
#endif
#undef WIDTH_NAMESPACE
