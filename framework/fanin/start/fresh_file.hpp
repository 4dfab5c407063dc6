#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/start/file_place.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::start {

/// A file's tensors with fresh values, and what became of each, in the file's order.
struct FreshFile {
  /// Names, shapes, dtypes and order of the file they are like.
  std::vector<io::StoredTensor> tensors;
  std::vector<FilePlace> places;            ///< of each
  std::vector<std::optional<Drawn>> drawn;  ///< of each that was drawn; none for the others
  /// Of each that is another's elements under a second name, as a tied weight in a PyTorch file: where the
  /// first stands. It gets the first's values.
  std::vector<std::optional<std::size_t>> tied_to;
};

/// Draws values for the tensors of a file as for a model of those parameters: by the plan's last rule that
/// matches, a weight by `kaiming_uniform(a=√5)` and a bias beside it by `fan_uniform` where none does
/// (PyTorch's defaults), an embedding by `normal`, a normalization's as ones and zeros. Fans are those of the
/// shapes: groups and transposed convolutions cannot be told from a file. Error for a plan that does not fit,
/// a scheme that is fitted to data or asks for a place in a model that a file does not show, and for more than
/// 2^31 elements. What a file says about itself besides is left behind.
FreshFile fresh_file(const io::TensorFile& file, const init::Plan& plan, Generator& generator);

}  // namespace fanin::start
