#include <fanin/core/error.hpp>
#include <fanin/init/fan.hpp>

namespace fanin::init {

Fans fans_of(const Shape& shape) {
  if (shape.rank() < 2)
    fail("fan in and fan out of a tensor of shape {} do not exist; they need at least 2 dimensions",
         shape.to_string());
  Index receptive_field = 1;
  for (int i = 2; i < shape.rank(); ++i) receptive_field *= shape[i];
  return {.in = shape[1] * receptive_field, .out = shape[0] * receptive_field};
}

double pick(const Fans& fans, Fan mode) {
  const auto in = static_cast<double>(fans.in), out = static_cast<double>(fans.out);
  return mode == Fan::in ? in : mode == Fan::out ? out : (in + out) / 2;
}

}  // namespace fanin::init
