#pragma once
#include <string>
#include <vector>

#include <fanin/core/named_values.hpp>
#include <fanin/io/stored_tensor.hpp>
#include <fanin/start/file_layout.hpp>

namespace fanin::start {

/// What a tensor of a weight file is taken for, by its name and shape and those of its layer's other tensors.
enum class FilePart {
  weight,        ///< what multiplies an input: of 2 or more dimensions
  embedding,     ///< a table of rows: [count, dimension]
  norm_weight,   ///< a normalization's scale: born as ones
  slope,         ///< PReLU's: born as 0.25
  bias,          ///< beside a weight, or a normalization's
  magnitude,     ///< of weight normalization: born as the norms of the direction beside it
  running_mean,  ///< a normalization's statistics: born as zeros
  running_var,   ///< … as ones
  batches,       ///< … how many batches they are of: born as zero
  kept,          ///< anything else: copied, unless a rule of the plan names it
};

/// Their names in reports.
constexpr auto choices_of(FilePart) {
  return named_values<FilePart>("part", {{FilePart::weight, "weight"},
                                         {FilePart::embedding, "embedding"},
                                         {FilePart::norm_weight, "norm weight"},
                                         {FilePart::slope, "slope"},
                                         {FilePart::bias, "bias"},
                                         {FilePart::magnitude, "magnitude"},
                                         {FilePart::running_mean, "running mean"},
                                         {FilePart::running_var, "running variance"},
                                         {FilePart::batches, "batch count"},
                                         {FilePart::kept, "kept"}});
}

/// A tensor of a file as PyTorch would name it and lay it out, which is how a plan sees it.
struct FilePlace {
  std::string name;  ///< "dense.weight" for "dense/kernel:0", "cls_token.weight" for "cls_token"
  FilePart part = FilePart::kept;         ///< what it is taken for
  FileLayout layout = FileLayout::torch;  ///< how it lies in the file
};

/// What each tensor is taken for. Names of PyTorch, Keras, TensorFlow, Flax and Haiku are known. Error where two
/// tensors would be one name.
std::vector<FilePlace> places_of(const io::TensorFile& file);

/// "a/b/kernel:0" → {"a", "b", "kernel"}; empty parts are left out.
std::vector<std::string> name_parts(std::string_view name);

}  // namespace fanin::start
