#include <fanin/core/fail.hpp>
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

Index groups_of(const Shape& weight, const Fans& fans) {
  if (weight.rank() < 3) return 1;
  const Fans own = fans_of(weight);
  // Within a group, a convolution's rows are outputs and a transposed one's inputs; its columns are the others.
  const Index rows = fans.in == own.in ? fans.out : fans.out == own.in ? fans.in : 0;
  return rows > 0 && own.out % rows == 0 ? own.out / rows : 1;
}

double pick(const Fans& fans, Fan mode) {
  const auto in = static_cast<double>(fans.in), out = static_cast<double>(fans.out);
  switch (mode) {
    case Fan::in:
      return in;
    case Fan::out:
      return out;
    case Fan::average:
      return (in + out) / 2;
    case Fan::true_in:
      return in / static_cast<double>(fans.in_parts);
    case Fan::true_out:
      return out / static_cast<double>(fans.out_parts);
  }
  return in;
}

}  // namespace fanin::init
