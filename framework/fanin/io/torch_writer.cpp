// What torch.save writes of a state dict: a zip archive of one pickle and the tensors' storages.
#include <libdeflate.h>

#include <map>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/io/zip_writer.hpp>

namespace fanin::io {
namespace {

const char* storage_class(const std::string& path, const StoredTensor& tensor, DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "DoubleStorage";
    case DType::f32:
      return "FloatStorage";
    case DType::f16:
      return "HalfStorage";
    case DType::bf16:
      return "BFloat16Storage";
    case DType::i64:
      return "LongStorage";
    case DType::i32:
      return "IntStorage";
    case DType::i16:
      return "ShortStorage";
    case DType::i8:
      return "CharStorage";
    case DType::u8:
      return "ByteStorage";
    case DType::boolean:
      return "BoolStorage";
    case DType::u64:
    case DType::u32:
    case DType::u16:
      break;
  }
  fail("{}: PyTorch has no tensors of {}, as '{}' is; write safetensors or npz", path, name_of(dtype),
       tensor.name);
}

/// The opcodes of pickle's protocol 2 that a state dict needs.
class Pickler {
 public:
  Pickler() { text_ = "\x80\x02"; }
  Pickler& op(std::string_view code) {
    text_ += code;
    return *this;
  }
  Pickler& global(std::string_view module, std::string_view name) {
    text_ += fmt::format("c{}\n{}\n", module, name);
    return *this;
  }
  Pickler& string(std::string_view value) {
    text_ += 'X';
    little_endian(value.size(), 4);
    text_ += value;
    return *this;
  }
  Pickler& integer(Index value) {
    if (value <= INT32_MAX) {
      text_ += 'J';
      little_endian(static_cast<std::uint64_t>(value), 4);
    } else {
      text_ += "\x8a\x08";
      little_endian(static_cast<std::uint64_t>(value), 8);
    }
    return *this;
  }
  Pickler& tuple(std::span<const Index> values) {
    op("(");
    for (const Index value : values) integer(value);
    return op("t");
  }
  Pickler& empty_ordered_dict() { return global("collections", "OrderedDict").op(")R"); }
  const std::string& text() const { return text_; }

 private:
  void little_endian(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) text_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  std::string text_;
};

std::vector<Index> contiguous_strides(const std::vector<Index>& sizes) {
  std::vector<Index> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<Index>(sizes[i], 1);
  return strides;
}

/// The elements of one or, where they are tied, several tensors.
struct Storage {
  const StoredTensor* tensor;
  DType dtype;
};

}  // namespace

void write_torch(const std::string& path, std::span<const StoredTensor> tensors, std::optional<DType> dtype) {
  std::vector<Storage> storages;
  std::map<std::pair<const std::byte*, std::vector<Index>>, std::size_t> known;  // by place and sizes
  std::map<std::string_view, int> names;
  Pickler pickle;
  pickle.empty_ordered_dict().op("(");
  for (const StoredTensor& tensor : tensors) {
    check_tensor_name(path, tensor.name);
    if (names[tensor.name]++ > 0) fail("{}: cannot write two tensors named '{}'", path, tensor.name);
    const DType to = dtype && is_float(tensor.dtype) ? *dtype : tensor.dtype;
    std::size_t at = storages.size();
    if (tensor.numel() > 0 && tensor.strides.empty())
      at = known.try_emplace({tensor.data, tensor.sizes}, at).first->second;
    if (at == storages.size()) storages.push_back({&tensor, to});
    pickle.string(tensor.name).global("torch._utils", "_rebuild_tensor_v2").op("((");
    pickle.string("storage").global("torch", storage_class(path, tensor, to));
    pickle.string(std::to_string(at)).string("cpu").integer(tensor.numel()).op("tQ").integer(0);
    pickle.tuple(tensor.sizes)
        .tuple(contiguous_strides(tensor.sizes))
        .op("\x89")
        .empty_ordered_dict()
        .op("tR");
  }
  pickle.op("u.");
  write_atomically(path, [&](AtomicWriter& writer) {
    ZipWriter zip(writer);
    const auto add = [&](const std::string& name, std::string_view text) {
      zip.begin("archive/" + name, text.size(), libdeflate_crc32(0, text.data(), text.size()));
      zip.write(text.data(), text.size());
    };
    add("data.pkl", pickle.text());
    add("byteorder", "little");
    for (std::size_t i = 0; i < storages.size(); ++i) {
      const auto& [tensor, to] = storages[i];
      std::uint32_t crc = 0;
      tensor->read_pieces(
          to, [&](const std::byte* piece, std::size_t size) { crc = libdeflate_crc32(crc, piece, size); });
      zip.begin(fmt::format("archive/data/{}", i), static_cast<std::size_t>(tensor->numel()) * size_of(to),
                crc);
      tensor->read_pieces(to, [&](const std::byte* piece, std::size_t size) { zip.write(piece, size); });
    }
    add("version", "3\n");
    zip.finish();
  });
}

}  // namespace fanin::io
