#pragma once
#include <string>
#include <vector>

#include <fanin/io/tensor_file.hpp>
#include <fanin/start/state_dict.hpp>

namespace fanin::start {

/// Whether `options` leave a tensor out by a pattern to skip.
bool skipped(const WarmStartOptions& options, const std::string& name);

/// Error (usage) where a pattern to skip or to adapt is of none of the tensors: a typing error, not a wish; or
/// where one to adapt is of such alone as are skipped. `names` are the model's, `saved` the file's as renamed.
void require_effective_patterns(const WarmStartOptions& options, const io::TensorFile& file,
                                const std::vector<std::string>& names, const std::vector<std::string>& saved);

}  // namespace fanin::start
