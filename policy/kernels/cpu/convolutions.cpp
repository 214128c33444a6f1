// A convolutional front-end for one image at a time: whitening, strided convolutions with ReLU, linear units per channel. It is loaded through
// ctypes and does not depend on Python or torch, whose overhead per call is ten times the work of so small a network.
//
// Maps are channels last with a border of zeros, so that the inputs of one kernel row lie in one piece. A lane holds an output channel, and several
// pixels of a row go together, so that each weight is read once for all of them. Each sum is made in the same order on every width of register.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

constexpr int BLOCK = 16;  // output channels of a block; the last block is filled up with zeros
constexpr int64_t MOST_LAYERS = 8;

struct Layer {
    int64_t inputs, outputs, kernel, stride;
    const float *weights, *bias;  // (blocks, kernel, kernel, inputs, BLOCK), (blocks, BLOCK)
};

struct Head {
    int64_t rows, columns, layers, units;
    float least_std;
    Layer layer[MOST_LAYERS];
    const float *unit_weights, *unit_bias;  // (units, channels, pixels), (channels, units)
};

struct Map {
    int64_t rows, columns, channels, border;
    std::vector<float> values;
    Map(int64_t rows, int64_t columns, int64_t channels, int64_t border)
        : rows(rows), columns(columns), channels(channels), border(border), values((rows + 2 * border) * (columns + 2 * border) * channels) {}
    int64_t width() const { return columns + 2 * border; }
    float* at(int64_t row, int64_t column) { return &values[((row + border) * width() + column + border) * channels]; }
};

struct Runner {
    Head head;
    std::vector<std::vector<float>> copies;
    std::vector<Map> maps;
    void (*run)(Runner&, const uint8_t*, float*);
    const float* copy(const float* from, int64_t count) {
        copies.emplace_back(from, from + count);
        return copies.back().data();
    }
    explicit Runner(const Head& given) : head(given) {
        copies.reserve(2 * MOST_LAYERS + 2);
        int64_t rows = head.rows, columns = head.columns, channels = 3;
        for (int64_t n = 0; n < head.layers; n++) {
            Layer& layer = head.layer[n];
            const int64_t blocks = (layer.outputs + BLOCK - 1) / BLOCK;
            layer.weights = copy(layer.weights, blocks * layer.kernel * layer.kernel * layer.inputs * BLOCK);
            layer.bias = copy(layer.bias, blocks * BLOCK);
            maps.emplace_back(rows, columns, channels, layer.kernel / 2);
            rows = (rows + layer.stride - 1) / layer.stride, columns = (columns + layer.stride - 1) / layer.stride, channels = layer.outputs;
        }
        maps.emplace_back(rows, columns, channels, 0);
        head.unit_weights = copy(head.unit_weights, head.units * channels * rows * columns);
        head.unit_bias = copy(head.unit_bias, channels * head.units);
    }
};

// Write the image, whitened by its own mean and standard deviation. The sums of bytes are exact.
static void whiten(const Head& head, const uint8_t* image, Map& map) {
    const int64_t count = head.rows * head.columns * 3;
    int64_t sum = 0, squares = 0;
    for (int64_t n = 0; n < count; n++) sum += image[n], squares += (int64_t)image[n] * image[n];
    const double mean = (double)sum / (double)count, variance = (double)squares / (double)count - mean * mean;
    const double deviation = std::fmax(std::sqrt(std::fmax(variance, 0.0)), (double)head.least_std);
    float table[256];
    for (int value = 0; value < 256; value++) table[value] = (float)((value - mean) / deviation);
    for (int64_t row = 0; row < head.rows; row++) {
        float* to = map.at(row, 0);
        for (int64_t n = 0; n < head.columns * 3; n++) to[n] = table[image[row * head.columns * 3 + n]];
    }
}

#define WIDTH 4
#include "convolutions_width.h"
#undef WIDTH
#if defined(__x86_64__)
#define WIDTH 8
#include "convolutions_width.h"
#undef WIDTH
#define WIDTH 16
#include "convolutions_width.h"
#undef WIDTH
#endif

// The size of Head in bytes. A caller that was built for another layout detects the difference by it.
EXPORT int64_t head_bytes(void) { return sizeof(Head); }

// A runner with a copy of all weights, for a CPU with registers of `lanes` floats.
EXPORT Runner* head_new(const Head* head, int64_t lanes) {
    Runner* runner = new Runner(*head);
#if defined(__x86_64__)
    runner->run = lanes == 16 ? avx512::run : lanes == 8 ? avx2::run : any::run;
#else
    (void)lanes;
    runner->run = any::run;
#endif
    return runner;
}
EXPORT void head_run(Runner* runner, const uint8_t* image, float* features) { runner->run(*runner, image, features); }
EXPORT void head_delete(Runner* runner) { delete runner; }
