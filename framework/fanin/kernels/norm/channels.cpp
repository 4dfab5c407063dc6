#include <fanin/core/parallel.hpp>
#include <fanin/kernels/norm/channels.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

namespace fanin::kernels {

void add_to_channels(Index batch, Index channels, Index inner, const real* bias, real* y) {
  parallel_for(batch, [&](Index n) {
    for (Index c = 0; c < channels; ++c) {
      real* plane = y + (n * channels + c) * inner;
      const real value = bias[c];
      for (Index i = 0; i < inner; ++i) plane[i] += value;
    }
  });
}

void channel_sums(Index batch, Index channels, Index inner, const real* x, real* out, bool accumulate) {
  parallel_for(channels, [&](Index c) {
    double total = accumulate ? static_cast<double>(out[c]) : 0.0;
    for (Index n = 0; n < batch; ++n) total += sum(inner, x + (n * channels + c) * inner);
    out[c] = static_cast<real>(total);
  });
}

}  // namespace fanin::kernels
