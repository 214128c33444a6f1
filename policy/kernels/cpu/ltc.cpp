// The LTC on a CPU: whole sequences forward and backward, and single steps. It is loaded through ctypes and does not depend on Python or torch.
//
// The batch lies across SIMD lanes. A tile is LANES rows of the batch in one or two registers, and threads share the tiles. Synapses form the inner
// loop, several at once. The kernel is compiled once per register width (16: AVX-512, 8: AVX2, 4: any machine, NEON too), and the CPU decides.
// Equations: reference.py. Results are the same for any number of threads.

#include "ltc_job.h"

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

#define REGISTER 4
#include "ltc_width.h"
#undef REGISTER
#if defined(__x86_64__)
#include <immintrin.h>
#define REGISTER 8
#include "ltc_width.h"
#undef REGISTER
#define REGISTER 16
#include "ltc_width.h"
#undef REGISTER
#define BY_REGISTER(lanes, call) ((lanes) == 16 ? avx512::call : (lanes) == 8 ? avx2::call : any::call)
#else
#define BY_REGISTER(lanes, call) (any::call)
#endif
#define BY_WIDTH(job, call) ((job).registers == 2 ? BY_REGISTER((job).lanes, twice::call) : BY_REGISTER((job).lanes, single::call))

// The largest number of lanes for which this CPU has registers.
EXPORT int64_t ltc_lanes(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return 16;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 8;
#endif
    return 4;
}

// The size of LtcJob in bytes. A caller that was built for another layout detects the difference by it.
EXPORT int64_t ltc_job_bytes(void) { return sizeof(LtcJob); }

EXPORT int64_t ltc_tape_floats(const LtcJob* job) { return tape_floats(*job) * tiles(*job); }
EXPORT void ltc_forward(const LtcJob* job) { BY_WIDTH(*job, forward(*job)); }
EXPORT void ltc_backward(const LtcJob* job) { BY_WIDTH(*job, backward(*job)); }

// A stepper on the job's own buffers: features (I), dt (1), last (H; the state, read and written), motor (M). The parameters are copied.
EXPORT Stepper* ltc_stepper_new(const LtcJob* job) {
    Stepper* stepper = new Stepper(*job);
    stepper->run = BY_REGISTER(job->lanes, step);
    return stepper;
}
EXPORT void ltc_stepper_run(Stepper* stepper) { stepper->run(*stepper); }
EXPORT void ltc_stepper_delete(Stepper* stepper) { delete stepper; }
