#include <algorithm>
#include <charconv>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/onnx_tensor.hpp>

namespace fanin::io {
namespace {

using protobuf::Fields;
using protobuf::Wire;

// Field numbers of onnx.proto.
constexpr std::uint64_t tensor_dims = 1, tensor_type = 2, tensor_float = 4, tensor_int32 = 5,
                        tensor_string = 6, tensor_int64 = 7, tensor_name = 8, tensor_raw = 9,
                        tensor_double = 10, tensor_uint64 = 11, tensor_external = 13, tensor_location = 14;
constexpr std::uint64_t entry_key = 1, entry_value = 2;

/// TensorProto.DataType, and the field that holds such values when they are not raw.
struct Kind {
  std::uint64_t code;
  DType dtype;
  std::uint64_t typed;
};
constexpr Kind kinds[] = {
    {1, DType::f32, tensor_float},   {2, DType::u8, tensor_int32},      {3, DType::i8, tensor_int32},
    {4, DType::u16, tensor_int32},   {5, DType::i16, tensor_int32},     {6, DType::i32, tensor_int32},
    {7, DType::i64, tensor_int64},   {9, DType::boolean, tensor_int32}, {10, DType::f16, tensor_int32},
    {11, DType::f64, tensor_double}, {12, DType::u32, tensor_uint64},   {13, DType::u64, tensor_uint64},
    {16, DType::bf16, tensor_int32},
};

void read_sizes(Fields& field, const std::string& path, std::vector<Index>& sizes) {
  Fields packed(field.bytes);
  const auto add_size = [&](std::uint64_t size) {
    if (sizes.size() == max_file_rank)
      fail("{}: an ONNX tensor of more than {} dimensions", path, max_file_rank);
    sizes.push_back(static_cast<Index>(size));
  };
  if (field.wire == Wire::varint) return add_size(field.value);
  for (std::uint64_t size = 0; !packed.done(); add_size(size)) {
    if (!packed.varint(size)) fail("{}: an ONNX tensor with malformed dimensions", path);
  }
}

void read_external_entry(Bytes message, const std::string& path, OnnxTensor& parts) {
  std::string key, value;
  for (Fields field(message); !field.done();) {
    next_onnx_field(field, path);
    if (field.wire != Wire::bytes) continue;
    if (field.number == entry_key) key = onnx_text(field.bytes);
    if (field.number == entry_value) value = onnx_text(field.bytes);
  }
  if (key == "location") {
    parts.location = value;
  } else if (key == "offset" || key == "length") {
    auto& place = key == "offset" ? parts.offset : parts.length;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc{} || end != value.data() + value.size()) {
      fail("{}: an ONNX tensor's external {} is '{}', expected a number of bytes", path, key,
           printable(value, 40));
    }
    place = number;
  }
}

}  // namespace

void next_onnx_field(Fields& field, const std::string& path) {
  if (!field.next()) fail("{}: not a valid ONNX model; it is truncated or corrupt", path);
}

std::string onnx_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), max_name_bytes + 1)};
}

OnnxTensor read_onnx_tensor(Bytes message, const std::string& path) {
  OnnxTensor parts;
  std::optional<Bytes> data[16];
  for (Fields field(message); !field.done();) {
    next_onnx_field(field, path);
    if (field.number == tensor_dims) {
      read_sizes(field, path, parts.tensor.sizes);
    } else if (field.number == tensor_type && field.wire == Wire::varint) {
      parts.code = field.value;
    } else if (field.number == tensor_name && field.wire == Wire::bytes) {
      parts.tensor.name = onnx_text(field.bytes);
    } else if (field.number == tensor_location && field.wire == Wire::varint) {
      parts.external = parts.external || field.value != 0;
    } else if (field.number == tensor_external && field.wire == Wire::bytes) {
      parts.external = true;
      read_external_entry(field.bytes, path, parts);
    } else if (field.number < std::size(data) && field.number != tensor_string) {  // each string is a field
      auto& place = data[field.number];
      if (place || field.wire != Wire::bytes)
        fail("{}: an ONNX tensor whose data is in several pieces", path);
      place = field.bytes;
    }
  }
  for (const Kind& one : kinds) {
    if (one.code != parts.code) continue;
    const bool raw = data[tensor_raw].has_value();
    parts.dtype = one.dtype;
    parts.held = data[raw ? tensor_raw : one.typed].value_or(Bytes{});
    parts.varints = !raw && one.typed != tensor_float && one.typed != tensor_double;
  }
  return parts;
}

}  // namespace fanin::io
