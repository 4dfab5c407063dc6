#include "examples/fanin/movements.hpp"

#include <exception>

namespace fanin::program {

Movements movements_since_start(const io::TensorFile& file, const Redraw& allowed) {
  Movements all;
  if (!file.metadata.contains("model") || !file.metadata.contains("plan")) return all;
  if (file.metadata.contains("warm_start"))
    return {{}, "its training started from " + file.metadata.at("warm_start")};
  try {
    const io::TensorFile born = initial_values(file, allowed);
    for (auto& one : io::tensor_diff(born, file)) {
      if (one.kind == io::TensorDifference::Kind::values || one.kind == io::TensorDifference::Kind::identical)
        all.by_name[one.name] = one;
    }
  } catch (const std::exception& error) {
    all.why_not = error.what();
  }
  return all;
}

}  // namespace fanin::program
