#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/io/torch_view.hpp>

namespace fanin::io {
namespace {

void check_bounds(const std::string& path, const StoredTensor& tensor, Index offset, Index count,
                  Index storage) {
  Index last = offset;
  bool inside = offset >= 0 && offset <= storage;
  for (std::size_t d = 0; d < tensor.sizes.size(); ++d) {
    Index step = 0;
    inside = inside && tensor.strides[d] >= 0 &&
             !__builtin_mul_overflow(std::max<Index>(tensor.sizes[d] - 1, 0), tensor.strides[d], &step) &&
             !__builtin_add_overflow(last, step, &last);
  }
  if (!inside || (count > 0 && last >= storage)) {
    fail("{}: tensor '{}' of shape {}, strides [{}] and offset {} passes its storage of {} elements", path,
         tensor.name, tensor.shape_text(), fmt::join(tensor.strides, ", "), offset, storage);
  }
}

bool is_contiguous(const StoredTensor& tensor) {
  Index expected = 1;
  for (std::size_t d = tensor.sizes.size(); d-- > 0;) {
    if (tensor.sizes[d] == 0) return true;
    if (tensor.sizes[d] > 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.sizes[d];
  }
  return true;
}

}  // namespace

StoredTensor torch_view(const std::string& name, const PickleValue& value, const PickledFile& from,
                        const std::string& path) {
  check_tensor_name(path, name);
  const PickleValue& storage = *value.items[0];
  StoredTensor tensor;
  tensor.name = name;
  tensor.dtype = storage.dtype;
  tensor.big_endian = from.big_endian;
  const auto numbers = [](const PickleValue& tuple) {
    std::vector<Index> out;
    for (const PickleValue* item : tuple.items) out.push_back(item->integer);
    return out;
  };
  const auto &size_items = value.items[1]->items, &stride_items = value.items[2]->items;
  if (size_items.size() > max_file_rank || size_items.size() != stride_items.size()) {
    fail("{}: tensor '{}' has {} sizes and {} strides; expected as many of each, at most {}", path, name,
         size_items.size(), stride_items.size(), max_file_rank);
  }
  tensor.sizes = numbers(*value.items[1]);
  tensor.strides = numbers(*value.items[2]);
  const std::size_t bytes = checked_byte_size(path, name, tensor.dtype, tensor.sizes);
  const Index count = static_cast<Index>(bytes / size_of(tensor.dtype));
  check_bounds(path, tensor, value.integer, count, storage.integer);
  // Strides of 0 show one number many times; a file may not ask for more memory than it has bytes.
  if (bytes > from.bytes) {
    fail("{}: tensor '{}' of shape {} spreads a small storage over {} bytes, more than the file has", path,
         name, tensor.shape_text(), bytes);
  }
  if (is_contiguous(tensor)) tensor.strides.clear();
  return tensor;
}

}  // namespace fanin::io
