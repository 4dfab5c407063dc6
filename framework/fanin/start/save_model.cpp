#include <cmath>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/state_dict.hpp>

namespace fanin::start {
namespace {

/// Error when a finite number would become infinite in that type.
void require_range(const std::string& path, const std::string& name, const Tensor& tensor, io::DType dtype) {
  const auto kept = [dtype](float value) {
    if (dtype == io::DType::f16) return io::float_from_f16(io::f16_from_float(value));
    if (dtype == io::DType::bf16) return io::float_from_bf16(io::bf16_from_float(value));
    return value;
  };
  for (const real value : tensor.values()) {
    if (std::isfinite(value) && !std::isfinite(kept(static_cast<float>(value))))
      fail("{}: '{}' holds {}, which {} cannot; nothing was written", path, name, value, name_of(dtype));
  }
}

}  // namespace

void save_model(const std::string& path, nn::Module& model,
                const std::map<std::string, std::string>& metadata, std::optional<io::DType> dtype) {
  for (const auto& one : model.named_parameters()) {
    if (one.parameter->origin == nn::Origin::declared) {
      fail("{}: parameter '{}' has no values to save yet: initialize or load the model first", path,
           one.name);
    }
  }
  std::vector<io::StoredTensor> tensors;
  for (const auto& [name, tensor] : model.state_dict()) {
    if (dtype) require_range(path, name, tensor, *dtype);
    tensors.push_back(io::stored(name, tensor));
  }
  const io::TensorFile file{.format = io::model_format_for(path),
                            .path = path,
                            .tensors = std::move(tensors),
                            .metadata = metadata};
  io::write_tensor_file(path, file, file.format, dtype);
}

}  // namespace fanin::start
