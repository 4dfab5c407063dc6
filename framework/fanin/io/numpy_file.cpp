#include <libdeflate.h>

#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/io/npy_header.hpp>
#include <fanin/io/numpy_dtype.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/zip.hpp>
#include <fanin/io/zip_writer.hpp>

namespace fanin::io {
namespace {

DType written_as(const StoredTensor& tensor, std::optional<DType> dtype) {
  const DType wanted = dtype && is_float(tensor.dtype) ? *dtype : tensor.dtype;
  return wanted == DType::bf16 ? DType::f32 : wanted;
}

void check_dtype(const std::string& path, std::optional<DType> dtype) {
  if (dtype && *dtype != DType::f32 && *dtype != DType::f16 && *dtype != DType::bf16) {
    fail("{}: weights are written as F32 or F16 to NumPy's formats, not {}", path, name_of(*dtype));
  }
}

}  // namespace

StoredTensor parse_npy(Bytes bytes, const std::string& path, std::string name,
                       std::shared_ptr<const void> owner) {
  NpyHeader header = read_npy_header(bytes, path);
  StoredTensor tensor;
  tensor.name = std::move(name);
  const auto dtype = header.structured ? std::nullopt : numpy_dtype(header.descr, tensor.big_endian);
  if (!dtype) fail("{}: {}", path, why_not_readable(header));
  tensor.dtype = *dtype;
  tensor.sizes = std::move(header.sizes);
  const std::size_t needed = checked_byte_size(path, tensor.name, tensor.dtype, tensor.sizes);
  const std::size_t given = bytes.size() - header.bytes;
  if (needed != given) {
    fail("{}: an array of shape {} and dtype {} needs {} bytes, the file has {}; it is truncated or corrupt",
         path, tensor.shape_text(), name_of(tensor.dtype), needed, given);
  }
  if (header.fortran_order) tensor.strides = fortran_strides(tensor.sizes);
  tensor.data = bytes.data() + header.bytes;
  tensor.owner = std::move(owner);
  return tensor;
}

TensorFile parse_npz(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  ZipArchive archive(bytes, path);
  TensorFile file{.format = FileFormat::npz, .path = path, .tensors = {}, .metadata = {}};
  if (archive.entries().size() > max_tensors) fail("{}: more than {} arrays", path, max_tensors);
  TensorList list(file);
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.name.ends_with('/')) continue;  // a folder
    if (!entry.name.ends_with(".npy")) {
      list.leave_out(entry.name, "not a .npy file");
      continue;
    }
    const std::string_view name = entry.name.substr(0, entry.name.size() - 4);
    StoredTensor tensor;
    try {
      const auto contents = archive.read(entry);
      tensor = parse_npy(contents.bytes, path, std::string(name), contents.owner ? contents.owner : owner);
    } catch (const Error& error) {
      // less "path: ", with which both begin
      list.leave_out(name, std::string(error.what()).substr(path.size() + 2));
      continue;
    }
    list.add(std::move(tensor));
  }
  if (file.tensors.empty() && file.left_out_count > 0)
    fail("{}: none of its {} arrays can be read; '{}': {}", path, file.left_out_count, file.left_out[0].name,
         file.left_out[0].what);
  return file;
}

void write_npy(const std::string& path, const StoredTensor& tensor, std::optional<DType> dtype) {
  check_dtype(path, dtype);
  const DType to = written_as(tensor, dtype);
  write_atomically(path, [&](AtomicWriter& writer) {
    writer.write(npy_header(tensor, to));
    tensor.read_pieces(to, [&](const std::byte* piece, std::size_t size) { writer.write(piece, size); });
  });
}

void write_npz(const std::string& path, std::span<const StoredTensor> tensors, std::optional<DType> dtype) {
  check_dtype(path, dtype);
  std::vector<std::string_view> names;
  for (const auto& tensor : tensors) {
    check_tensor_name(path, tensor.name);
    names.push_back(tensor.name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail("{}: cannot write two arrays named '{}'", path, *twice);

  write_atomically(path, [&](AtomicWriter& writer) {
    ZipWriter zip(writer);
    for (const StoredTensor& tensor : tensors) {
      const DType to = written_as(tensor, dtype);
      const std::string header = npy_header(tensor, to);
      std::uint32_t crc = libdeflate_crc32(0, header.data(), header.size());
      tensor.read_pieces(
          to, [&](const std::byte* piece, std::size_t size) { crc = libdeflate_crc32(crc, piece, size); });
      zip.begin(tensor.name + ".npy", header.size() + static_cast<std::size_t>(tensor.numel()) * size_of(to),
                crc);
      zip.write(header.data(), header.size());
      tensor.read_pieces(to, [&](const std::byte* piece, std::size_t size) { zip.write(piece, size); });
    }
    zip.finish();
  });
}

}  // namespace fanin::io
