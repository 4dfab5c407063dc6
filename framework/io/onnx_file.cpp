#include "framework/io/onnx_file.hpp"

#include <cstring>
#include <optional>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

enum class Wire : std::uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A message in protobuf's wire format (https://protobuf.dev/programming-guides/encoding), field by field.
class Fields {
 public:
  explicit Fields(Bytes message) : message_(message) {}

  std::uint64_t number = 0;  ///< of the field that `next` found
  Wire wire = Wire::varint;
  std::uint64_t value = 0;  ///< of a varint
  Bytes bytes{};            ///< of any other

  bool done() const { return at_ == message_.size(); }
  /// Goes to the next field; false where the message is malformed.
  bool next() {
    std::uint64_t tag = 0;
    if (!varint(tag)) return false;
    number = tag >> 3;
    wire = static_cast<Wire>(tag & 7);
    std::uint64_t size = 0;
    switch (wire) {
      case Wire::varint:
        return number > 0 && varint(value);
      case Wire::fixed64:
        size = 8;
        break;
      case Wire::fixed32:
        size = 4;
        break;
      case Wire::bytes:
        if (!varint(size)) return false;
        break;
      default:
        return false;  // groups, which ONNX never had
    }
    if (number == 0 || size > message_.size() - at_) return false;
    bytes = message_.subspan(at_, size);
    at_ += size;
    return true;
  }
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && at_ < message_.size(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(message_[at_++]);
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 63 || byte <= 1;
    }
    return false;
  }

 private:
  Bytes message_;
  std::size_t at_ = 0;
};

// Field numbers of onnx.proto.
constexpr std::uint64_t model_graph = 7, graph_initializer = 5, graph_sparse = 15, tensor_dims = 1, tensor_type = 2,
                        tensor_float = 4, tensor_int32 = 5, tensor_int64 = 7, tensor_name = 8, tensor_raw = 9,
                        tensor_double = 10, tensor_uint64 = 11, tensor_external = 13, tensor_location = 14;

/// TensorProto.DataType, and the field that holds such values when they are not raw.
struct Kind {
  std::uint64_t code;
  DType dtype;
  std::uint64_t typed;
};
constexpr Kind kinds[] = {
    {1, DType::f32, tensor_float},   {2, DType::u8, tensor_int32},    {3, DType::i8, tensor_int32},
    {4, DType::u16, tensor_int32},   {5, DType::i16, tensor_int32},   {6, DType::i32, tensor_int32},
    {7, DType::i64, tensor_int64},   {9, DType::boolean, tensor_int32}, {10, DType::f16, tensor_int32},
    {11, DType::f64, tensor_double}, {12, DType::u32, tensor_uint64}, {13, DType::u64, tensor_uint64},
    {16, DType::bf16, tensor_int32},
};

class Reader {
 public:
  Reader(const std::string& path, std::size_t file_bytes, std::shared_ptr<const void> owner)
      : path_(path), budget_(file_bytes + spare_bytes), owner_(std::move(owner)) {}

  StoredTensor tensor(Bytes message) {
    StoredTensor out;
    std::optional<Bytes> data[16];
    std::uint64_t code = 0;
    bool external = false;
    for (Fields field(message); !field.done();) {
      step(field);
      if (field.number == tensor_dims) {
        read_sizes(field, out.sizes);
      } else if (field.number == tensor_type && field.wire == Wire::varint) {
        code = field.value;
      } else if (field.number == tensor_name && field.wire == Wire::bytes) {
        out.name.assign(reinterpret_cast<const char*>(field.bytes.data()), std::min(field.bytes.size(), max_name_bytes + 1));
      } else if (field.number == tensor_external || (field.number == tensor_location && field.value != 0)) {
        external = true;
      } else if (field.number < std::size(data)) {
        auto& place = data[field.number];
        if (place || field.wire != Wire::bytes) fail("{}: an ONNX tensor whose data is in several pieces", path_);
        place = field.bytes;
      }
    }
    check_tensor_name(path_, out.name);
    if (out.name.empty()) fail("{}: an ONNX initializer without a name", path_);
    if (external) {
      fail("{}: tensor '{}' keeps its values in another file (external_data); save the ONNX model as one file", path_,
           out.name);
    }
    const Kind* kind = nullptr;
    for (const Kind& one : kinds) kind = one.code == code ? &one : kind;
    if (kind == nullptr) {
      fail("{}: tensor '{}' has the ONNX data type {}, which is not supported (floats, integers and bool are)", path_,
           out.name, code);
    }
    out.dtype = kind->dtype;
    out.owner = owner_;
    const std::size_t bytes = checked_byte_size(path_, out.name, out.dtype, out.sizes);
    const bool raw = data[tensor_raw].has_value();
    const Bytes held = data[raw ? tensor_raw : kind->typed].value_or(Bytes{});
    out.data = held.data();
    if (raw || kind->typed == tensor_float || kind->typed == tensor_double) {
      if (held.size() != bytes) {
        fail("{}: tensor '{}' of shape {} and dtype {} needs {} bytes, the file has {}", path_, out.name, out.shape_text(),
             name_of(out.dtype), bytes, held.size());
      }
    } else {
      decode(out, held, bytes / size_of(out.dtype));
    }
    return out;
  }

  void step(Fields& field) const {
    if (!field.next()) fail("{}: not a valid ONNX model; it is truncated or corrupt", path_);
  }

 private:
  void read_sizes(Fields& field, std::vector<Index>& sizes) const {
    Fields packed(field.bytes);
    const auto add = [&](std::uint64_t size) {
      if (sizes.size() == max_file_rank) fail("{}: an ONNX tensor of more than {} dimensions", path_, max_file_rank);
      sizes.push_back(static_cast<Index>(size));
    };
    if (field.wire == Wire::varint) return add(field.value);
    for (std::uint64_t size = 0; !packed.done(); add(size)) {
      if (!packed.varint(size)) fail("{}: an ONNX tensor with malformed dimensions", path_);
    }
  }

  /// Varints, each a value in as few bytes as it needs, as `count` numbers of the tensor's own width.
  void decode(StoredTensor& out, Bytes varints, std::size_t count) {
    const std::size_t width = size_of(out.dtype);
    // A value takes a byte at least: a shape that no data stands behind is found out before memory is taken for it.
    if (count > varints.size()) {
      fail("{}: tensor '{}' of shape {} has {} bytes for its {} values", path_, out.name, out.shape_text(), varints.size(),
           count);
    }
    if (count * width > budget_) {
      fail("{}: tensor '{}' takes {} bytes, more than is allowed for a file of this size", path_, out.name, count * width);
    }
    budget_ -= count * width;
    const auto values = std::make_shared<std::vector<std::byte>>(count * width);
    Fields field(varints);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t value = 0;
      if (!field.varint(value)) fail("{}: tensor '{}' has fewer values than its shape {}", path_, out.name, out.shape_text());
      std::memcpy(values->data() + i * width, &value, width);
    }
    if (!field.done()) fail("{}: tensor '{}' has more values than its shape {}", path_, out.name, out.shape_text());
    out.data = values->data();
    out.owner = values;
  }

  const std::string& path_;
  std::size_t budget_;
  std::shared_ptr<const void> owner_;
};

}  // namespace

bool looks_like_onnx(Bytes bytes) {
  bool graph = false;
  for (Fields field(bytes); !field.done();) {
    if (!field.next() || (field.number > 8 && field.number != 14 && field.number != 20 && field.number != 25)) return false;
    graph = graph || (field.number == model_graph && field.wire == Wire::bytes);
  }
  return graph;
}

TensorFile parse_onnx(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  TensorFile file{.format = FileFormat::onnx, .path = path, .tensors = {}, .metadata = {}};
  Reader reader(path, bytes.size(), std::move(owner));
  for (Fields model(bytes); !model.done();) {
    reader.step(model);
    if (model.number != model_graph || model.wire != Wire::bytes) continue;
    for (Fields graph(model.bytes); !graph.done();) {
      reader.step(graph);
      if (graph.number == graph_sparse) fail("{}: sparse ONNX initializers are not supported", path);
      if (graph.number != graph_initializer || graph.wire != Wire::bytes) continue;
      if (file.tensors.size() == max_tensors) fail("{}: more than {} tensors", path, max_tensors);
      file.tensors.push_back(reader.tensor(graph.bytes));
    }
  }
  if (file.tensors.empty()) fail("{}: an ONNX model without initializers", path);
  check_unique_names(file);
  return file;
}

}  // namespace fanin
