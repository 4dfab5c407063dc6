#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// v[i] = clamp(erfinv(v[i]) · scale + shift, least, most), for |v[i]| ≤ 1: uniforms become truncated
/// normals. erfinv is computed by PyTorch's steps in their order (a rational guess, two Newton steps, all in
/// float), since in float they are coarse near ±1 and the result would otherwise not be PyTorch's.
void truncated_normal_from_uniform(Index n, float* v, float scale, float shift, float least, float most);

}  // namespace fanin::kernels
