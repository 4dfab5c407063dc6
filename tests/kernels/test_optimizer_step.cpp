#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/kernels/pointwise/gather.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;

namespace {

constexpr Index n = 40'013;
constexpr std::size_t size = 40'013;

}  // namespace

TEST_CASE("sgd_step is torch.optim.SGD: momentum, dampening, Nesterov, weight decay") {
  const Numbers g = random_numbers(n, 1), w0 = random_numbers(n, 2), v0 = random_numbers(n, 3);
  on_every_isa([&] {
    for (const bool momentum : {false, true}) {
      for (const int options : {0, 1, 2, 3, 4, 5, 6, 7}) {
        const kernels::SgdStep step{.lr = 0.1,
                                    .momentum = momentum ? 0.9 : 0,
                                    .dampening = options & 1 ? 0.3 : 0,
                                    .weight_decay = options & 2 ? 0.01 : 0,
                                    .nesterov = momentum && (options & 1) == 0,
                                    .first = (options & 4) != 0};
        Numbers expected = w0, velocity = v0;
        for (std::size_t i = 0; i < size; ++i) {
          real d = g[i] + real(step.weight_decay) * w0[i];
          if (momentum) {
            velocity[i] = step.first ? d : real(step.momentum) * v0[i] + real(1 - step.dampening) * d;
            d = step.nesterov ? d + real(step.momentum) * velocity[i] : velocity[i];
          }
          expected[i] = w0[i] - real(step.lr) * d;
        }
        Numbers found_velocity;
        CHECK(difference(same_on_two_threads(w0,
                                             [&](real* w) {
                                               found_velocity = v0;
                                               kernels::sgd_step(n, w, g.data(),
                                                                 momentum ? found_velocity.data() : nullptr,
                                                                 step);
                                             }),
                         expected) < 1e-6);
        CHECK(difference(found_velocity, velocity) < 1e-6);
      }
    }
  });
}

TEST_CASE("adam_step is torch.optim.Adam and AdamW") {
  const Numbers g = random_numbers(n, 1), w0 = random_numbers(n, 2), m0 = random_numbers(n, 3),
                v0 = random_numbers(n, 4, 0, 1);
  on_every_isa([&] {
    for (const bool decoupled : {false, true}) {
      const kernels::AdamStep step{.lr = 0.01, .weight_decay = 0.1, .decoupled = decoupled, .step = 3};
      Numbers expected = w0;
      for (std::size_t i = 0; i < size; ++i) {
        const double w = static_cast<double>(w0[i]) * (decoupled ? 1 - 0.01 * 0.1 : 1);
        const double d = static_cast<double>(g[i]) + (decoupled ? 0 : 0.1 * w);
        const double m = 0.9 * static_cast<double>(m0[i]) + 0.1 * d,
                     v = 0.999 * static_cast<double>(v0[i]) + 0.001 * d * d;
        const double mean = m / (1 - std::pow(0.9, 3)), square = v / (1 - std::pow(0.999, 3));
        expected[i] = static_cast<real>(w - 0.01 * mean / (std::sqrt(square) + 1e-8));
      }
      CHECK(difference(same_on_two_threads(w0,
                                           [&](real* w) {
                                             Numbers m = m0, v = v0;
                                             kernels::adam_step(n, w, g.data(), m.data(), v.data(), step);
                                           }),
                       expected) < 1e-5);
    }
  });
}

TEST_CASE("rmsprop_step is torch.optim.RMSprop, plain, centered and with momentum") {
  const Numbers g = random_numbers(n, 1), w0 = random_numbers(n, 2), s0 = random_numbers(n, 3, real(0.5), 1);
  const Numbers a0 = random_numbers(n, 4, 0, real(0.5)), b0 = random_numbers(n, 5);
  for (const bool centered : {false, true}) {
    for (const bool momentum : {false, true}) {
      const kernels::RmspropStep step{
          .lr = 0.01, .alpha = 0.9, .weight_decay = 0.1, .momentum = momentum ? 0.5 : 0};
      Numbers expected = w0;
      for (std::size_t i = 0; i < size; ++i) {
        const double d = static_cast<double>(g[i]) + 0.1 * static_cast<double>(w0[i]);
        const double square = 0.9 * static_cast<double>(s0[i]) + 0.1 * d * d;
        const double mean = 0.9 * static_cast<double>(a0[i]) + 0.1 * d;
        double change = d / (std::sqrt(square - (centered ? mean * mean : 0)) + 1e-8);
        if (momentum) change += 0.5 * static_cast<double>(b0[i]);
        expected[i] = static_cast<real>(static_cast<double>(w0[i]) - 0.01 * change);
      }
      CHECK(difference(same_on_two_threads(w0,
                                           [&](real* w) {
                                             Numbers s = s0, a = a0, b = b0;
                                             kernels::rmsprop_step(n, w, g.data(), s.data(),
                                                                   centered ? a.data() : nullptr,
                                                                   momentum ? b.data() : nullptr, step);
                                           }),
                       expected) < 1e-5);
    }
  }
}

TEST_CASE("gather_normalize turns the chosen images' bytes into numbers, channel by channel") {
  const Index image_size = 2 * 35, count = 70;
  std::vector<std::uint8_t> images(static_cast<std::size_t>(image_size * 100));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>(i * 37 % 256);
  std::vector<Index> indices;
  for (Index i = 0; i < count; ++i) indices.push_back(i * 31 % 100);
  const real mul[] = {real(0.5), real(0.25)}, add[] = {-1, 3};
  on_every_isa([&] {
    for (const Index channels : {1, 2}) {
      Numbers expected;
      for (const Index index : indices) {
        for (Index p = 0; p < image_size; ++p) {
          const Index c = p / (image_size / channels);
          expected.push_back(
              static_cast<real>(images[static_cast<std::size_t>(index * image_size + p)]) * mul[c] + add[c]);
        }
      }
      CHECK(same_on_two_threads(Numbers(expected.size()), [&](real* out) {
              if (channels == 1) {
                kernels::gather_normalize(images.data(), image_size, indices.data(), count, mul[0], add[0],
                                          out);
              } else {
                kernels::gather_normalize(images.data(), image_size, indices.data(), count, channels, mul,
                                          add, out);
              }
            }) == expected);
    }
  });
}
