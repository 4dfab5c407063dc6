#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::start {

/// What a tensor of a weight file is taken for, by its name and shape alone.
enum class FilePart {
  weight,        ///< what multiplies an input: of 2 or more dimensions
  embedding,     ///< a table of rows: [count, dimension]
  norm_weight,   ///< a normalization's scale: born as ones
  bias,          ///< beside a weight, or a normalization's
  running_mean,  ///< a normalization's statistics: born as zeros
  running_var,   ///< … as ones
  batches,       ///< … how many batches they are of: born as zero
  kept,          ///< anything else: copied, unless a rule of the plan names it
};

/// Their names in reports.
constexpr auto choices_of(FilePart) {
  return choices<FilePart>("part", {{FilePart::weight, "weight"},
                                    {FilePart::embedding, "embedding"},
                                    {FilePart::norm_weight, "norm weight"},
                                    {FilePart::bias, "bias"},
                                    {FilePart::running_mean, "running mean"},
                                    {FilePart::running_var, "running variance"},
                                    {FilePart::batches, "batch count"},
                                    {FilePart::kept, "kept"}});
}

/// A tensor of a file as PyTorch would name it and lay it out, which is how a plan sees it.
struct FilePlace {
  std::string name;  ///< "dense.weight" for "dense/kernel:0", "cls_token.weight" for "cls_token"
  FilePart part = FilePart::kept;  ///< what it is taken for
  /// A kernel of Keras or JAX: its last two dimensions are input and output, and go in front.
  bool inputs_last = false;
};

/// What each tensor is taken for. Names of PyTorch, Keras, TensorFlow and JAX are known. Error where two
/// tensors would be one name.
std::vector<FilePlace> places_of(const io::TensorFile& file);

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
