// A tensor as people read it.
#include <cmath>
#include <ostream>

#include <fanin/core/fail.hpp>
#include <fanin/core/tensor.hpp>

namespace fanin {
namespace {

constexpr Index most = 1000;  // elements that are shown whole
constexpr Index edge = 3;     // of a dimension, at either end, where not all are

std::string number(real value) {
  if (std::isnan(value)) return "nan";  // whose sign says nothing
  const std::string text = fmt::format("{:.4f}", value);
  if (text.find('.') == std::string::npos) return text;  // inf
  const double size = std::abs(static_cast<double>(value));
  if (value != 0 && (size < 1e-4 || size >= 1e8)) return fmt::format("{:.4g}", value);
  const std::string shown = text.substr(0, text.find_last_not_of('0') + 1);
  const std::string whole = shown.ends_with('.') ? shown.substr(0, shown.size() - 1) : shown;
  return whole == "-0" ? "0" : whole;
}

/// What stands in dimension `dim`, from `at` on; `step` elements apart.
void append(std::string& text, const Shape& shape, int dim, const real* at, Index step, bool whole) {
  if (dim == shape.rank()) {
    text += number(*at);
    return;
  }
  const Index size = shape[dim], inner = size == 0 ? 0 : step / size;
  const bool leaf = dim + 1 == shape.rank();
  text += "[";
  for (Index i = 0; i < size; ++i) {
    if (i > 0) text += leaf ? ", " : ",\n" + std::string(static_cast<std::size_t>(dim) + 1, ' ');
    if (!whole && size > 2 * edge && i == edge) {
      text += "…";
      i = size - edge - 1;
      continue;
    }
    append(text, shape, dim + 1, at + i * inner, inner, whole);
  }
  text += "]";
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "(undefined)";
  if (!has_values()) return "(no values yet) " + shape().to_string();
  std::string text;
  append(text, shape(), 0, data(), numel(), numel() <= most);
  return rank() == 0 || (rank() == 1 && numel() <= most) ? text : text + " " + shape().to_string();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << tensor.to_string(); }

}  // namespace fanin
