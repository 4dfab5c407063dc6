#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {
namespace {

void check_range(const StoredTensor& tensor, Index first, Index count) {
  const Index numel = tensor.numel();
  if (first < 0 || count < 0 || first > numel || count > numel - first) {
    fail("tensor '{}': elements {} to {} asked for, it has {}", tensor.name, first, first + count, numel);
  }
}

/// Copies `count` elements of `size` bytes that start at element `first` of a strided tensor.
void gather(const StoredTensor& tensor, Index first, Index count, std::size_t size, std::byte* out) {
  const std::size_t rank = tensor.sizes.size();
  std::array<Index, max_file_rank> position{};
  Index rest = first;
  for (std::size_t d = rank; d-- > 0;) {
    position[d] = rest % tensor.sizes[d];
    rest /= tensor.sizes[d];
  }
  Index offset = 0;
  for (std::size_t d = 0; d < rank; ++d) offset += position[d] * tensor.strides[d];
  for (Index i = 0; i < count; ++i) {
    std::memcpy(out, tensor.data + static_cast<std::size_t>(offset) * size, size);
    out += size;
    for (std::size_t d = rank; d-- > 0;) {
      offset += tensor.strides[d];
      if (++position[d] < tensor.sizes[d]) break;
      offset -= tensor.sizes[d] * tensor.strides[d];
      position[d] = 0;
    }
  }
}

}  // namespace

Index StoredTensor::numel() const {
  Index count = 1;
  for (const Index size : sizes) count *= size;
  return count;
}

Index StoredTensor::stored_elements() const {
  const Index count = numel();
  if (strides.empty() || count == 0) return count;
  Index span = 1;
  for (std::size_t d = 0; d < sizes.size(); ++d) span += (sizes[d] - 1) * strides[d];
  return std::min(count, span);
}

std::string StoredTensor::shape_text() const { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

void StoredTensor::check_file() const {
  if (map != nullptr) map->check();
}

void StoredTensor::read_bytes(Index first, Index count, std::byte* out) const {
  check_range(*this, first, count);
  copy_bytes(first, count, out);
  check_file();
}

void StoredTensor::read(Index first, Index count, float* out) const {
  check_range(*this, first, count);
  copy_floats(first, count, out);
  check_file();
}

void StoredTensor::copy_bytes(Index first, Index count, std::byte* out) const {
  if (count == 0) return;
  const std::size_t size = size_of(dtype);
  const std::size_t total = static_cast<std::size_t>(count) * size;
  if (strides.empty()) {
    std::memcpy(out, data + static_cast<std::size_t>(first) * size, total);
  } else {
    gather(*this, first, count, size, out);
  }
  if (big_endian && size > 1) {
    for (std::byte* element = out; element != out + total; element += size)
      std::reverse(element, element + size);
  }
}

void StoredTensor::copy_floats(Index first, Index count, float* out) const {
  const std::size_t size = size_of(dtype);
  if (strides.empty() && !big_endian) {
    floats_from(dtype, data + static_cast<std::size_t>(first) * size, static_cast<std::size_t>(count), out);
    return;
  }
  constexpr Index chunk = 512;
  std::array<std::byte, chunk * 8> buffer;
  for (Index done = 0; done < count; done += chunk) {
    const Index n = std::min(chunk, count - done);
    copy_bytes(first + done, n, buffer.data());
    floats_from(dtype, buffer.data(), static_cast<std::size_t>(n), out + done);
  }
}

void StoredTensor::read_all(float* out) const {
  constexpr Index chunk = Index{1} << 18;
  const Index count = numel();
  parallel_for((count + chunk - 1) / chunk, [&](Index piece) {
    copy_floats(piece * chunk, std::min(chunk, count - piece * chunk), out + piece * chunk);
  });
  check_file();
}

Tensor StoredTensor::to_tensor() const {
  return Tensor::from(to_floats(), Shape::of(sizes.data(), sizes.size()));
}

std::vector<float> StoredTensor::to_floats() const {
  std::vector<float> values(static_cast<std::size_t>(numel()));
  read_all(values.data());
  return values;
}

void StoredTensor::drop_pages() const {
  if (map == nullptr || !strides.empty()) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  // Whole pages only: the first and the last are shared with the neighbours.
  const auto begin = reinterpret_cast<std::uintptr_t>(data), end = begin + byte_size();
  const std::uintptr_t first = (begin + page - 1) / page * page, last = end / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

void mark_mapped(std::span<StoredTensor> tensors, const MappedFile& map) {
  const std::less<const std::byte*> before;
  const Bytes bytes = map.bytes();
  for (StoredTensor& tensor : tensors) {
    const bool within =
        !before(tensor.data, bytes.data()) && before(tensor.data, bytes.data() + bytes.size());
    if (within) tensor.map = &map;
  }
}

void StoredTensor::read_pieces(DType as,
                               const std::function<void(const std::byte*, std::size_t)>& sink) const {
  const Index count = numel(), chunk = std::min(count, Index{1} << 16);
  std::vector<std::byte> raw(static_cast<std::size_t>(chunk) * 8);
  std::vector<float> floats(as == dtype ? 0 : static_cast<std::size_t>(chunk));
  for (Index first = 0; first < count; first += chunk) {
    const Index n = std::min(chunk, count - first);
    if (as == dtype) {
      read_bytes(first, n, raw.data());
    } else {
      read(first, n, floats.data());
      floats_to(as, floats.data(), static_cast<std::size_t>(n), raw.data());
    }
    sink(raw.data(), static_cast<std::size_t>(n) * size_of(as));
  }
}

StoredTensor stored(std::string name, const Tensor& tensor) {
  static_assert(sizeof(real) == sizeof(float), "weight files are written by the float build");
  require_defined("stored", name.c_str(), tensor);
  const Shape& shape = tensor.shape();
  return {.name = std::move(name),
          .dtype = DType::f32,
          .sizes = {shape.begin(), shape.end()},
          .strides = {},
          .data = reinterpret_cast<const std::byte*>(tensor.data()),
          .big_endian = false,
          .owner = std::make_shared<Tensor>(tensor)};
}

const char* name_of(FileFormat format) {
  using enum FileFormat;
  constexpr auto names = named_values<FileFormat>("format", {{safetensors, "safetensors"},
                                                             {npy, "npy"},
                                                             {npz, "npz"},
                                                             {torch_zip, "torch (zip)"},
                                                             {torch_legacy, "torch (legacy)"},
                                                             {onnx, "onnx"},
                                                             {torch_script, "TorchScript"},
                                                             {pickle, "pickle"}});
  return names.name_of(format);
}

const StoredTensor* TensorFile::find(const std::string& name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

const StoredTensor& TensorFile::at(const std::string& name) const {
  if (const StoredTensor* tensor = find(name)) return *tensor;
  std::vector<std::string> names;
  for (const auto& tensor : tensors) names.push_back(tensor.name);
  fail("{}: no tensor '{}'{}", path, name, suggest(name, names));
}

void check_tensor_name(const std::string& file, std::string_view name) {
  if (name.size() > max_name_bytes) {
    fail("{}: a tensor name of {} bytes; at most {} are allowed", file, name.size(), max_name_bytes);
  }
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fail("{}: a tensor name holds the control character 0x{:02x}", file, static_cast<unsigned char>(c));
    }
  }
  if (!is_utf8(name)) fail("{}: a tensor name is not valid UTF-8", file);
}

std::size_t checked_byte_size(const std::string& file, const std::string& name, DType dtype,
                              const std::vector<Index>& sizes) {
  if (sizes.size() > max_file_rank) {
    fail("{}: tensor '{}' has {} dimensions; at most {} are allowed", file, name, sizes.size(),
         max_file_rank);
  }
  // The product of the sizes that are not zero must fit too: strides and partial products are computed from
  // it.
  Index product = static_cast<Index>(size_of(dtype));
  bool empty = false;
  for (const Index size : sizes) {
    if (size < 0) fail("{}: tensor '{}' has the negative size {}", file, name, size);
    empty = empty || size == 0;
    if (size > 0 && __builtin_mul_overflow(product, size, &product)) {
      fail("{}: tensor '{}' of shape [{}] and dtype {} has more bytes than 64 bits can count", file, name,
           fmt::join(sizes, ", "), name_of(dtype));
    }
  }
  return empty ? 0 : static_cast<std::size_t>(product);
}

void TensorList::add(StoredTensor tensor) {
  bytes_ +=
      sizeof tensor + tensor.name.size() + (tensor.sizes.size() + tensor.strides.size()) * sizeof(Index);
  if (file_.tensors.size() == max_tensors || bytes_ > max_record_bytes) {
    fail("{}: more than {} tensors, or names and shapes of more than {} bytes", file_.path, max_tensors,
         max_record_bytes);
  }
  tensor.sizes.shrink_to_fit();
  tensor.strides.shrink_to_fit();
  file_.tensors.push_back(std::move(tensor));
}

void TensorList::leave_out(std::string_view name, std::string what) {
  constexpr std::size_t kept = 100, longest = 200;
  ++file_.left_out_count;
  if (file_.left_out.size() < kept)
    file_.left_out.push_back({printable(name, longest), printable(what, longest)});
}

void check_unique_names(const TensorFile& file) {
  std::unordered_set<std::string_view> seen;
  for (const auto& tensor : file.tensors) {
    if (!seen.insert(tensor.name).second) fail("{}: two tensors are named '{}'", file.path, tensor.name);
  }
}

}  // namespace fanin::io
