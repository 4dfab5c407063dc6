#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fanin/core/tensor.hpp>
#include <fanin/io/dtype.hpp>

namespace fanin::io {

class MappedFile;

/// A tensor in a file: what it is, and where its elements lie in the memory map (or in a buffer inflated from
/// one). Its shape may be one that `Shape` cannot hold; nothing is converted or copied until it is read.
struct StoredTensor {
  std::string name;                   ///< full, as the file has it
  DType dtype = DType::f32;           ///< of the elements in the file
  std::vector<Index> sizes;           ///< outermost first
  std::vector<Index> strides;         ///< in elements, one a dimension; empty when contiguous and row-major
  const std::byte* data = nullptr;    ///< the first element, not always aligned
  bool big_endian = false;            ///< of the elements in the file
  std::shared_ptr<const void> owner;  ///< keeps `data` alive
  /// Where `data` lies, if in a file's memory map: its pages can be read again.
  const MappedFile* map = nullptr;

  Index numel() const;  ///< elements
  /// Bytes of all elements, contiguous.
  std::size_t byte_size() const { return static_cast<std::size_t>(numel()) * size_of(dtype); }
  /// How many elements lie in the file: fewer than `numel` where a view shows some of them again and again.
  Index stored_elements() const;
  std::string shape_text() const;  ///< "[6, 1, 5, 5]"

  /// Elements [first, first + count), counted in row-major order, as floats; Error when past the end, and,
  /// for this and what follows, when the file was cut short or written to since it was opened.
  void read(Index first, Index count, float* out) const;
  /// The same elements as they are, but contiguous and little-endian: `count * size_of(dtype)` bytes.
  void read_bytes(Index first, Index count, std::byte* out) const;
  /// All elements as floats, on up to `thread_count()` threads; `out` holds `numel()`.
  void read_all(float* out) const;
  std::vector<float> to_floats() const;  ///< `read_all` into new memory
  /// The same as a tensor; Error also for more dimensions than `Shape` has.
  Tensor to_tensor() const;
  /// Gives the pages of a mapped tensor back to the system once it is read: loading then takes the memory of
  /// the result and of one tensor. The tensor can still be read.
  void drop_pages() const;
  /// All elements as bytes of another `dtype` (or the same: then unchanged), handed to `sink` a small piece
  /// at a time.
  void read_pieces(DType as, const std::function<void(const std::byte*, std::size_t)>& sink) const;

 private:
  void check_file() const;
  void copy_floats(Index first, Index count, float* out) const;
  void copy_bytes(Index first, Index count, std::byte* out) const;
};

/// Marks the tensors whose data lies in `map`.
void mark_mapped(std::span<StoredTensor> tensors, const MappedFile& map);

/// A view of a tensor in memory under a name, to be written; it shares the elements.
StoredTensor stored(std::string name, const Tensor& tensor);

/// The formats that weights are read from; three of them are written too (`write_tensor_file`).
enum class FileFormat { safetensors, npy, npz, torch_zip, torch_legacy, onnx, torch_script, pickle };
/// "safetensors", "npy", "npz", "torch (zip)", "torch (legacy)", "onnx", "TorchScript", "pickle".
const char* name_of(FileFormat format);

/// A dict of tensors inside a file: "state_dict", "ema.module"; the file's top level is "". With what lies
/// below it, its tensors stand side by side in the file's order.
struct StoredDict {
  std::string path;                  ///< keys joined by dots
  std::size_t first = 0, count = 0;  ///< among all tensors of the file
};

/// What a file holds that is not a tensor which can be read: "args", "an object of argparse.Namespace".
struct LeftOut {
  std::string name, what;  ///< both printable
};

/// What a weight file holds, in the file's order; names are unique.
struct TensorFile {
  FileFormat format = FileFormat::safetensors;  ///< that it was read from
  std::string path;                             ///< for messages
  std::vector<StoredTensor> tensors;            ///< views into the file
  std::map<std::string, std::string> metadata;  ///< texts by key
  /// Of the dict that `tensors` are, under which their names go on; "" for the whole file.
  std::string key{};
  /// Every named dict of tensors in the whole file, the outer before the inner.
  std::vector<StoredDict> dicts{};
  std::vector<LeftOut> left_out{};  ///< of the whole file, the first ones
  std::size_t left_out_count = 0;   ///< … and how many there are

  /// The tensor of that name; null when there is none.
  const StoredTensor* find(const std::string& name) const;
  /// Error with the nearest names when there is no such tensor.
  const StoredTensor& at(const std::string& name) const;
};

// For the parsers, which share these limits and checks. `file` is the path, for messages.

/// More tensors than any model has; with it, what a parser keeps about a file stays small whatever the file
/// says.
inline constexpr std::size_t max_tensors = 65'536;
inline constexpr std::size_t max_file_rank = 32;    ///< dimensions of a tensor
inline constexpr std::size_t max_name_bytes = 512;  ///< of a tensor's name
/// What reading a file may allocate beyond the file's own size: 64 MiB, of which what is inflated or decoded
/// may take these, and the tensors' own records (names and shapes) `max_record_bytes`.
inline constexpr std::size_t spare_bytes = std::size_t{32} << 20;
inline constexpr std::size_t max_record_bytes = std::size_t{16} << 20;  ///< see `spare_bytes`

/// Adds a tensor to a file's; Error where there are too many, or where their records grow past
/// `max_record_bytes`.
class TensorList {
 public:
  /// Adds to `file`, which must outlive it.
  explicit TensorList(TensorFile& file) : file_(file) {}
  void add(StoredTensor tensor);  ///< behind those there are
  /// Notes what cannot be read; the first ones are kept by name, the others counted.
  void leave_out(std::string_view name, std::string what);

 private:
  TensorFile& file_;
  std::size_t bytes_ = 0;
};

/// Error when the name is too long, is not UTF-8 or holds control characters, which would garble a report.
void check_tensor_name(const std::string& file, std::string_view name);
/// The element count and `numel * size_of(dtype)` of a tensor; Error when negative, past 64 bits or of too
/// many dimensions.
std::size_t checked_byte_size(const std::string& file, const std::string& name, DType dtype,
                              const std::vector<Index>& sizes);
/// Error when two tensors have the same name.
void check_unique_names(const TensorFile& file);

}  // namespace fanin::io
