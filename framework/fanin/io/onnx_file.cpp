#include <algorithm>
#include <cstring>
#include <optional>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/onnx_file.hpp>
#include <fanin/io/onnx_tensor.hpp>
#include <fanin/io/protobuf.hpp>

namespace fanin::io {
namespace {

using protobuf::Fields;
using protobuf::Wire;

// Field numbers of onnx.proto.
constexpr std::uint64_t model_graph = 7;
constexpr std::uint64_t graph_node = 1, graph_initializer = 5, graph_sparse = 15, sparse_values = 1;
constexpr std::uint64_t node_output = 2, node_type = 4, node_attribute = 5;
constexpr std::uint64_t attribute_name = 1, attribute_float = 2, attribute_int = 3, attribute_tensor = 5,
                        attribute_floats = 7, attribute_ints = 8;

/// Names that exporters make up for the constants of their own operations: shapes, axes, epsilons.
bool made_up(std::string_view name) {
  return name.find("Constant") != std::string_view::npos || name.starts_with("onnx::") ||
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Reader {
 public:
  Reader(TensorFile& file, std::size_t file_bytes, std::shared_ptr<const void> owner, const OpenBeside& open)
      : path_(file.path),
        budget_(file_bytes + spare_bytes),
        owner_(std::move(owner)),
        open_(open),
        list_(file) {}

  void graph(Bytes message) {
    for (Fields field(message); !field.done();) {
      next_onnx_field(field, path_);
      if (field.wire != Wire::bytes) continue;
      if (field.number == graph_initializer) {
        tensor(field.bytes, "");
      } else if (field.number == graph_sparse) {
        sparse(field.bytes);
      } else if (field.number == graph_node) {
        node(field.bytes);
      }
    }
  }

 private:
  /// `constant` names a Constant node's value, which has no name of its own.
  void tensor(Bytes message, const std::string& constant) {
    OnnxTensor parts = read_onnx_tensor(message, path_);
    StoredTensor& out = parts.tensor;
    if (!constant.empty()) out.name = constant;
    check_tensor_name(path_, out.name);
    if (out.name.empty()) fail("{}: an ONNX initializer without a name", path_);
    if (!parts.dtype) {
      return list_.leave_out(out.name,
                             fmt::format("numbers of the ONNX data type {}, which is not supported (floats, "
                                         "integers and bool are)",
                                         parts.code));
    }
    out.dtype = *parts.dtype;
    out.owner = owner_;
    const std::size_t bytes = checked_byte_size(path_, out.name, out.dtype, out.sizes);
    const Bytes held = parts.held;
    out.data = held.data();
    if (parts.external) {
      read_external(parts, bytes);
    } else if (!parts.varints) {
      if (held.size() != bytes) {
        fail("{}: tensor '{}' of shape {} and dtype {} needs {} bytes, the file has {}", path_, out.name,
             out.shape_text(), name_of(out.dtype), bytes, held.size());
      }
    } else {
      decode(out, held, bytes / size_of(out.dtype));
    }
    add(std::move(out), !constant.empty());
  }

  void add(StoredTensor out, bool constant) {
    if (constant && made_up(out.name) && (!is_float(out.dtype) || out.numel() <= 1))
      return list_.leave_out(out.name, fmt::format("a constant of the exporter's own, {} {}",
                                                   name_of(out.dtype), out.shape_text()));
    list_.add(std::move(out));
  }

  void read_external(OnnxTensor& parts, std::size_t bytes) {
    StoredTensor& out = parts.tensor;
    if (!open_) {
      fail("{}: tensor '{}' keeps its values in another file (external_data), which is not at hand", path_,
           out.name);
    }
    auto place = opened_.find(parts.location);
    if (place == opened_.end()) {
      constexpr std::size_t most = 1024;
      if (opened_.size() == most) fail("{}: more than {} files of external data", path_, most);
      place = opened_.emplace(parts.location, open_(parts.location)).first;
    }
    const Bytes data = place->second->bytes();
    const std::uint64_t offset = parts.offset.value_or(0);
    const std::uint64_t length = parts.length.value_or(bytes);
    if (length != bytes) {
      fail("{}: tensor '{}' of shape {} and dtype {} needs {} bytes, its external length is {}", path_,
           out.name, out.shape_text(), name_of(out.dtype), bytes, length);
    }
    if (offset > data.size() || length > data.size() - offset) {
      fail(
          "{}: tensor '{}' is bytes {} and {} more of '{}', which has {}; it is truncated or another model's",
          path_, out.name, offset, length, printable(parts.location), data.size());
    }
    out.data = data.data() + offset;
    out.owner = place->second;
    mark_mapped({&out, 1}, *place->second);
  }

  void sparse(Bytes message) {
    std::string name;
    for (Fields field(message); !field.done();) {
      next_onnx_field(field, path_);
      if (field.number == sparse_values && field.wire == Wire::bytes)
        name = read_onnx_tensor(field.bytes, path_).tensor.name;
    }
    list_.leave_out(name, "a sparse tensor, which is not supported");
  }

  void node(Bytes message) {
    std::string output;
    bool constant = false;
    std::optional<Bytes> attribute;
    for (Fields field(message); !field.done();) {
      next_onnx_field(field, path_);
      if (field.wire != Wire::bytes) continue;
      if (field.number == node_output && output.empty()) output = onnx_text(field.bytes);
      if (field.number == node_type) constant = onnx_text(field.bytes) == "Constant";
      if (field.number == node_attribute) attribute = field.bytes;
    }
    if (constant && attribute && !output.empty()) value_of(output, *attribute);
  }

  /// A Constant has one attribute, whose name tells its form.
  void value_of(const std::string& name, Bytes message) {
    check_tensor_name(path_, name);
    std::string form;
    Bytes tensor_bytes;
    // Twice over: how much memory the numbers take is known before any is taken, as an integer's byte becomes
    // eight.
    std::size_t bytes = 0;
    for (Fields field(message); !field.done();) {
      next_onnx_field(field, path_);
      if (field.number == attribute_name && field.wire == Wire::bytes) form = onnx_text(field.bytes);
      if (field.number == attribute_tensor && field.wire == Wire::bytes) tensor_bytes = field.bytes;
      constant_numbers(field, [&](const void*, std::size_t size) { bytes += size; });
    }
    if (form == "value") return tensor(tensor_bytes, name);
    const bool many = form == "value_floats" || form == "value_ints";
    const bool whole = form == "value_int" || form == "value_ints";
    if (!many && !whole && form != "value_float")
      return list_.leave_out(
          name, fmt::format("a constant in the form '{}', which is not supported", printable(form, 40)));
    StoredTensor out;
    out.name = name;
    out.dtype = whole ? DType::i64 : DType::f32;
    const std::size_t count = bytes / size_of(out.dtype);
    if (!many && count > 1) fail("{}: the constant '{}' is one number, and has {}", path_, name, count);
    if (many) out.sizes = {static_cast<Index>(count)};
    take(bytes, name);
    const auto values = std::make_shared<std::string>();  // little-endian
    values->reserve(bytes);
    for (Fields field(message); !field.done();) {
      next_onnx_field(field, path_);
      constant_numbers(field, [&](const void* from, std::size_t size) {
        values->append(static_cast<const char*>(from), size);
      });
    }
    if (!many && count == 0) values->assign(size_of(out.dtype), '\0');  // protobuf leaves out zeros
    out.data = reinterpret_cast<const std::byte*>(values->data());
    out.owner = values;
    add(std::move(out), true);
  }

  /// Hands over the numbers that a field of a Constant's attribute holds.
  template <class Put>
  void constant_numbers(const Fields& field, const Put& put) const {
    if ((field.number == attribute_float || field.number == attribute_floats) &&
        (field.wire == Wire::fixed32 ||
         (field.wire == Wire::bytes && field.bytes.size() % sizeof(float) == 0))) {
      put(field.bytes.data(), field.bytes.size());
    }
    if (field.number == attribute_int || field.number == attribute_ints) {
      Fields packed(field.bytes);
      if (field.wire == Wire::varint) put(&field.value, sizeof field.value);
      for (std::uint64_t value = 0; field.wire == Wire::bytes && !packed.done(); put(&value, sizeof value)) {
        if (!packed.varint(value)) fail("{}: an ONNX constant with malformed integers", path_);
      }
    }
  }

  void take(std::size_t bytes, const std::string& name) {
    if (bytes > budget_)
      fail("{}: tensor '{}' takes {} bytes, more than is allowed for a file of this size", path_, name,
           bytes);
    budget_ -= bytes;
  }

  /// Varints, each a value in as few bytes as it needs, as `count` numbers of the tensor's own width.
  void decode(StoredTensor& out, Bytes varints, std::size_t count) {
    const std::size_t width = size_of(out.dtype);
    // A value takes a byte at least: a shape that no data stands behind is found out before memory is taken
    // for it.
    if (count > varints.size()) {
      fail("{}: tensor '{}' of shape {} has {} bytes for its {} values", path_, out.name, out.shape_text(),
           varints.size(), count);
    }
    take(count * width, out.name);
    const auto values = std::make_shared<std::vector<std::byte>>(count * width);
    Fields field(varints);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t value = 0;
      if (!field.varint(value))
        fail("{}: tensor '{}' has fewer values than its shape {}", path_, out.name, out.shape_text());
      std::memcpy(values->data() + i * width, &value, width);
    }
    if (!field.done())
      fail("{}: tensor '{}' has more values than its shape {}", path_, out.name, out.shape_text());
    out.data = values->data();
    out.owner = values;
  }

  const std::string& path_;
  std::size_t budget_;
  std::shared_ptr<const void> owner_;
  const OpenBeside& open_;
  std::map<std::string, std::shared_ptr<const MappedFile>> opened_;
  TensorList list_;
};

}  // namespace

bool looks_like_onnx(Bytes bytes) {
  bool graph = false;
  for (Fields field(bytes); !field.done();) {
    if (!field.next() || (field.number > 8 && field.number != 14 && field.number != 20 &&
                          field.number != 25 && field.number != 26))
      return false;
    graph = graph || (field.number == model_graph && field.wire == Wire::bytes);
  }
  return graph;
}

TensorFile parse_onnx(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                      const OpenBeside& open) {
  TensorFile file{.format = FileFormat::onnx, .path = path, .tensors = {}, .metadata = {}};
  Reader reader(file, bytes.size(), std::move(owner), open);
  for (Fields model(bytes); !model.done();) {
    next_onnx_field(model, path);
    if (model.number == model_graph && model.wire == Wire::bytes) reader.graph(model.bytes);
  }
  if (file.tensors.empty()) {
    fail("{}: an ONNX model without initializers{}", path,
         file.left_out.empty()
             ? ""
             : fmt::format(" that can be read; '{}' is {}", file.left_out[0].name, file.left_out[0].what));
  }
  check_unique_names(file);
  return file;
}

}  // namespace fanin::io
