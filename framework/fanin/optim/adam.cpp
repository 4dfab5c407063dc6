#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {
namespace {

template <bool decoupled>
UpdateRule moments(const char* name) {
  return {.name = name,
          .momentum = &OptimizerOptions::beta1,
          .state =
              [](const OptimizerOptions&) {
                return std::vector<std::string>{"exp_avg", "exp_avg_sq"};
              },
          .step =
              [](const Slice& s) {
                kernels::adam_step(s.count, s.w, s.g, s.state(0), s.state(1),
                                   {.lr = s.lr,
                                    .beta1 = s.options.beta1,
                                    .beta2 = s.options.beta2,
                                    .eps = s.options.eps,
                                    .weight_decay = s.weight_decay,
                                    .decoupled = decoupled,
                                    .step = s.updates + 1});
              }};
}

}  // namespace

UpdateRule adam() { return moments<false>("adam"); }
UpdateRule adamw() { return moments<true>("adamw"); }

}  // namespace fanin::optim
