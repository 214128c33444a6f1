// The kernel for registers of REGISTER floats, in its own namespace and compiled for machines that have such registers. It contains the whole
// sequence twice: for tiles of one register and of two. Included once per register width.

#if REGISTER == 16
#define REGISTER_NAMESPACE avx512
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,fma")
#endif
#elif REGISTER == 8
#define REGISTER_NAMESPACE avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#else
#define REGISTER_NAMESPACE any
#endif

namespace REGISTER_NAMESPACE {
#include "ltc_register.h"

#include "ltc_step.h"

#define LANES REGISTER
namespace single {
#include "ltc_lanes.h"

#include "ltc_forward.h"
#include "ltc_backward.h"
}  // namespace single
#undef LANES
#define LANES (2 * REGISTER)
namespace twice {
#include "ltc_lanes.h"

#include "ltc_forward.h"
#include "ltc_backward.h"
}  // namespace twice
#undef LANES
}  // namespace REGISTER_NAMESPACE

#if REGISTER > 4 && defined(__clang__)
#pragma clang attribute pop
#elif REGISTER > 4
#pragma GCC pop_options
#endif
#undef REGISTER_NAMESPACE
